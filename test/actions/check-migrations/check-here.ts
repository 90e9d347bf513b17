import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../../src/actions/check-migrations/run.ts';
import { ConfigError, DeployError, type Problem } from '../../../src/errors.ts';
import type { Reporter } from '../../../src/ports.ts';
import { type GithubOptions, startGithub } from '../../github/github-server.ts';
import { workspace } from '../../images/run-here.ts';
import { QUIET } from '../quiet-reporter.ts';

export const SHA = '5d41402abc4b2a76b9719d911017c592ae5f1c3d';

export interface Stage {
  /** Files of the workspace. */
  readonly files?: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, string>>;
  /** `undefined` outside of GitHub. */
  readonly event?: string;
  readonly payload?: unknown;
  readonly github?: GithubOptions;
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ran {
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly problems: readonly Problem[];
  readonly told: string;
  readonly calls: readonly string[];
}

export const PULL_REQUEST = {
  pull_request: { number: 7, head: { sha: SHA, repo: { full_name: 'org/web' } } },
};

/** Runs the action in this process, against a GitHub on loopback. */
export async function check({
  files = {},
  inputs = {},
  event,
  payload = PULL_REQUEST,
  github = {},
  env = {},
}: Stage): Promise<Ran> {
  const directory = workspace();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  const eventFile = join(workspace(), 'event.json');
  writeFileSync(eventFile, JSON.stringify(payload));
  const server = await startGithub(github);
  const lines: string[] = [];
  const outputs: Record<string, string> = {};
  let summary = '';
  const marked =
    (mark: string): Reporter['warning'] =>
    (text, place) =>
      void lines.push(`::${mark} ${place ? `${place.file}:${place.line}` : ''}::${text}`);
  const reporter: Reporter = {
    ...QUIET,
    info: (line) => void lines.push(line),
    notice: marked('notice'),
    warning: marked('warning'),
    error: marked('error'),
    startGroup: () => undefined,
    output: (name, value) => {
      outputs[name] = value;
    },
    summary: async (markdown) => {
      summary += markdown;
    },
  };
  let now = 0;
  let error: unknown;
  const given: Readonly<Record<string, string>> = { 'github-token': 'secret', ...inputs };
  try {
    await run({
      input: (name) => given[name] ?? '',
      reporter,
      clock: {
        scale: 1,
        now: () => now,
        sleep: async (ms) => {
          now += ms;
        },
      },
      env: {
        ...env,
        PATH: process.env['PATH'] ?? '',
        GITHUB_WORKSPACE: directory,
        RUNNER_TEMP: workspace(),
        ...(event !== undefined && {
          GITHUB_EVENT_NAME: event,
          GITHUB_EVENT_PATH: eventFile,
          GITHUB_REPOSITORY: 'org/web',
          GITHUB_API_URL: server.url,
          GITHUB_SHA: SHA,
        }),
      },
      cancelled: new AbortController().signal,
    });
  } catch (thrown) {
    error = thrown;
  } finally {
    await server.close();
  }
  const expected = error === undefined || error instanceof ConfigError || error instanceof DeployError;
  const told = expected ? ((error as Error | undefined)?.message ?? '') : `DEFECT ${String(error)}`;
  return {
    log: lines.join('\n'),
    outputs,
    summary,
    problems: error instanceof ConfigError ? error.problems : [],
    told,
    calls: server.calls,
  };
}

/** A pull request or push that adds these files. */
export const added = (...names: readonly string[]): GithubOptions => ({
  files: names.map((filename) => ({ filename, status: 'added' })),
});

/** A command that runs a script of JavaScript. */
export const node = (script: string): string => JSON.stringify([process.execPath, '-e', script]);
