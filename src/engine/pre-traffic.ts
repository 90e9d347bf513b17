import type { Clock } from '../clock.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { Route, Traffic } from '../ports.ts';
import type { Tags } from '../rollout/ledger.ts';
import { describeRoute, type Routes } from './routes.ts';

/** Requests that try the canary before the first user reaches it. */
export interface PreTrafficTest {
  readonly url: string;
  /** The header that leads a request to the canary, and the value that only this rollout knows. */
  readonly header: { readonly name: string; readonly value: string };
  /** Answers the HTTP status of a GET, or throws when there is no answer. */
  readonly get: (url: string, headers: Readonly<Record<string, string>>) => Promise<number>;
}

const ATTEMPTS = 10;
const EVERY_MS = 6_000;
/** One good answer may be luck. */
const IN_A_ROW = 3;

/**
 * The priority of a rule that comes before every route of the service on its listener.
 *
 * @throws ConfigError when there is no number free
 */
export function priorityBefore(routes: readonly Route[], all: readonly Route[], listenerArn: string): number {
  const taken = new Set(
    all.filter((rule) => rule.listenerArn === listenerArn).flatMap(({ priority }) => priority ?? []),
  );
  const own = routes.filter((rule) => rule.listenerArn === listenerArn);
  const first = Math.min(50_001, ...own.flatMap(({ priority }) => priority ?? []));
  for (let priority = 1; priority < first; priority++) if (!taken.has(priority)) return priority;
  throw new ConfigError({
    input: 'pre-traffic-url',
    message: `no priority is free before the ${own[0] ? describeRoute(own[0]) : 'rules of the service'} for the rule that leads test requests to the canary; move that rule to a higher number`,
  });
}

/**
 * Makes a rule that leads requests with the test's header to the canary, asks until three answers in a row are good,
 * and removes the rule.
 *
 * @throws DeployError when the canary does not answer well within a minute
 */
export async function runPreTrafficTest(
  test: PreTrafficTest,
  { traffic, clock, routes, tags }: { traffic: Traffic; clock: Clock; routes: Routes; tags: Tags },
): Promise<void> {
  const { name, value } = test.header;
  const there = new Set(routes.canaryOnly.map(({ listenerArn }) => listenerArn));
  const byListener = new Map(routes.current.map((route) => [route.listenerArn, route]));
  await Promise.all(
    [...byListener].map(async ([listenerArn, route]) => {
      const targetGroupArn = routes.canaryGroupFor(route);
      if (targetGroupArn === undefined || there.has(listenerArn)) return;
      const priority = priorityBefore(routes.current, routes.all, listenerArn);
      await traffic.createHeaderRule({ listenerArn, header: name, value, targetGroupArn, priority, tags });
    }),
  );
  const answers: string[] = [];
  let good = 0;
  for (let attempt = 0; attempt < ATTEMPTS && good < IN_A_ROW; attempt++) {
    if (attempt > 0) await clock.sleep(EVERY_MS);
    const answer = await test.get(test.url, { [name]: value }).catch((error: unknown) => error);
    const ok = typeof answer === 'number' && answer >= 200 && answer < 300;
    good = ok ? good + 1 : 0;
    answers.push(answer instanceof Error ? answer.message : String(answer));
  }
  await routes.refresh();
  await Promise.all(routes.canaryOnly.map(({ ruleArn }) => traffic.deleteRule(ruleArn)));
  if (good < IN_A_ROW) {
    throw new DeployError(
      `the canary did not pass its test before the first user: GET ${test.url} answered ${answers.join(', ')}`,
    );
  }
}
