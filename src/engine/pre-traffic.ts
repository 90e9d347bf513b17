import type { Clock } from '../clock.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { Traffic } from '../ports.ts';
import type { Tags } from '../rollout/ledger.ts';
import { describeRoute, type Routes } from './routes.ts';
import type { Pair } from './site.ts';

/** Requests that try the canary before the first user reaches it. */
export interface PreTrafficTest {
  readonly url: string;
  /** The header that leads a request to the canary, and the value that only this rollout knows. */
  readonly header: { readonly name: string; readonly value: string };
  /** Answers the HTTP status of a GET, or throws when there is no answer. */
  readonly get: (url: string, headers: Readonly<Record<string, string>>) => Promise<number>;
  /** Ends the test, which then has neither passed nor failed. */
  readonly signal?: AbortSignal;
}

const ATTEMPTS = 10;
/** Before the first request, too: until the load balancer knows the rule, it answers from the service itself. */
const EVERY_MS = 6_000;
/** One good answer may be luck. */
const IN_A_ROW = 3;
/** How often a priority may be taken by somebody who was quicker. */
const PRIORITY_ATTEMPTS = 5;
/** A rule shows up in reads after a while. */
const SHOWS_UP_MS = 2_000;

/** A rule that leads test requests to the canary of one pair. */
interface TestRule {
  readonly listenerArn: string;
  readonly pair: Pair;
  /** Another one for each pair on a listener, or the first rule would get the requests for all. */
  readonly value: string;
  readonly priority: number;
}

/**
 * The rules for a test: one for each canary and listener, before every route of the service there.
 *
 * @param taken priorities that turned out to be taken, as `LISTENER PRIORITY`
 * @throws ConfigError when there is no number free
 */
export function planTestRules(
  routes: Routes,
  value: string,
  taken: ReadonlySet<string> = new Set(),
): readonly TestRule[] {
  const rules: TestRule[] = [];
  for (const route of routes.current) {
    const { listenerArn } = route;
    const pair = routes.pairFor(route);
    const onListener = rules.filter((rule) => rule.listenerArn === listenerArn);
    if (!pair || onListener.some((rule) => rule.pair === pair)) continue;
    const inUse = new Set([
      ...routes.all.flatMap((rule) => (rule.listenerArn === listenerArn ? (rule.priority ?? []) : [])),
      ...onListener.map(({ priority }) => priority),
    ]);
    const own = routes.current.filter((rule) => rule.listenerArn === listenerArn);
    const first = Math.min(50_001, ...own.flatMap(({ priority }) => priority ?? []));
    let priority = 1;
    while (priority < first && (inUse.has(priority) || taken.has(`${listenerArn} ${priority}`))) priority++;
    if (priority >= first) {
      throw new ConfigError({
        input: 'pre-traffic-url',
        message: `no priority is free before the ${describeRoute(own[0] ?? route)} for the rule that leads test requests to the canary; move that rule to a higher number`,
      });
    }
    const suffix = onListener.length === 0 ? '' : `-${onListener.length + 1}`;
    rules.push({ listenerArn, pair, value: `${value}${suffix}`, priority });
  }
  return rules;
}

/**
 * Makes rules that lead requests with the test's header to the canaries, asks each until three answers in a row are
 * good, and removes the rules. Ends early, leaving the rules to whoever takes the traffic back, when its signal aborts.
 *
 * @throws DeployError when a canary does not answer well within a minute
 */
export async function runPreTrafficTest(
  test: PreTrafficTest,
  { traffic, clock, routes, tags }: { traffic: Traffic; clock: Clock; routes: Routes; tags: Tags },
): Promise<void> {
  const values = await makeRules(test, traffic, clock, routes, tags);
  const answers: string[] = [];
  let good = 0;
  for (let attempt = 0; attempt < ATTEMPTS && good < IN_A_ROW; attempt++) {
    await clock.sleep(EVERY_MS, test.signal);
    const answered = await Promise.all(values.map((value) => ask(test, value)));
    if (test.signal?.aborted) throw new Error('the test before the first user was interrupted');
    good = answered.every(isGood) ? good + 1 : 0;
    answers.push(...answered.map(String));
  }
  await routes.refresh();
  await Promise.all(routes.canaryOnly.map(({ ruleArn }) => traffic.deleteRule(ruleArn)));
  if (good < IN_A_ROW) {
    throw new DeployError(
      `the canary did not pass its test before the first user: GET ${test.url} answered ${answers.join(', ')}`,
    );
  }
}

/** @returns the header values that lead to a canary */
async function makeRules(
  { header: { name, value }, signal }: PreTrafficTest,
  traffic: Traffic,
  clock: Clock,
  routes: Routes,
  tags: Tags,
): Promise<readonly string[]> {
  const taken = new Set<string>();
  for (let attempt = 1; ; attempt++) {
    const wanted = planTestRules(routes, value, taken);
    const missing = wanted.filter((rule) => !isThere(rule, name, routes));
    const made = await Promise.all(
      missing.map(({ listenerArn, pair, value: own, priority }) =>
        pair.canary
          ? traffic.createHeaderRule({
              listenerArn,
              header: name,
              value: own,
              targetGroupArn: pair.canary.arn,
              priority,
              tags,
            })
          : 'made',
      ),
    );
    const refused = missing.filter((_, index) => made[index] === 'taken');
    if (refused.length === 0) return [...new Set(wanted.map((rule) => rule.value))];
    if (attempt === PRIORITY_ATTEMPTS) {
      const numbers = refused.map(({ priority }) => priority).join(', ');
      throw new DeployError(`every priority that was free is taken by now, ${numbers} the last`);
    }
    for (const { listenerArn, priority } of refused) taken.add(`${listenerArn} ${priority}`);
    // The rule may be ours: AWS makes it once, and answers a call whose first answer was lost with a refusal.
    await clock.sleep(SHOWS_UP_MS, signal);
    await routes.refresh();
  }
}

const isThere = ({ listenerArn, pair, value }: TestRule, header: string, routes: Routes): boolean =>
  routes.canaryOnly.some(
    (route) =>
      route.listenerArn === listenerArn &&
      route.groups.every(({ arn }) => arn === pair.canary?.arn) &&
      route.header?.name.toLowerCase() === header.toLowerCase() &&
      route.header.values.includes(value),
  );

const ask = ({ get, url, header }: PreTrafficTest, value: string): Promise<number | string> =>
  get(url, { [header.name]: value }).catch((error: unknown) => withCauses(error));

const isGood = (answer: number | string): boolean =>
  typeof answer === 'number' && answer >= 200 && answer < 300;

/** `fetch failed` alone says nothing: what lies beneath it does. */
function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  const own = error.message || (typeof code === 'string' ? code : error.name);
  return error.cause === undefined ? own : `${own}: ${withCauses(error.cause)}`;
}
