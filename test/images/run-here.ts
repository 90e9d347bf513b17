import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { ActionModule } from '../../src/actions/action.ts';
import { ConfigError, DeployError } from '../../src/errors.ts';
import type { Reporter } from '../../src/ports.ts';
import { QUIET } from '../actions/quiet-reporter.ts';
import { type RegistryWorld, SHA } from './registry-world.ts';

/** What an action did that ran in this process. */
export interface RunHere {
  /** Every line of the log, with `::error::` and so on before what is not plain. */
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What it ended with; undefined when all went well. */
  readonly error: unknown;
  /** All that the user reads of the error. */
  readonly told: string;
}

/** An action, and its name, by which its calls are known. */
export interface NamedAction extends ActionModule {
  readonly name: string;
}

/** A workspace that is gone when the test is over. */
export function workspace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-here-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Runs an action in this process, which takes no start-up time. The SDK reads the environment, so that tests of one
 * file that do so cannot run side by side.
 */
export async function runHere(
  world: Pick<RegistryWorld, 'simulator' | 'clock'>,
  action: NamedAction,
  inputs: Readonly<Record<string, string>>,
  {
    directory = tmpdir(),
    env = {},
    cancelled = new AbortController().signal,
  }: {
    readonly directory?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly cancelled?: AbortSignal;
  } = {},
): Promise<RunHere> {
  const all = {
    ...world.simulator.env(),
    AWS_SDK_UA_APP_ID: `deploy-actions-${action.name}`,
    GITHUB_WORKSPACE: directory,
    GITHUB_SHA: SHA,
    GITHUB_REF: 'refs/heads/main',
    ...env,
  };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  const lines: string[] = [];
  const outputs: Record<string, string> = {};
  let summary = '';
  const marked = (mark: string) => (text: string) => void lines.push(`::${mark}::${text}`);
  const reporter: Reporter = {
    ...QUIET,
    info: (line) => void lines.push(line),
    notice: marked('notice'),
    warning: marked('warning'),
    error: marked('error'),
    startGroup: marked('group'),
    output: (name, value) => {
      outputs[name] = value;
    },
    summary: async (markdown) => {
      summary += markdown;
    },
  };
  let error: unknown;
  try {
    await action.run({
      input: (name) => inputs[name] ?? '',
      reporter,
      clock: world.clock,
      env: all,
      cancelled,
    });
  } catch (thrown) {
    error = thrown;
  } finally {
    vi.unstubAllEnvs();
  }
  return { log: lines.join('\n'), outputs, summary, error, told: toldOf(error) };
}

/** Only errors of the two kinds that are meant for users tell anything. */
function toldOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (!(error instanceof DeployError)) return error === undefined ? '' : `DEFECT ${String(error)}`;
  return [error.message, error.state, error.next].join('\n');
}
