import type { Clock } from '../../clock.ts';
import { formatDuration } from '../../rollout/duration.ts';
import { type Captured, capture } from '../../smoke-test/capture.ts';
import {
  type HttpAnswer,
  type HttpClient,
  type HttpFailure,
  type HttpRequest,
  isAnswer,
} from '../../smoke-test/exchange.ts';
import type { Finding } from '../../smoke-test/finding.ts';
import { judge } from '../../smoke-test/judge.ts';
import { requirements } from '../../smoke-test/order.ts';
import { prepare } from '../../smoke-test/prepare.ts';
import { nextHop } from '../../smoke-test/redirect.ts';
import type { SmokeRequest } from '../../smoke-test/request.ts';
import type { Result } from '../../smoke-test/result.ts';
import { reasonNotToRetry } from '../../smoke-test/retry.ts';
import type { SafeWords } from '../../smoke-test/safe-words.ts';
import { secretPart } from '../../smoke-test/secrets.ts';
import type { Inputs } from './inputs.ts';
import { Lanes } from './lanes.ts';

/** More at once would be a load test. */
const MOST_AT_ONCE = 50;

export interface Tools {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly cancelled: AbortSignal;
  readonly words: SafeWords;
  /** Registers a value that the log must never show. */
  readonly mask: (secret: string) => void;
  readonly say: (line: string) => void;
  /** When the time for all of it is up, in ms of the clock. */
  readonly deadline: number;
}

/**
 * Makes all requests: each as soon as those that it needs have passed, again until it is answered as expected or may not
 * be made again. When one has failed for good, the end is known, and the others are not made again.
 *
 * @returns a result for each request, in their order
 * @throws Error named AbortError when the run was cancelled
 */
export async function carryOut(inputs: Inputs, tools: Tools): Promise<readonly Result[]> {
  const needs = requirements(inputs.requests);
  const decided = new AbortController();
  const run = new Run(inputs, tools, decided);
  const results = new Map<string, Promise<Result>>();
  const resultOf = (request: SmokeRequest): Promise<Result> => {
    const begun = results.get(request.name);
    if (begun) return begun;
    const result = (async (): Promise<Result> => {
      const needed = inputs.requests.filter(({ name }) => needs.get(request.name)?.has(name));
      const before = await Promise.all(needed.map(resultOf));
      const missing = before.find(({ outcome }) => outcome !== 'passed');
      if (!missing) {
        return run.insist(request).catch((error: unknown) => {
          decided.abort();
          throw error;
        });
      }
      const why = `it needs "${missing.request.name}", which ${missing.outcome === 'skipped' ? 'was not made either' : 'failed'}`;
      return { request, attempts: 0, outcome: 'skipped', why };
    })();
    results.set(request.name, result);
    return result;
  };
  const all = inputs.requests.map(resultOf);
  const ends = await Promise.allSettled(all);
  tools.cancelled.throwIfAborted();
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}

/** How one attempt ended. */
interface Attempt {
  /** Where redirects led in the end. */
  readonly end: HttpAnswer | HttpFailure;
  /** A server has got the request, and redirected it. */
  readonly redirected: boolean;
  readonly refusal: string | undefined;
}

class Run {
  readonly #inputs: Inputs;
  readonly #tools: Tools;
  readonly #decided: AbortController;
  readonly #lanes = new Lanes(MOST_AT_ONCE);
  readonly #values: Map<string, string | number | bigint | boolean>;

  constructor(inputs: Inputs, tools: Tools, decided: AbortController) {
    this.#inputs = inputs;
    this.#tools = tools;
    this.#decided = decided;
    this.#values = new Map(inputs.environment);
  }

  /** Makes a request until it passes, or no other try can or may help. */
  async insist(request: SmokeRequest): Promise<Result> {
    const { clock, cancelled, deadline, say, words } = this.#tools;
    const { url: base, headers } = this.#inputs;
    for (let attempts = 1; ; attempts++) {
      cancelled.throwIfAborted();
      const sent = prepare(request, { base, headers, isSecret: this.#isSecret }, this.#values);
      if ('wrong' in sent) {
        const findings = [{ what: 'request', message: sent.wrong }];
        return this.#failed({
          request,
          attempts: attempts - 1,
          sent: undefined,
          answer: undefined,
          findings,
          hidden: false,
          over: '',
        });
      }
      this.#keepSecret(sent);
      if (attempts === 1 && clock.now() >= deadline) {
        return {
          request,
          attempts: attempts - 1,
          outcome: 'skipped',
          why: 'the time was up before it could be made',
        };
      }
      const attempt = await this.#lanes.use(() => this.#attempt(request, sent));
      const { end } = attempt;
      const answer = isAnswer(end) ? end : undefined;
      const captured = answer ? capture(answer, request.captures) : [];
      const hidden = this.#keepCaptured(captured);
      const findings = answer
        ? this.#judge(request, answer, attempt, captured)
        : [{ what: 'request', message: (end as HttpFailure).message }];
      if (answer && findings.length === 0) {
        for (const each of captured) if ('value' in each) this.#values.set(each.capture.name, each.value);
        const again = attempts > 1 ? `, at attempt ${attempts}` : '';
        say(`✓ ${words.safe(request.name)}: ${answer.status} in ${formatDuration(answer.ms)}${again}`);
        return { request, attempts, outcome: 'passed', sent, answer };
      }
      const failure = { request, attempts, sent, answer, findings, hidden };
      const over = this.#over(request, attempt, attempts);
      if (over !== undefined) return this.#failed({ ...failure, over });
      const [first] = findings;
      say(
        `  ${words.safe(request.name)}: attempt ${attempts} of ${request.attempts}: ${first && words.sentence(first, hidden)}; again in ${formatDuration(request.intervalMs)}`,
      );
      await clock.sleep(request.intervalMs, AbortSignal.any([cancelled, this.#decided.signal]));
      cancelled.throwIfAborted();
      if (this.#decided.signal.aborted) return this.#failed({ ...failure, over: OTHERS });
      // A timer may be late.
      if (clock.now() >= deadline) return this.#failed({ ...failure, over: TIME_UP });
    }
  }

  #failed(failure: Omit<Extract<Result, { outcome: 'failed' }>, 'outcome'>): Result {
    this.#decided.abort();
    this.#tools.say(`✗ ${this.#tools.words.safe(failure.request.name)}: failed`);
    return { ...failure, outcome: 'failed' };
  }

  /** Why there is no other try; undefined when there is one. */
  #over(request: SmokeRequest, { end, redirected }: Attempt, attempts: number): string | undefined {
    const { clock, deadline } = this.#tools;
    const reason = reasonNotToRetry(request, end, redirected);
    if (reason !== undefined) return reason;
    if (attempts >= request.attempts) return '';
    if (this.#decided.signal.aborted) return OTHERS;
    return clock.now() + request.intervalMs >= deadline ? TIME_UP : undefined;
  }

  /** Whether a header, or a body, which has no name, holds a secret. */
  readonly #isSecret = (name: string | undefined, value: string): boolean => {
    const { words } = this.#tools;
    return (name !== undefined && words.isSecretHeader(name)) || words.secrets.holds(value);
  };

  async #attempt(request: SmokeRequest, sent: HttpRequest): Promise<Attempt> {
    const { client, clock, deadline } = this.#tools;
    const started = clock.now();
    const limit = Math.min(request.requestTimeoutMs, deadline - started);
    let current = sent;
    for (let hops = 0; ; hops++) {
      const end = await client.send(current, Math.max(1, limit - (clock.now() - started)));
      const whole = { ...end, ms: clock.now() - started };
      if (!isAnswer(end)) return { end: whole, redirected: hops > 0, refusal: undefined };
      // Who expects a redirect does not want it followed.
      const expected = request.expect.status.ranges.some(
        ([from, to]) => end.status >= from && end.status <= to,
      );
      const next = expected
        ? ({ kind: 'none' } as const)
        : nextHop(current, end, request.followRedirects, hops, this.#isSecret);
      if (next.kind !== 'follow') {
        return { end: whole, redirected: hops > 0, refusal: next.kind === 'refused' ? next.why : undefined };
      }
      current = next.request;
    }
  }

  #judge(
    request: SmokeRequest,
    answer: HttpAnswer,
    { refusal }: Attempt,
    captured: readonly Captured[],
  ): readonly Finding[] {
    return [
      ...judge(answer, request.expect, this.#values, this.#inputs.schemas.get(request.name)),
      ...(refusal === undefined ? [] : [{ what: 'redirect', message: refusal }]),
      ...captured.flatMap((each) => ('finding' in each ? [each.finding] : [])),
    ];
  }

  #keepSecret({ headers }: HttpRequest): void {
    for (const [name, value] of headers) {
      if (this.#tools.words.isSecretHeader(name)) this.#secret(secretPart(name, value), name);
    }
  }

  /** @returns whether a secret could not be found in the answer, which may hold it in another place */
  #keepCaptured(captured: readonly Captured[]): boolean {
    for (const each of captured) {
      if (each.capture.secret && 'value' in each) this.#secret(String(each.value), each.capture.name);
    }
    return captured.some((each) => each.capture.secret && 'finding' in each);
  }

  #secret(value: string, name: string): void {
    if (this.#tools.words.secrets.add(value, name)) this.#tools.mask(value);
  }
}

const TIME_UP = 'the time for all of it is up before the next attempt';
const OTHERS = 'another request has failed for good';
