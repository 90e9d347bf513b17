const FIRST_PAUSE_MS = 1_000;
/** GitHub asks for a minute where it does not say how long. */
const SECONDARY_PAUSE_MS = 60_000;

/** As Octokit throws it. */
interface RequestFailure extends Error {
  /** 500 where there was no answer. */
  readonly status: number;
  readonly response?: {
    readonly headers: Readonly<Record<string, string | number | undefined>>;
    readonly data?: unknown;
  };
}

/** The status of an error of Octokit's; `undefined` for any other. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;

/** What has happened, for people: GitHub's own words with the status of its answer, or why there was none. */
export function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const status = statusOf(error);
  const { response } = (error ?? {}) as Partial<RequestFailure>;
  return status === undefined || response === undefined ? message : `${message} (${status})`;
}

/**
 * Tells why a request had no answer, by what `fetch` throws: the reason stands in its causes. Where a name has several
 * addresses, each of them has its own, and the error that holds them says nothing.
 */
export function noAnswer(error: unknown): string {
  let reason = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  const reasons = reason instanceof AggregateError ? reason.errors : [reason];
  const words = reasons.map((each: unknown) => (each instanceof Error && each.message) || String(each));
  return `no answer from GitHub: ${[...new Set(words)].join(', ')}`;
}

/** Whether it is the token that may not do what was asked of it, or does not see what it is about. */
export function isForbidden(error: unknown): boolean {
  const status = statusOf(error);
  if (status === 401 || status === 404) return true;
  return status === 403 && error instanceof Error && !/rate limit|locked/i.test(error.message);
}

/**
 * How long to wait before the next try, in ms; `undefined` when another try would be refused as well.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function pauseAfter(
  error: unknown,
  attempt: number,
  now: number,
  lookAnew: boolean,
): number | undefined {
  const status = statusOf(error);
  if (status === undefined) return undefined;
  const { headers = {} } = (error as RequestFailure).response ?? {};
  const usual = FIRST_PAUSE_MS * 2 ** (attempt - 1);
  if (status === 403 || status === 429) {
    const asked = Number(headers['retry-after']);
    if (asked >= 0) return asked * 1000;
    if (headers['x-ratelimit-remaining'] === '0' || headers['x-ratelimit-remaining'] === 0) {
      return Math.max(usual, Number(headers['x-ratelimit-reset']) * 1000 - now);
    }
    if (error instanceof Error && /secondary rate limit/i.test(error.message)) {
      return SECONDARY_PAUSE_MS * 2 ** (attempt - 1);
    }
    return status === 429 ? usual : undefined;
  }
  const gone = lookAnew && status === 404 && attempt === 1;
  return status >= 500 || gone ? usual : undefined;
}
