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
  await onIncident({ github: { comparison } }, async ({ github, job, failedRelease, incident, print }) => {
    const on = job();
    const release = failedRelease(on);
    await print('web:2', ['GET /cart 200', 'TypeError: price is @null, fixes #1 <b>']);
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
    const [issue] = github.issues;
    expect(issue).toMatchObject({
      title: 'Incident: releases of web in prod',
      labels: ['deploy-incident'],
    });
    expect(github.issueLabels.get('deploy-incident')).toMatchObject({ color: 'b60205' });
    const body = issue?.body ?? '';
    for (const said of [
      '- **What happened:** ↩️ `web:2` was rolled back, decided 2026-01-05 12:',
      '- **Production now:** ✅ `web` in `prod` runs `web:1`, 4 of 4 tasks, with all of the traffic (seen 12:',
      '[Runbook](https://wiki.example.com/runbook)',
      '--task-definition web:1',
      'aws rds restore-db-instance-from-db-snapshot',
      '| error-rate \\< 1% abort \\> 2% | ⛔ abort |',
      '  - image `app:v1` -> `app:v2`',
      '`ccccccc` Show prices with taxes ([#12](https://github.com/org/web/pull/12)), by `octocat`',
      '`aaaaaaa` Faster cart ([#13](https://github.com/org/web/pull/13)), by `hubot`',
    ])
      expect(body).toContain(said);
    for (const said of [
      /- \*\*Why:\*\* error-rate \\< 1% abort \\> 2%: \d+ of \d+ requests/,
      /- \*\*Users:\*\* up to 50% of the traffic for \S+\. Of 12:\d\d-12:\d\d, which is all that CloudWatch had told by then: \d+ requests, \d+ answered 5xx\./,
      /\| 12:\d\d:\d\d \| Roll back: error-rate/,
      /\| 12:\d\d:\d\d \| All traffic was back on the service, \S+ after the decision \|/,
      /^12:\d\d:\d\d {2}TypeError: price is @null, fixes #1 <b>$/m,
    ])
      expect(body).toMatch(said);
    expect(body).not.toMatch(/123456789012|undefined|could not be/);
    expect(step.summary).toContain('TypeError: price is');
    expect(step.log).toContain('The issue https://github.com/org/web/issues/40 was opened.');
  });
});
