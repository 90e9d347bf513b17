import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';

/** What is told of a command that fails: its last words. */
const LAST_LINES = 40;
/** Of what it printed in the place of SQL, where it said nothing else. */
const LAST_PRINTED = 5;

/**
 * What a command prints, run without a shell.
 *
 * @throws ConfigError with its own words when it fails
 */
export async function outputOf(
  command: readonly string[],
  {
    input = 'sql-command',
    workspace,
    directory,
    env,
    cancelled,
  }: {
    /** The input that names it. */
    readonly input?: string;
    readonly workspace: string;
    readonly directory: string;
    readonly env: NodeJS.ProcessEnv;
    readonly cancelled: AbortSignal;
  },
): Promise<string> {
  const [program = '', ...args] = command;
  const { code, stdout, stderr } = await new Promise<{ code: number | null; stdout: string; stderr: string }>(
    (settle, refuse) => {
      const child = spawn(program, args, {
        cwd: resolve(workspace, directory),
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        signal: cancelled,
      });
      const texts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      child.stdout.on('data', (chunk: Buffer) => texts.stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => texts.stderr.push(chunk));
      child.on('error', (cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'ENOENT') refuse(cause);
        else
          refuse(
            new ConfigError(
              {
                input,
                message: `there is no command ${program}, or no directory ${directory}; install it in a step before this one`,
              },
              { cause },
            ),
          );
      });
      child.on('close', (code) =>
        settle({
          code,
          stdout: Buffer.concat(texts.stdout).toString(),
          stderr: Buffer.concat(texts.stderr).toString(),
        }),
      );
    },
  );
  if (code === 0) return stdout;
  const said = lastLines(stderr, LAST_LINES) || lastLines(stdout, LAST_PRINTED);
  throw new ConfigError({
    input,
    message: `${program} ended with ${code ?? 'a signal'}${said === '' ? ' and said nothing' : `:\n${said}`}`,
  });
}

const lastLines = (text: string, count: number): string => text.trim().split('\n').slice(-count).join('\n');
