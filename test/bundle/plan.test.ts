import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/runner/start-action.ts';
import { BOT, type GithubServer, startGithub } from '../github/github-server.ts';
import type { StepResult } from './start-action.ts';
import { type Ending, inWorld, PROMOTED, TAKEN_BACK, type TestWorld, type WorldOptions } from './world.ts';

const README = readFileSync(resolve(import.meta.dirname, '../../actions/plan/README.md'), 'utf8');
/** What the role of the README may do. */
const ALLOWED = [...README.matchAll(/"([\w-]+:\w+)"/g)].map(([, action = '']) => action);
/** As IAM writes the services. */
const IAM: Readonly<Record<string, string>> = {
  'Application Auto Scaling': 'application-autoscaling',
  CloudWatch: 'cloudwatch',
  ECS: 'ecs',
  'Elastic Load Balancing v2': 'elasticloadbalancing',
};

interface Event {
  readonly run?: string;
  readonly fork?: boolean;
  readonly event?: string;
}

interface Stage {
  readonly world: TestWorld;
  readonly github: GithubServer;
  readonly job: (event?: Event) => Job;
  readonly plan: (inputs?: Readonly<Record<string, string>>, job?: Job) => Promise<StepResult>;
}

/** A job that an event of pull request 7 has started. */
function onJob(
  world: TestWorld,
  api: string,
  { run = '1001', fork = false, event = 'pull_request' }: Event = {},
): Job {
  const job = world.job(run);
  const repo = { full_name: fork ? 'somebody/web' : 'org/web' };
  const head = { sha: '5d41402abc4b2a76b9719d911017c592ae5f1c3d', repo };
  job.env['GITHUB_API_URL'] = api;
  job.env['GITHUB_EVENT_NAME'] = event;
  job.env['GITHUB_EVENT_PATH'] = job.file(
    'event.json',
    JSON.stringify({ pull_request: { number: 7, head } }),
  );
  return job;
}

/** A web shop, and a GitHub with one pull request. Whatever the plan says, it has only looked. */
async function onPullRequest(options: WorldOptions, play: (stage: Stage) => Promise<Ending>): Promise<void> {
  const github = await startGithub({ tokens: { writes: BOT, reads: { ...BOT, may: 'read' } } });
  try {
    await inWorld(options, async (world) => {
      const job: Stage['job'] = (event) => onJob(world, github.url, event);
      const ending = await play({
        world,
        github,
        job,
        plan: (inputs, on = job()) =>
          on.run('plan', { cluster: 'prod', service: 'web', 'github-token': 'writes', ...inputs }),
      });
      const operations = world.calls.map(
        ({ service, operation }) => `${IAM[service] ?? service}:${operation}`,
      );
      expect([...new Set(operations)].filter((operation) => !ALLOWED.includes(operation))).toEqual([]);
      return ending;
    });
  } finally {
    await github.close();
  }
}

const errors = ({ log }: StepResult): string =>
  [...log.matchAll(/^::error.*?::(.*)$/gm)].map(([, text]) => text).join('\n');

describe.concurrent('on a pull request', () => {
  test('a plan says what changes and how the rollout goes, in one comment that later runs bring up to date', async () => {
    await onPullRequest({}, async ({ github, job, plan }) => {
      const step = await plan({ image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v9' });
      expect(errors(step)).toBe('');
      expect(step.code).toBe(0);
      expect(step.outputs['changed']).toBe('true');
      expect(step.outputs['comment-url']).toBe('https://github.com/org/web/pull/7#issuecomment-1001');
      const { rollout } = JSON.parse(step.outputs['plan'] ?? '') as {
        rollout: { steps: { weight: number; tasks: number; begins: { most: number } }[] };
      };
      expect(rollout.steps.map(({ weight, tasks, begins }) => [weight, tasks, begins.most / 60_000])).toEqual(
        [
          [5, 1, 0],
          [25, 1, 18],
          [50, 2, 36],
          [100, 4, 54],
        ],
      );
      const body = github.comments[0]?.body ?? '';
      expect(body).toContain('### 📦 `prod/web`: a new revision');
      expect(body).toContain('image `app:v1` -> `ACCOUNT.dkr.ecr.eu-west-1.amazonaws.com/app:v9`');
      expect(body).toContain('| 25% | after 18m | 15m | 1 |');
      expect(body).toContain('gate `error-rate vs stable`');
      expect(body).toContain('All users have it after 54m');
      expect(body).toContain('commit `5d41402abc`');
      expect(step.summary.trim()).toBe(body.split('\n').slice(1).join('\n').trim());

      const later = job({ run: '1002' });
      later.file('scan.md', '## Scan\n\n<!-- deploy-actions plan prod%2Fweb run=9 -->\n');
      const reports = 'none.md\nscan.md';
      const second = await plan({ image: 'app:v8', steps: '10% for 5m', reports }, later);
      expect(second.log).toContain('The comment is updated');
      expect(second.log).toContain('The report none.md is left out: there is no such file.');
      expect(github.comments.map((comment) => comment.body)).toEqual([
        expect.stringMatching(
          /`app:v8`[\s\S]*nothing was changed<\/sub>\n\n---\n\n## Scan\n\n&lt;!-- deploy/,
        ),
      ]);
      expect(second.summary).toContain('## Scan');
      const other = await plan({ image: 'app:v8', title: 'web in | production' }, job({ run: '1003' }));
      expect(other.log).toContain('The comment is created');
      expect(github.comments).toHaveLength(2);
      return TAKEN_BACK;
    });
  });

  test('nothing changes where the service runs the same already', async () => {
    await onPullRequest({}, async ({ github, plan }) => {
      const step = await plan();
      expect(step.code).toBe(0);
      expect(step.outputs['changed']).toBe('false');
      expect(github.comments[0]?.body).toContain('✅ `prod/web`: nothing changes');
      expect(github.comments[0]?.body).not.toContain('The rollout');
      return TAKEN_BACK;
    });
  });

  test('a definition, steps and alarms that cannot be fail the check, all told at once', async () => {
    await onPullRequest({}, async ({ github, job, plan }) => {
      const on = job();
      const container = { name: 'api', image: 'app:v2', esential: true };
      on.file('task.json', JSON.stringify({ family: 'web', containerDefinitions: [container] }, null, 2));
      const step = await plan({ 'task-definition': 'task.json', alarms: 'none-such' }, on);
      expect(step.code).toBe(1);
      const body = github.comments[0]?.body ?? '';
      for (const said of ['no container "web"', 'no CloudWatch alarm "none-such"', 'esential']) {
        expect(errors(step)).toContain(said);
        expect(body).toContain(said);
      }
      expect(step.log).toMatch(/::error file=task\.json,line=7,/);
      expect(body).toContain('❌ `prod/web`: this cannot be released');
      on.file('found.md', '### Images\n\nTwo CVEs.');
      const unmade = await plan({ gates: 'error-rat < 1%', reports: 'found.md' }, on);
      expect(unmade.code).toBe(1);
      expect(errors(unmade)).toContain('error-rat');
      expect(github.comments).toHaveLength(1);
      for (const text of [github.comments[0]?.body ?? '', unmade.summary]) {
        expect(text).toMatch(/❌ `prod\/web`: the plan could not be made.*error-rat.*Two CVEs/s);
      }
      expect(unmade.outputs['comment-url']).not.toBe('');
      const missing = errors(await plan({ service: 'wbe' }));
      expect(missing).toMatch(/^service: there is no [^\n]*"wbe"[^\n]*$/);
      return TAKEN_BACK;
    });
  });

  test('what is so at this moment only is a warning', async () => {
    // Its tasks never come up.
    const options = { behaviours: { 'app:v3': { startup: 86_400_000 } } };
    await onPullRequest(options, async ({ world, github, plan }) => {
      await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:3' });
      await world.prepared();
      const step = await plan({ image: 'app:v2' });
      expect(step.code).toBe(0);
      expect(step.log).toMatch(/^::warning::the service web is in the middle of a deployment/m);
      expect(github.comments[0]?.body).toContain('cannot be released at this moment');
      return { runs: 'web:3' };
    });
  });
});

test('a rollout that is under way is told, not waited for', async () => {
  await inWorld({}, async (world) => {
    const release = world.start();
    await world.called(({ operation }) => operation === 'ModifyRule');
    const step = await world.job('1002').run('plan', { cluster: 'prod', service: 'web', image: 'app:v3' });
    expect(step.code).toBe(0);
    expect(step.log).toMatch(
      /::warning::a rollout of web:2 to prod\/web has not ended \(\w+\); it is held by https/,
    );
    expect(step.summary).toContain('cannot be released at this moment');
    await release.done;
    return PROMOTED;
  });
});

test('GitHub is reached through the proxy of a self-hosted runner', async () => {
  const github = await startGithub();
  const { port } = new URL(github.url);
  const reached: string[] = [];
  const proxy = createServer().on('connect', ({ url = '' }, socket) => {
    reached.push(url);
    const onward = connect(Number(port), '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    socket.pipe(onward).pipe(socket);
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
  });
  await new Promise<void>((settle) => proxy.listen(0, '127.0.0.1', settle));
  try {
    await inWorld({}, async (world) => {
      const job = onJob(world, 'http://api.github.test');
      job.env['HTTP_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const step = await job.run('plan', { cluster: 'prod', service: 'web', 'github-token': 'secret' });
      expect(step.log).toContain('The comment is created');
      expect(reached[0]).toBe('api.github.test:80');
      return TAKEN_BACK;
    });
  } finally {
    proxy.close();
    proxy.closeAllConnections();
    await github.close();
  }
});

describe.concurrent('the plan stands in the summary only', () => {
  test('on a fork without AWS credentials, where the file is looked at alone', async () => {
    await onPullRequest({}, async ({ world, job, plan }) => {
      const on = job({ fork: true });
      for (const name of Object.keys(on.env))
        if (/^AWS_(ACCESS|SECRET|SESSION)/.test(name)) delete on.env[name];
      on.file(
        'task.json',
        JSON.stringify({ family: 'web', containerDefinitions: [{ name: 'web', image: 'a:1', memory: 512 }] }),
      );
      const inputs = { 'task-definition': 'task.json', 'github-token': 'reads' };
      const step = await plan(inputs, on);
      expect(errors(step)).toBe('');
      expect(step.summary).toContain('### ❔ `prod/web`: not compared with what runs');
      expect(step.outputs['changed']).toBe('');
      on.file('task.json', '{ "family": "web", "containerDefinitions": [{ "image": "a:1" }] }');
      expect(errors(await plan(inputs, on))).toContain('task.json');
      on.file('task.json', JSON.stringify({ family: 'web', containerDefinitions: [{ name: 'web' }] }));
      const named = { ...inputs, cluster: 'cloudformation:Shop.Cluster', image: 'ecr:shop:main' };
      const unnamed = await plan(named, on);
      expect(errors(unnamed)).toContain('memory');
      expect(errors(unnamed)).not.toContain('AWS');
      expect(unnamed.summary).toContain('`Cluster/web`');
      delete on.env['AWS_REGION'];
      expect(errors(await plan(named, on))).toBe(errors(unnamed));
      expect(world.calls).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('where there is no pull request, no token that may write, and no wish for a comment', async () => {
    await onPullRequest({}, async ({ github, job, plan }) => {
      const change = { image: 'app:v9' };
      for (const [inputs, on, said] of [
        [change, job({ event: 'push' }), 'is not for a pull request'],
        [{ ...change, 'github-token': '' }, job(), 'There is no github-token'],
        [{ ...change, 'github-token': 'reads' }, job({ fork: true }), 'has a token that may not write'],
        [{ ...change, 'github-token': 'reads' }, job(), 'pull-requests: write'],
        [{ ...change, comment: 'false' }, job(), ''],
      ] as const) {
        const step = await plan(inputs, on);
        expect(step.code).toBe(0);
        expect(step.log).toContain(said);
        expect(step.summary).toContain('`app:v9`');
        expect(step.outputs['comment-url']).toBe('');
      }
      expect(github.comments).toEqual([]);
      expect(github.calls.filter((call) => !call.startsWith('GET'))).toHaveLength(2);
      return TAKEN_BACK;
    });
  });
});
