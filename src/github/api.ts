import http from 'node:http';
import { getOctokit } from '@actions/github';
import type { Clock } from '../clock.ts';
import { noAnswer, pauseAfter } from './api-failure.ts';

/** How GitHub is spoken to. */
export interface GithubAccess {
  readonly token: string;
  /** Tells where the API is: another one on GitHub Enterprise. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Ends what is under way when it aborts. */
  readonly signal: AbortSignal;
}

const ATTEMPTS = 6;
/** A check that waits longer holds the pull request up. */
const LONGEST_PAUSE_MS = 60_000;
const REQUEST_TIMEOUT_MS = 20_000;

/** GitHub's API, called by its routes: the bundle leaves Octokit's named methods out. */
export function openGithub({ token, env, signal }: GithubAccess) {
  useProxies(env);
  const silent = () => undefined;
  return getOctokit(token, {
    baseUrl: env['GITHUB_API_URL'] || 'https://api.github.com',
    userAgent: 'deploy-actions',
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: {
      fetch: (url: string, options: RequestInit) =>
        fetch(url, {
          ...options,
          signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
        }).catch((error: unknown) => {
          throw signal.aborted ? error : new Error(noAnswer(error), { cause: error });
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
