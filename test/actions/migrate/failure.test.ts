import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/actions/migrate/failure.ts';
import type { EcsTask } from '../../../src/ports.ts';
import type { TaskEnd } from '../../../src/task-run/run-task.ts';

const INPUTS = { commands: [['migrate']], backups: ['shop-db-1'], undo: false, preset: undefined };
const task = (stopping: boolean) => ({ arn: 'a', status: 'RUNNING', stopping }) as EcsTask;

const failed = (end: Partial<TaskEnd>) =>
  failureOf(
    'it failed',
    {
      task: task(true),
      verdict: 'timed-out',
      why: '',
      ran: true,
      output: '',
      outputKnown: true,
      ms: 1,
      ...end,
    },
    INPUTS,
    { done: 0 },
  );

describe('what is known after a command that has not ended well', () => {
  it.each([
    ['never ran', { ran: false }, 'did not run, so it has changed nothing'],
    ['failed', { verdict: 'failed', exitCode: 1 }, 'ended with an error'],
    ['was stopped', { exitCode: 143 }, 'was stopped in the middle'],
    ['is being stopped', {}, 'was told to stop in the middle'],
    ['could not be stopped', { task: task(false) }, 'may still run'],
    [
      'was perhaps never started',
      { task: undefined, verdict: 'cancelled' },
      'Whether the command runs is not known',
    ],
  ] as const)('as it %s', (_, end, state) => {
    expect(failed(end).state).toContain(state);
  });

  it('is what to do: mend it, or after a cancel only go on, with the backup at hand', () => {
    expect(failed({ verdict: 'failed' }).next).toMatch(
      /mend the migration.*The backup from before is shop-db-1/,
    );
    expect(failed({ verdict: 'cancelled' }).next).toMatch(/^Run this job again to go on/);
    expect(failed({ fix: 'Give it more memory.' }).next).toMatch(/^Give it more memory/);
  });
});
