import { afterEach, describe, expect, it } from 'vitest';
import { Job, type StepResult } from '../../src/runner/start-action.ts';
import { check } from '../github/description.ts';
import {
  BOT,
  type Fault,
  type GithubOptions,
  type GithubServer,
  type Holder,
  PERSON,
  startGithub,
} from '../github/github-server.ts';
import { onEnvironment } from '../github/on-environment.ts';
import { onIncident, TASK_DEFINITION, WEB } from './incident-stage.ts';
import { migrated, shopWith } from './rollback-shop.ts';

type Inputs = Readonly<Record<string, string>>;

const jobs: Job[] = [];
const servers: GithubServer[] = [];

afterEach(async () => {
  for (const job of jobs.splice(0)) job.end();
  for (const server of servers.splice(0)) {
    expect(server.problems).toEqual([]);
    await server.close();
  }
});

async function github(options: GithubOptions = {}): Promise<GithubServer> {
  const server = await startGithub({ check, ...options });
  servers.push(server);
  return server;
}

/** A job without AWS. */
function jobOf(server: GithubServer, run: string, env: Inputs = {}): Job {
  const job = new Job({
    GITHUB_API_URL: server.url,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'org/web',
    GITHUB_RUN_ID: run,
    GITHUB_SHA: 'a'.repeat(40),
    ...env,
  });
  jobs.push(job);
  return job;
}

const BAD = {
  ...WEB,
  outcome: 'rolled-back',
  reason: 'error-rate < 1%: 48 of 693 requests answered 5xx',
  'task-definition': 'web:2',
  'previous-task-definition': 'web:1',
};

const tell = (
  server: GithubServer,
  run = '1001',
  inputs: Inputs = {},
  env: Inputs = {},
): Promise<StepResult> => jobOf(server, run, env).run('incident', { ...BAD, ...inputs });

const changes = ({ calls }: GithubServer) => calls.filter((call) => !call.startsWith('GET'));

describe('the issue of a service', () => {
  it('is opened once: a later rollback is a comment in it, and the newest one at its top', async () => {
    const server = await github();
    expect((await tell(server)).outputs['outcome']).toBe('opened');
    const second = await tell(server, '1002', { 'task-definition': 'web:3', reason: 'latency-p95 < 300ms' });
    expect(second.outputs).toMatchObject({ outcome: 'updated', 'issue-number': '40' });
    await tell(server, '1003', {
      'task-definition': 'web:4',
      outcome: 'rollback-failed',
      reason: 'crashes = 0',
    });
    expect(server.issues).toHaveLength(1);
    const body = server.issues[0]?.body ?? '';
    expect(server.comments.map(({ body: text }) => /`(web:\d)`/.exec(text)?.[1])).toEqual(['web:3', 'web:4']);
    expect(body.indexOf('`web:4` could not be rolled back')).toBeLessThan(body.indexOf('| When |'));
    expect(body).toContain('**3 releases have failed since this issue was opened**');
    const rows = body.split('\n').filter((line) => /^\| (\[?2|2)\d{3}/.test(line) || line.startsWith('| [2'));
    expect(rows.map((row) => /`(web:\d)`/.exec(row)?.[1])).toEqual(['web:4', 'web:3', 'web:2']);
    expect(rows[0]).toContain('#issuecomment-');
    expect(body).toContain('## The first one');
  });

  it('is changed in place by the same run, also by its later attempts', async () => {
    const server = await github();
    await tell(server);
    expect((await tell(server, '1001', { reason: 'another reason' })).outputs['outcome']).toBe('updated');
    expect(server.comments).toEqual([]);
    expect(server.issues[0]?.body).toContain('another reason');
    await tell(server, '1002', { reason: 'one' });
    const before = server.comments.length;
    await tell(server, '1002', { reason: 'two' }, { GITHUB_RUN_ATTEMPT: '2' });
    expect(server.comments).toHaveLength(before);
    expect(server.comments[0]?.body).toContain('**Why:** two.');
    expect(server.issues[0]?.body).toContain('**Why:** two.');
    expect(server.issues[0]?.body).toContain('**2 releases have failed');
  });

  it('is one for each service', async () => {
    const server = await github();
    const steps = await Promise.all([
      tell(server, '1001'),
      tell(server, '1002', { service: 'web-admin' }),
      tell(server, '1003', { cluster: 'staging' }),
    ]);
    expect(steps.map(({ outputs }) => outputs['outcome'])).toEqual(['opened', 'opened', 'opened']);
    expect(server.issues).toHaveLength(3);
    expect(server.issues.every(({ state }) => state === 'open')).toBe(true);
  });

  it('is one in the end, when two runs open it at the same moment', async () => {
    let other: Promise<StepResult> | undefined;
    const server: GithubServer = await github({
      // The other run tells all of its own between our look and our issue.
      before: async (method, _, path) => {
        if (method === 'POST' && path.endsWith('/issues') && !other) {
          other = tell(server, '1002', { 'task-definition': 'web:3' });
          await other;
        }
      },
    });
    const step = await tell(server);
    expect((await other)?.outputs['outcome']).toBe('opened');
    expect(step.outputs).toMatchObject({ outcome: 'updated', 'issue-number': '40' });
    expect(server.issues.map(({ state, reason }) => [state, reason])).toEqual([
      ['open', null],
      ['closed', 'duplicate'],
    ]);
    expect(server.issues[0]?.body).toContain('**2 releases have failed');
    expect(server.comments.map(({ issue, body }) => [issue, body.split('\n')[0]?.slice(0, 40)])).toEqual(
      [
        [41, 'Duplicate of #40'],
        [40, expect.stringContaining('incident-entry run=1001')],
      ].map(([issue, text]) => [
        issue,
        typeof text === 'string' ? text : expect.stringContaining('incident-entry'),
      ]),
    );
  });

  it('is found behind pages of others, and is no pull request and none of somebody else', async () => {
    const server = await github();
    await tell(server);
    const [ours] = server.issues;
    if (!ours) throw new Error('there is no issue');
    for (let index = 1; index <= 120; index++) {
      const other = { ...ours, number: 100 + index, title: 'other', body: 'other' };
      server.issues.push(
        index === 1
          ? { ...other, body: ours.body, author: PERSON }
          : index === 2
            ? { ...other, body: ours.body, pullRequest: true }
            : other,
      );
    }
    const step = await tell(server, '1002');
    expect(step.outputs).toMatchObject({ outcome: 'updated', 'issue-number': '40' });
    expect(
      server.issues.slice(1).every(({ state, body }) => state === 'open' && !body.includes('1002')),
    ).toBe(true);
  });

  it('keeps what people have written below, and comments with our mark by others count for nothing', async () => {
    const server = await github();
    await tell(server);
    const [issue] = server.issues;
    if (issue) issue.body = `${issue.body}\n\n## Postmortem\n\nIt was DNS.`.replaceAll('\n', '\r\n');
    server.add(
      PERSON,
      `<!-- deploy-actions incident-entry run=5 at=99999999999999 outcome=failed %7B%22failed%22%3A%22stolen%22%2C%22reason%22%3A%22%22%7D -->\nhead`,
      40,
    );
    await tell(server, '1002', { 'task-definition': 'web:3' });
    expect(issue?.body).toMatch(/## Postmortem\n\nIt was DNS\.$/);
    await tell(server, '1001', { reason: 'told again' });
    expect(issue?.body).toMatch(/<!-- deploy-actions incident-end -->\n\n## Postmortem\n\nIt was DNS\.$/);
    expect(issue?.body).not.toContain('stolen');
    expect(issue?.body).toContain('**2 releases have failed');
  });

  it('that people have filled gives way, and the comment tells the incident all the same', async () => {
    const server = await github();
    await tell(server);
    const [issue] = server.issues;
    if (issue) issue.body += `\n\n${'n'.repeat(65_536 - issue.body.length - 2)}`;
    for (const run of ['1002', '1003', '1004']) {
      const step = await tell(server, run, { reason: 'x'.repeat(2_000), 'task-definition': 'web:3' });
      expect(step.outputs['outcome'], step.log).toBe('updated');
    }
    expect(server.comments).toHaveLength(3);
    expect(issue?.body.length).toBeLessThanOrEqual(65_536);
    expect(issue?.body).toMatch(/n{50000}$/);
  });

  it('knows the account of an ARN among the inputs, also without AWS', async () => {
    const server = await github();
    await tell(server, '1001', { 'task-definition': `${TASK_DEFINITION}/web:2`, reason: 'of 123456789012' });
    expect(server.issues[0]?.body).toContain('of ACCOUNT');
    expect(server.issues[0]?.body).not.toContain('123456789012');
  });

  it('is closed by a later release that is sound, with one comment', async () => {
    const server = await github();
    await tell(server);
    const sound = { outcome: 'promoted', reason: '', 'task-definition': 'web:3' };
    const kept = await tell(server, '1002', { ...sound, resolve: 'false' });
    expect(kept.outputs['outcome']).toBe('none');
    expect(server.issues[0]?.state).toBe('open');
    const step = await tell(server, '1002', sound);
    expect(step.outputs).toMatchObject({ outcome: 'resolved', 'issue-number': '40' });
    expect(server.issues[0]).toMatchObject({ state: 'closed', reason: 'completed' });
    expect(server.comments.map(({ body }) => body)).toEqual([
      expect.stringContaining('`web:3` was deployed by'),
    ]);
    const again = await tell(server, '1003', sound);
    expect(again.outputs).toMatchObject({ outcome: 'none', 'issue-number': '' });
    expect((await tell(server, '1004')).outputs).toMatchObject({ outcome: 'opened', 'issue-number': '41' });
  });

  it.each(['', 'unchanged', 'cancelled', 'failure'])(
    'is not asked for by the outcome "%s"',
    async (outcome) => {
      const server = await github();
      const step = await tell(server, '1001', { outcome });
      expect(step.code, step.log).toBe(0);
      expect(step.outputs['outcome']).toBe('none');
      expect(server.calls).toEqual([]);
    },
  );

  it('is not opened where another release took the place of one that was not found bad', async () => {
    const server = await github();
    const job = jobOf(server, '1001');
    const watch = { version: 1, kind: 'watch', ...WEB, startedAt: 1, endedAt: 9, outcome: 'superseded' };
    const rollout = { from: '', to: `${TASK_DEFINITION}/web:2` };
    const finding = { gate: 'crashes = 0', verdict: 'fail', text: '3', warnOnly: false };
    const decided = { at: 5, kind: 'decision', decision: 'failed', findings: [finding] };
    job.file('watch.json', JSON.stringify({ ...watch, rollout, entries: [] }));
    job.file('bad.json', JSON.stringify({ ...watch, rollout, entries: [decided] }));
    const inputs = { ...BAD, outcome: 'superseded', reason: 'web runs web:3' };
    const step = await job.run('incident', { ...inputs, record: 'watch.json' });
    expect(step.outputs['outcome'], step.log).toBe('none');
    expect(step.log).toContain('another release took its place before it was found bad');
    expect(server.calls).toEqual([]);
    const bad = await job.run('incident', { ...inputs, record: 'bad.json' });
    expect(bad.outputs['outcome'], bad.log).toBe('opened');
  });

  it('gets labels and people, as far as GitHub takes them', async () => {
    const server = await github();
    const given = { labels: 'on call, sev 2', assignees: '@octocat' };
    await tell(server, '1001', given);
    expect(server.issues[0]).toMatchObject({
      labels: ['deploy-incident', 'on call', 'sev 2'],
      assignees: ['octocat'],
    });
    const step = await tell(server, '1001', {
      ...given,
      service: 'api',
      assignees: 'octocat,dependabot[bot]',
    });
    expect(step.outputs['outcome']).toBe('opened');
    expect(step.log).toContain('::warning::Nobody was assigned');
    expect(server.issues[1]?.assignees).toEqual([]);
  });

  it('is only told of in a dry run', async () => {
    const server = await github();
    const step = await tell(server, '1001', { 'dry-run': 'true' });
    expect(step.outputs['outcome']).toBe('none');
    expect(step.log).toContain('Dry run: an issue would be opened');
    expect(step.summary).toContain('**What happened:**');
    expect(changes(server)).toEqual([]);
  });
});

describe('trouble with GitHub', () => {
  const none = async (step: StepResult): Promise<void> => {
    expect(step.code, step.log).toBe(0);
    expect(step.outputs).toMatchObject({ outcome: 'none', 'issue-number': '', 'issue-url': '' });
    expect(step.summary).toContain('**What happened:**');
    expect(step.summary).toContain('This stands in no issue');
    expect(step.log).toContain('::warning::There is no issue of the incident');
  };
  const faults = (method: string, fault: Fault, times = 1) =>
    Array.from({ length: times }, () => [method, fault] as const);

  it.each([
    ['an outage', 'POST', { kind: 'outage' }],
    ['a broken connection', 'GET', { kind: 'cut' }],
    ['an answer that is lost', 'POST', { kind: 'lost-answer' }],
    ['a rate limit', 'POST', { kind: 'retry-after', status: 429, seconds: 1 }],
  ] as const)('%s is waited out', async (_, method, fault) => {
    const server = await github({ faults: faults(method, fault) });
    const step = await tell(server);
    expect(step.outputs['outcome'], step.log).toBe('opened');
    expect(server.issues).toHaveLength(1);
  });

  it('that lasts leaves the story in the summary, and the step green', async () => {
    const reset = { kind: 'rate-limit', resetAt: Date.now() + 3_600_000 } as const;
    const server = await github({ faults: faults('GET', reset, 9) });
    await none(await tell(server));
    expect(server.issues).toEqual([]);
  });

  it.each([
    ['may not write', { ...BOT, may: 'read' }, /Resource not accessible by integration .*\(403\)/],
    ['does not see the repository', { ...BOT, may: 'nothing' }, /Not Found .*\(404\)/],
  ] as const)('a token that %s is told which permission it needs', async (_, holder: Holder, why) => {
    const server = await github({ tokens: { secret: holder } });
    const step = await tell(server);
    await none(step);
    expect(step.log).toMatch(why);
    expect(step.log).toContain('permissions: issues: write');
  });

  it('a repository without issues is told so', async () => {
    const server = await github({ withoutIssues: true });
    const step = await tell(server);
    await none(step);
    expect(step.log).toContain('issues are switched off in this repository');
  });

  it('a run outside of GitHub has the summary', async () => {
    const server = await github();
    const step = await tell(server, '1001', {}, { GITHUB_REPOSITORY: '' });
    expect(step.code, step.log).toBe(0);
    expect(step.outputs['outcome']).toBe('none');
    expect(step.summary).toContain('**What happened:**');
    expect(server.calls).toEqual([]);
  });

  it('lets go when the run is cancelled', async () => {
    const server = await github({ faults: faults('GET', { kind: 'retry-after', status: 429, seconds: 50 }) });
    const running = jobOf(server, '1001').start('incident', BAD);
    while (server.calls.length === 0) await new Promise((settle) => setTimeout(settle, 5));
    const step = await running.cancel();
    expect(step.code).toBe(1);
    expect(step.log).toContain('The incident was not told to its end: the run was cancelled.');
  });
});

describe('the commits since the last good release', () => {
  const commits = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      sha: String(index).padStart(40, '0'),
      message: `Change ${index}`,
      login: 'octocat',
    }));

  it('are the newest 20 of many', async () => {
    const server = await github({ comparison: { status: 'ahead', commits: commits(205) } });
    await tell(server, '1001', { 'commits-since': 'v1.4.0' });
    const body = server.issues[0]?.body ?? '';
    expect(body).toContain('The newest 20 of 205:');
    const shown = [...body.matchAll(/^- `\d{7}` Change (\d+), by `octocat`$/gm)].map(([, index]) =>
      Number(index),
    );
    expect(shown).toEqual(Array.from({ length: 20 }, (_, index) => 204 - index));
    expect(server.calls.filter((call) => call.includes('/compare/v1.4.0...'))).toHaveLength(3);
  });

  it('come with a word where the good one is no ancestor', async () => {
    const server = await github({ comparison: { status: 'diverged', commits: commits(2) } });
    await tell(server, '1001', { 'commits-since': 'v1.4.0' });
    expect(server.issues[0]?.body).toContain('is not an ancestor of this one');
  });

  it('are left out, with the reason, where nobody knows them', async () => {
    const server = await github();
    await tell(server, '1001', { 'commits-since': 'none' });
    await tell(server, '1001', { service: 'api' });
    expect(server.issues[0]?.body).toContain('GitHub knows no none (by commits-since)');
    expect(server.issues[1]?.body).toContain('the input commits-since may.');
  });

  it('are known from the deployments of the environment', async () => {
    await onIncident(
      { check, github: { comparison: { status: 'ahead', commits: commits(1) } } },
      async ({ github: server, job, failedRelease, incident }) => {
        const first = job('1000');
        Object.assign(first.env, { GITHUB_SHA: 'e'.repeat(40) });
        // What runs already is told as a deployment of that commit.
        await failedRelease(first, { 'task-definition': 'web:1' });
        const on = job();
        const canary = await failedRelease(on);
        const step = await incident(on, {
          record: canary.outputs['record'] ?? '',
          environment: 'production',
        });
        expect(step.outputs['outcome'], step.log).toBe('opened');
        expect(server.issues[0]?.body).toContain('[`eeeeeee` to `aaaaaaa`]');
        expect(server.issues[0]?.body).toContain('known by the deployments of production');
      },
    );
  });
});

describe('what AWS knows', () => {
  it('a canary that crashes is told with the reason of its tasks, and their last lines', async () => {
    await onIncident(
      { check, behaviours: { 'app:v2': { crash: { after: 60_000, exitCode: 3 } } } },
      async ({ github: server, job, failedRelease, incident, print }) => {
        const on = job();
        const release = failedRelease(on, { gates: 'crashes = 0' });
        await print('web:2', [
          ...Array.from({ length: 500 }, (_, index) => `line ${index} ${'x'.repeat(2_000)}`),
          '::error::@octocat closes #1 production',
        ]);
        const canary = await release;
        expect(canary.outputs['outcome'], canary.log).toBe('rolled-back');
        const inputs = { record: canary.outputs['record'] ?? '' };
        const step = await incident(on, inputs);
        expect(step.code, step.log).toBe(0);
        const body = server.issues[0]?.body ?? '';
        expect(body).toMatch(
          /### Stopped tasks\n\n- 12:\d\d:\d\d task \w+ stopped; EssentialContainerExited;.*exit code 3/,
        );
        expect(body).toMatch(/^12:\d\d:\d\d {2}::error::@octocat closes #1 production$/m);
        expect(body).not.toContain('line 0 ');
        expect(body.length).toBeLessThan(45_000);
        expect(step.log).not.toContain('::error::@octocat');
        const silent = await incident(job('1002'), { ...inputs, logs: 'off' });
        expect(silent.outputs['outcome'], silent.log).toBe('updated');
        expect(server.comments[0]?.body).not.toContain('closes #1');
      },
    );
  });

  it('without a record, ECS tells which revision failed, when, and what runs', async () => {
    await onIncident({ check, behaviours: {} }, async ({ world, github: server, job, incident }) => {
      await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:2' });
      await world.clock.sleep(5 * 60_000);
      const back = await job().run('rollback', { cluster: 'prod', service: 'web' });
      expect(back.outputs['outcome'], back.log).toBe('rolled-back');
      // As its outputs are called, which are the other way round.
      const step = await incident(job(), {
        outcome: 'rolled-back',
        reason: back.outputs['reason'] ?? '',
        'task-definition': back.outputs['task-definition-arn'] ?? '',
        'previous-task-definition': back.outputs['previous-task-definition-arn'] ?? '',
      });
      expect(step.outputs['outcome'], step.log).toBe('opened');
      const body = server.issues[0]?.body ?? '';
      expect(body).toMatch(/What happened:\*\* ↩️ `web:2` was rolled back.*All traffic was back \S+ later/);
      expect(body).toMatch(/Production now:\*\* ✅ `web` in `prod` runs `web:1`, 4 of 4 tasks/);
      expect(body).toMatch(/ECS began to deploy web:1 \(successful\)/);
      const alone = await incident(job('1002'), { outcome: 'rolled-back' });
      expect(alone.outputs['outcome'], alone.log).toBe('updated');
      expect(server.comments[0]?.body).toContain('`web:2` was rolled back');
    });
  });

  it('without a record, the end of a canary is told by its tasks, and not by the last deployment', async () => {
    await onIncident({ check }, async ({ github: server, job, failedRelease, incident }) => {
      const canary = await failedRelease(job());
      expect(canary.outputs['outcome'], canary.log).toBe('rolled-back');
      const inputs = { outcome: 'rolled-back', reason: canary.outputs['reason'] ?? '' };
      const step = await incident(job(), { ...inputs, 'task-definition': 'web:2' });
      expect(step.outputs['outcome'], step.log).toBe('opened');
      const body = server.issues[0]?.body ?? '';
      expect(body).toMatch(/What happened:\*\* ↩️ `web:2` was rolled back, decided about 2026-01-05 12:/);
      expect(body).not.toContain('All traffic was back');
      const alone = await incident(job('1002'), inputs);
      expect(alone.outputs['outcome'], alone.log).toBe('updated');
      expect(server.comments[0]?.body).toMatch(/A release of `web` was rolled back, when is not known; told/);
    });
  });

  it('a service or a cluster that is not there fails the step, and nothing is told of it', async () => {
    await onIncident({ check, behaviours: {} }, async ({ github: server, job, incident }) => {
      const inputs = { outcome: 'rolled-back', reason: 'by hand', 'task-definition': 'web:2' };
      const service = await incident(job(), { ...inputs, service: 'webb' });
      expect(service.code, service.log).toBe(1);
      expect(service.log).toContain('::error::service: there is no service "webb" in the cluster "prod"');
      const cluster = await incident(job(), { ...inputs, cluster: 'prodd' });
      expect(cluster.code, cluster.log).toBe(1);
      expect(cluster.log).toContain('::error::cluster: there is no cluster "prodd"');
      expect(server.issues).toEqual([]);
    });
  });

  it('the tags of an image tell its commit, and the record of the migrations whether the database suits', async () => {
    const comparison = { status: 'ahead', commits: [] } as const;
    const shop = shopWith(migrated(1, { compatible: false, command: 'alembic upgrade head' }));
    await onEnvironment({ ...shop, check, github: { comparison } }, async ({ github: server, job }) => {
      const step = await job().run('incident', {
        ...WEB,
        outcome: 'failed',
        reason: 'the smoke test failed',
        'task-definition': 'web:3',
        'previous-task-definition': 'web:2',
      });
      expect(step.outputs['outcome'], step.log).toBe('opened');
      const body = server.issues[0]?.body ?? '';
      expect(body).toContain('⛔ `web` in `prod` **still runs** `web:3`');
      expect(body).toContain('[`v2.0.0` to `aaaaaaa`]');
      expect(body).toContain('known by the tags of its image in ECR');
      expect(body).toContain('**Look at the database first');
      expect(body).toMatch(/\*\*Database:\*\* ⛔ .*alembic upgrade head/);
      expect(body).not.toContain('123456789012');
      return { runs: 'web:3' };
    });
  });

  it('that AWS allows nothing, or does not answer, is said, and the rest is told', async () => {
    await onIncident(
      { check, faults: [{ kind: 'access-denied', service: 'ECS' }] },
      async ({ github: server, job, incident }) => {
        const step = await incident(job(), {
          outcome: 'rolled-back',
          reason: 'by hand',
          'task-definition': `${TASK_DEFINITION}/web:2`,
        });
        expect(step.outputs['outcome'], step.log).toBe('opened');
        const body = server.issues[0]?.body ?? '';
        expect(body).toContain('### What could not be found out');
        expect(body).toContain('The service could not be looked at: AWS does not allow ecs:DescribeServices');
        expect(body).toContain('Nobody has looked at `web` in `prod`');
        expect(body).not.toContain('123456789012');
      },
    );
  });

  it.each([
    ['is not there', 'gone.json', 'is not there'],
    ['is none', 'other.json', 'is no record that is understood here'],
    ['is of another service', 'api.json', 'is one of api in prod'],
  ])('a record that %s is a warning', async (_, path, said) => {
    const server = await github();
    const job = jobOf(server, '1001');
    job.file('other.json', '{}');
    job.file('api.json', '{"version":1,"service":"api","cluster":"prod","startedAt":1,"entries":[]}');
    const step = await job.run('incident', { ...BAD, record: path });
    expect(step.outputs['outcome'], step.log).toBe('opened');
    expect(step.log).toContain(said);
  });
});

it('names everything that is wrong with the inputs at once', async () => {
  const server = await github();
  const step = await tell(server, '1001', {
    cluster: '',
    outcome: 'rolled back',
    'task-definition': '2',
    'previous-task-definition': 'arn:none',
    'commits-since': 'a..b',
    'runbook-url': 'ftp://wiki',
    logs: 'perhaps',
    labels: 'x'.repeat(51),
    assignees: 'no one!',
    'github-token': ' ',
  });
  expect(step.code).toBe(1);
  for (const name of [
    'cluster',
    'outcome',
    'task-definition',
    'previous-task-definition',
    'commits-since',
    'runbook-url',
    'logs',
    'labels',
    'assignees',
    'github-token',
  ])
    expect(step.log).toMatch(new RegExp(`^::error::${name}: `, 'm'));
  expect(server.calls).toEqual([]);
});
