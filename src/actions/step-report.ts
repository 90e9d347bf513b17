import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { runUrl } from '../github/run-identity.ts';
import { withoutAccountIds } from '../report/account-ids.ts';
import { codeSpan, literal } from '../report/markdown.ts';
import type { ActionContext } from './action.ts';

/**
 * Runs a step, and keeps what it writes into the job's summary in a Markdown file as well, whose path is its output
 * `report`: `plan` puts such files into its comment on the pull request. The file is written also when the step fails,
 * and says so then. Outside of a runner, where there is no RUNNER_TEMP, there is none.
 *
 * @param title what a step is called that fails before it has anything to say
 */
export async function withReport(
  context: ActionContext,
  title: string,
  run: (context: ActionContext) => Promise<void>,
): Promise<void> {
  const { reporter, env } = context;
  const parts: string[] = [];
  const secrets: string[] = [];
  const keeping: ActionContext = {
    ...context,
    reporter: {
      ...reporter,
      mask(secret) {
        // GitHub masks logs, and not comments.
        if (secret.trim() !== '') secrets.push(secret, ...secret.split('\n'));
        reporter.mask(secret);
      },
      async summary(markdown) {
        parts.push(markdown);
        await reporter.summary(markdown);
      },
    },
  };
  try {
    await run(keeping);
  } catch (error) {
    if (parts.length === 0) parts.push(`### ❌ ${literal(title)}`);
    parts.push(failure(error, env));
    throw error;
  } finally {
    const path = await write(parts, secrets, env).catch((error: unknown) => {
      reporter.warning(`The report could not be written: ${error instanceof Error ? error.message : error}`);
      return undefined;
    });
    if (path !== undefined) reporter.output('report', path);
  }
}

/** What a command had printed stands below the first line, and is for the log, in which GitHub masks secrets. */
function failure(error: unknown, env: NodeJS.ProcessEnv): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const sentences =
    error instanceof ConfigError
      ? error.problems.map(
          ({ input, message }) => `${codeSpan(input)}: ${literal(message.split('\n')[0] ?? '')}`,
        )
      : [literal(first)];
  const url = runUrl(env);
  const log = url === undefined ? 'The log' : `[The log](${encodeURI(url)})`;
  return ['**The step failed:**', ...sentences.map((each) => `- ${each}`), `${log} says more.`].join('\n\n');
}

/** So short a text may stand anywhere. */
const SHORTEST_SECRET = 4;

async function write(
  parts: readonly string[],
  secrets: readonly string[],
  { RUNNER_TEMP: directory }: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (!directory || parts.length === 0) return undefined;
  const text = secrets
    .filter((secret) => secret.trim().length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), parts.map((part) => part.trim()).join('\n\n'));
  // Other steps of the job may use the same action.
  const path = join(await mkdtemp(join(directory, 'deploy-actions-report-')), 'report.md');
  await writeFile(path, `${withoutAccountIds(text)}\n`);
  return path;
}
