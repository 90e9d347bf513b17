import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ActionContext } from '../../src/actions/action.ts';
import { withReport } from '../../src/actions/step-report.ts';
import { ConfigError, DeployError } from '../../src/errors.ts';
import { workspace } from '../images/run-here.ts';
import { QUIET } from './quiet-reporter.ts';

interface Kept {
  readonly report: string | undefined;
  readonly summary: string;
  readonly masked: readonly string[];
  readonly error: unknown;
}

/** Runs a step, and reads what it leaves. */
async function report(
  run: (context: ActionContext) => Promise<void>,
  env: NodeJS.ProcessEnv = { RUNNER_TEMP: workspace() },
): Promise<Kept> {
  const outputs: Record<string, string> = {};
  const masked: string[] = [];
  let summary = '';
  const context: ActionContext = {
    input: () => '',
    reporter: {
      ...QUIET,
      mask: (secret) => void masked.push(secret),
      output: (name, value) => {
        outputs[name] = value;
      },
      summary: async (markdown) => {
        summary += markdown;
      },
    },
    clock: { scale: 1, now: () => 0, sleep: async () => undefined },
    env,
    cancelled: new AbortController().signal,
  };
  const error = await withReport(context, 'Images', run).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const path = outputs['report'];
  return { report: path === undefined ? undefined : readFileSync(path, 'utf8'), summary, masked, error };
}

describe('the report of a step', () => {
  test('says what the summary says, without account ids and secrets', async () => {
    const kept = await report(async ({ reporter }) => {
      reporter.mask('hunter2\nhunter3');
      await reporter.summary('### Images\n\n');
      await reporter.summary('111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop, hunter2, hunter3\n');
    });
    expect(kept.report).toBe('### Images\n\nACCOUNT.dkr.ecr.eu-west-1.amazonaws.com/shop, ***, ***\n');
    expect(kept.summary).toContain('111122223333');
    expect(kept.masked).toEqual(['hunter2\nhunter3']);
    expect(kept.error).toBeUndefined();
  });

  test('says that the step failed, and for the rest points to the log', async () => {
    const error = new DeployError('the build failed: <b>@someone</b>\nDATABASE_URL=postgres://x:y@z');
    const env = {
      RUNNER_TEMP: workspace(),
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'org/web',
      GITHUB_RUN_ID: '1',
    };
    const kept = await report(async ({ reporter }) => {
      await reporter.summary('### Images\n');
      throw error;
    }, env);
    expect(kept.error).toBe(error);
    expect(kept.report).toBe(
      '### Images\n\n**The step failed:**\n\n- the build failed: \\<b\\>@<!-- -->someone\\</b\\>\n\n[The log](https://github.com/org/web/actions/runs/1) says more.\n',
    );
  });

  test('has a heading where the step failed before it had anything to say', async () => {
    const kept = await report(async () => {
      throw new ConfigError([
        { input: 'tags', message: 'is wrong' },
        { input: 'file', message: 'is not there' },
      ]);
    });
    expect(kept.report).toMatch(
      /^### ❌ Images\n\n\*\*The step failed:\*\*\n\n- `tags`: is wrong\n\n- `file`: /,
    );
  });

  test('is not written where there is nothing to say, or no place for it', async () => {
    expect((await report(async () => undefined)).report).toBeUndefined();
    expect((await report(({ reporter }) => reporter.summary('a'), {})).report).toBeUndefined();
  });
});
