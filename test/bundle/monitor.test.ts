import { expect, test } from 'vitest';
import { afterDeploy, CRITICAL, monitor, recordOf, revisionArn } from './monitored.ts';
import { TAKEN_BACK } from './world.ts';

const SECRET = 'postgres://shop:hunter2@db/shop';

test('a service whose log has a critical line after the promotion is rolled back, and the line is shown', async () => {
  const logs = [{ line: `FATAL cannot connect to ${SECRET}`, after: 6 * 60_000, every: 60_000 }];
  await afterDeploy(
    { logs },
    async (world) => {
      const step = await monitor(world, { 'log-patterns': CRITICAL, gates: 'crashes = 0' });
      expect(step.code, step.log).toBe(1);
      expect(step.outputs).toMatchObject({
        outcome: 'rolled-back',
        reason: expect.stringMatching(
          /^log critical: \d+ matching lines? since the watch began, the first at 12:\d\d:\d\d UTC; none may be there$/,
        ),
        'task-definition-arn': revisionArn('web:2'),
        'previous-task-definition-arn': revisionArn('web:1'),
      });
      expect(step.log).toContain('FATAL cannot connect to postgres://shop:***@db/shop');
      expect(step.log).toMatch(/::error::web:2 has failed its watch and was rolled back: log critical: /);
      expect(step.log).toContain('https://us-east-1.console.aws.amazon.com/cloudwatch/home');
      expect(step.summary).toContain('## ⛔ `web:2` has failed its watch and was rolled back');
      expect(step.summary).toContain('FATAL cannot connect');
      expect(step.summary).toContain('web runs web:1: 4 of 4 tasks');
      expect(step.log + step.summary).not.toContain('hunter2');
      const record = recordOf(step);
      expect(record).toMatchObject({ kind: 'watch', outcome: 'rolled-back', reason: step.outputs['reason'] });
      expect(record.entries.map(({ kind }) => kind)).toContain('call');
      expect(JSON.stringify(record)).not.toContain('hunter2');
      expect(world.changes).toEqual(['UpdateService']);
      return TAKEN_BACK;
    },
    { scale: 600 },
  );
});
