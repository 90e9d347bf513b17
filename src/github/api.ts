import http from 'node:http';
import { getOctokit } from '@actions/github';
import type { Clock } from '../clock.ts';

/** How GitHub is spoken to. */
export interface GithubAccess {
  readonly token: string;
  /** `https://api.github.com`, or that of GitHub Enterprise. */
  readonly apiUrl: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Ends what is under way when it aborts. */
  readonly signal: AbortSignal;
}

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 1_000;
/** A check that waits longer holds the pull request up. */
const LONGEST_PAUSE_MS = 60_000;
const REQUEST_TIMEOUT_MS = 20_000;

/** GitHub's API, called by its routes: the bundle leaves Octokit's named methods out. */
export function openGithub({ token, apiUrl, env, signal }: GithubAccess) {
  useProxies(env);
  const silent = () => undefined;
  return getOctokit(token, {
    baseUrl: apiUrl,
    userAgent: 'deploy-actions',
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: {
      fetch: (url: string, options: RequestInit) =>
        fetch(url, {
          ...options,
          signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
        }),
    },
  });
}

/**
 * Tries again where GitHub was out or asks to wait; throws what it says otherwise.
 *
 * @param lookAnew what was to be changed may be gone by now: one more look finds out
 */
export async function patiently<T>(
  { clock, signal }: GithubAccess,
  act: () => Promise<T>,
  { lookAnew = false } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      const pause = signal.aborted ? undefined : pauseAfter(error, attempt, clock.now(), lookAnew);
      if (pause === undefined || pause > LONGEST_PAUSE_MS || attempt === ATTEMPTS) throw error;
      await clock.sleep(pause, signal);
    }
  }
}

/** Self-hosted runners behind a proxy say so in variables, which Node's own `fetch` does not read by itself. */
function useProxies(env: NodeJS.ProcessEnv): void {
  const given = ['https_proxy', 'http_proxy'].some((name) => env[name] || env[name.toUpperCase()]);
  // Not in Node.js before 24.14, where requests go straight to GitHub.
  if (given) (http as Partial<typeof http>).setGlobalProxyFromEnv?.(env as http.ProxyEnv);
}

/** As Octokit throws it. A connection that fails has the status 500. */
interface RequestFailure extends Error {
  readonly status: number;
  readonly response?: {
    readonly headers: Readonly<Record<string, string | number | undefined>>;
    readonly data?: unknown;
  };
}

/** The status of an error of Octokit's; `undefined` for any other. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;

/**
 * How long to wait before the next try, in ms; `undefined` when another try would be refused as well.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function pauseAfter(error: unknown, attempt: number, now: number, lookAnew: boolean): number | undefined {
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
    return status === 429 ? usual : undefined;
  }
  const gone = lookAnew && status === 404 && attempt === 1;
  return status >= 500 || gone ? usual : undefined;
}
