import { expect, test } from 'vitest';
import { SHA } from '../github/on-environment.ts';
import { BASE, onIncident } from './incident-stage.ts';

test('a release that was rolled back is told in an issue', async () => {
  const comparison = {
    status: 'ahead',
    commits: [
      { sha: 'c'.repeat(40), message: 'Show prices with taxes (#12)\n\nFixes #11', login: 'octocat' },
      { sha: SHA, message: 'Merge pull request #13 from org/cart\n\nFaster cart', login: 'hubot' },
    ],
  } as const;
  await onIncident(
    { github: { comparison } },
    async ({ world, github, job, failedRelease, incident, print }) => {
      const on = job();
      const release = failedRelease(on);
      await world.called(({ operation, outcome }) => operation === 'ModifyRule' && outcome === 'ok');
      await world.clock.sleep(60_000);
      expect(
        await print('web:2', ['GET /cart 200', 'TypeError: price is @null, fixes #1 <b>']),
      ).toBeGreaterThan(0);
      const canary = await release;
      expect(canary.outputs['outcome'], canary.log).toBe('rolled-back');
      const step = await incident(on, {
        outcome: 'rolled-back',
        reason: canary.outputs['reason'] ?? '',
        record: canary.outputs['record'] ?? '',
        'commits-since': BASE,
        'restore-commands': 'aws rds restore-db-instance-from-db-snapshot',
        'runbook-url': 'https://wiki.example.com/runbook',
      });
      expect(step.code, step.log).toBe(0);
      expect(step.outputs).toMatchObject({
        outcome: 'opened',
        'issue-number': '40',
        'issue-url': 'https://github.com/org/web/issues/40',
      });
    },
  );
});

const literally = (text: string): RegExp => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
