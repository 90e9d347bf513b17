import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inWorld, PROMOTED, TAKEN_BACK } from '../bundle/world.ts';
import { check } from './description.ts';
import { type GithubServer, startGithub } from './github-server.ts';
import { onEnvironment as onAny, SHA, type Stage } from './on-environment.ts';

const OTHER_SHA = 'b'.repeat(40);
const FAILING = { behaviours: { 'app:v2': { errorRate: 0.3 } } } as const;
/** The default gates, on a bake that is long enough for them. */
const JUDGED = { gates: '', steps: '50% for 10m' };

const onEnvironment = (options: Parameters<typeof onAny>[0], play: Parameters<typeof onAny>[1]) =>
  onAny({ check, scale: 200, ...options }, play);

const lastOf = ({ deployments }: GithubServer, index: number) => deployments[index]?.statuses.at(-1);
const warnings = (log: string): readonly string[] =>
  [...log.matchAll(/^::warning::(.*not up to date.*)$/gm)].map(([, text = '']) => text);

/** A deployment of the service that was there before. */
function deployed(
  { deployments }: GithubServer,
  taskDefinition: string,
  { sha = OTHER_SHA, service = 'web', state = 'success', environment = 'production', task = 'deploy' } = {},
): void {
  const made = {
    id: 5_000 + deployments.length,
    sha,
    task: `${task}:prod/${service}`,
    environment,
    payload: {
      region: 'eu-west-1',
      cluster: 'prod',
      service,
      rollout: `former-${taskDefinition}`,
      taskDefinition,
    },
    production: environment === 'production',
    statuses: [{ state, description: '', log_url: '', environment_url: '' }],
  };
  (deployments as (typeof made)[]).push(made);
}

describe.concurrent('a release', () => {
  test('that is promoted replaces the one before it, and nothing of other services', async () => {
    const of = { environment: 'staging' };
    await onEnvironment({}, async ({ github, release, states }) => {
      deployed(github, 'web:1', of);
      deployed(github, 'admin:7', { ...of, service: 'admin' });
      deployed(github, 'web:1', { environment: 'production' });
      const step = await release({ environment: 'staging' });
      expect(step.code, step.log).toBe(0);
      expect(states()).toEqual(['success inactive', 'success', 'success', 'success']);
      expect(lastOf(github, 0)?.description).toBe('Replaced by web:2');
      return PROMOTED;
    });
  });

  test('that is taken back fails with the reason, and the one before it stays', async () => {
    await onEnvironment({ ...FAILING, scale: 120 }, async ({ github, release, states }) => {
      deployed(github, 'web:1');
      const step = await release(JUDGED);
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(states()).toEqual(['success', 'failure']);
      expect(lastOf(github, 1)?.description).toMatch(/^Taken back: error-rate vs stable: /);
      expect(step.outputs['deployment-id']).toBe('5001');
      return TAKEN_BACK;
    });
  });

  test('that fails before anything is changed is an error with the reason', async () => {
    await onEnvironment({}, async ({ github, start, job, states }) => {
      const step = await start({ 'task-definition': 'web:99' }, job()).done;
      expect(step.code).toBe(1);
      expect(states()).toEqual(['error']);
      expect(lastOf(github, 0)?.description).toContain('there is no task definition "web:99"');
      return TAKEN_BACK;
    });
  });

  test('with nothing to release is a success that stands, or one more', async () => {
    await onEnvironment({}, async ({ github, release, job, states }) => {
      const first = await release({ 'task-definition': 'web:1' });
      expect(first.code, first.log).toBe(0);
      expect(states()).toEqual(['success']);
      expect(github.deployments[0]?.sha).toBe(SHA);
      const second = await release({ 'task-definition': 'web:1' }, job('1002', OTHER_SHA));
      expect(second.outputs['deployment-id']).toBe(first.outputs['deployment-id']);
      expect(states()).toEqual(['success']);
      return TAKEN_BACK;
    });
  });

  test('makes no deployment in a dry run', async () => {
    await onEnvironment({}, async ({ github, release }) => {
      const step = await release({ 'dry-run': 'true' });
      expect(step.code, step.log).toBe(0);
      expect(github.calls).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('without an environment asks GitHub nothing', async () => {
    const github = await startGithub();
    try {
      await inWorld({ scale: 300 }, async (world) => {
        const job = world.job();
        Object.assign(job.env, { GITHUB_SHA: SHA, GITHUB_API_URL: github.url });
        const main = await world.release({ gates: 'crashes = 0', steps: '50% for 1m' }, job);
        const post = await job.post('canary', main);
        const rollback = await job.run('rollback', { cluster: 'prod', service: 'web', to: '2' });
        expect([main.code, post.code, rollback.code], main.log).toEqual([0, 0, 0]);
        expect(github.calls).toEqual([]);
        return PROMOTED;
      });
    } finally {
      await github.close();
    }
  });

  test('takes its environment from the config file', async () => {
    await onEnvironment({}, async ({ github, job, world }) => {
      const on = job();
      on.file(
        'canary.yml',
        'environment: blue\nenvironment-url: https://blue.example.com\ngates: crashes = 0\n',
      );
      const inputs = { config: 'canary.yml', 'task-definition': 'web:1', 'github-token': 'secret' };
      const step = await world.release(inputs, on);
      expect(step.code, step.log).toBe(0);
      expect(github.deployments[0]).toMatchObject({
        environment: 'blue',
        statuses: [{ state: 'success', environment_url: 'https://blue.example.com' }],
      });
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('a release whose run', () => {
  test.each([
    ['before the canary has traffic', 'Start the canary service'],
    ['in a bake', 'the end of the step 50%'],
  ])('is cancelled %s fails', async (_, says) => {
    await onEnvironment({}, async ({ github, start, job, states, world }) => {
      const on = job();
      const running = start({ steps: '50% for 5m' }, on);
      await running.says(says);
      const main = await running.cancel();
      expect(main.signal).toBeNull();
      const post = await on.post('canary', main, { 'github-token': 'secret' });
      expect(post.code, post.log).toBe(0);
      expect(states()).toEqual(['failure']);
      expect(lastOf(github, 0)?.description).toBe('Taken back: the run was cancelled (SIGINT)');
      await world.clock.sleep(60_000);
      return { ...TAKEN_BACK, leftovers: true };
    });
  });

  test('is killed by the runner is ended by the post step', async () => {
    await onEnvironment({}, async ({ start, job, states, github, world }) => {
      const on = job();
      const running = start({ steps: '50% for 5m' }, on);
      await running.says('the end of the step 50%');
      world.kill();
      const main = await running.done;
      expect(states()).toEqual(['in_progress']);
      const post = await on.post('canary', main, { 'github-token': 'secret' });
      expect(post.code, post.log).toBe(0);
      expect(states()).toEqual(['failure']);
      expect(lastOf(github, 0)?.description).toContain('its run ended before it had finished');
      return { ...TAKEN_BACK, leftovers: true };
    });
  });

  test('is killed before GitHub has answered is found by its rollout in the post step', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    let posts = 0;
    const before = async (method: string) => {
      if (method === 'POST' && ++posts === 2) await held;
    };
    await onEnvironment({ github: { before } }, async ({ start, job, states, world }) => {
      const on = job();
      const running = start({ steps: '50% for 5m' }, on);
      await running.says('the end of the step 50%');
      world.kill();
      const main = await running.done;
      release();
      const { deployment = '{}' } = main.state;
      const forgotten = JSON.stringify({ ...JSON.parse(deployment), told: { done: false } });
      const before = { ...main, state: { ...main.state, deployment: forgotten } };
      const post = await on.post('canary', before, { 'github-token': 'secret' });
      expect(post.code, post.log).toBe(0);
      expect(states()[0]).toMatch(/failure$/);
      return { ...TAKEN_BACK, leftovers: true };
    });
  });

  test('dies is gone on with by its next attempt, in the same deployment', async () => {
    await onEnvironment({ scale: 300 }, async ({ start, release, job, states, world }) => {
      const running = start();
      await running.says('the end of the step 50%');
      world.kill();
      await running.done;
      const second = await release({}, job('1001', SHA, 2));
      expect(second.outputs['outcome'], second.log).toBe('promoted');
      expect(states()).toEqual(['success']);
      expect(second.outputs['deployment-id']).toBe('5000');
      return PROMOTED;
    });
  });

  test('dies while it cleans up is a success that needs no other word', async () => {
    await onEnvironment({ scale: 300 }, async ({ start, release, job, states, github, world }) => {
      const running = start();
      await running.says('Remove the canary service');
      await world.clock.sleep(30_000);
      world.kill();
      await running.done;
      const second = await release({}, job('1001', SHA, 2));
      expect(second.outputs['outcome'], second.log).toBe('promoted');
      expect(states()).toEqual(['success']);
      expect(second.outputs['deployment-id']).toBe(String(github.deployments[0]?.id));
      return PROMOTED;
    });
  });

  test('dies twice is still found', async () => {
    await onEnvironment({ scale: 300 }, async ({ start, release, job, states, world }) => {
      for (const attempt of [1, 2]) {
        const running = start({ steps: '50% for 20m' }, job('1001', SHA, attempt));
        await running.says('the end of the step 50%');
        world.kill();
        await running.done;
      }
      const third = await release({}, job('1001', SHA, 3));
      expect(third.outputs['outcome'], third.log).toBe('promoted');
      expect(states()).toEqual(['success']);
      return PROMOTED;
    });
  });

  test('dies fails when a later run takes it back for another release', async () => {
    await onEnvironment({ scale: 120 }, async ({ github, start, release, job, states, world }) => {
      const running = start({ steps: '50% for 20m' });
      await running.says('the end of the step 50%');
      world.kill();
      await running.done;
      const second = await release({ 'task-definition': 'web:3' }, job('1002', OTHER_SHA));
      expect(second.outputs['outcome'], second.log).toBe('promoted');
      expect(states()).toEqual(['failure', 'success']);
      expect(second.outputs['deployment-id']).toBe('5001');
      expect(github.deployments[1]?.sha).toBe(OTHER_SHA);
      return { runs: 'web:3' };
    });
  });

  test('is at it makes a second run that is refused an error, and goes on', async () => {
    await onEnvironment({}, async ({ github, start, release, job, states }) => {
      const first = start({ steps: '50% for 6m' });
      await first.says('the end of the step');
      const second = await release({ 'task-definition': 'web:3' }, job('1002'));
      expect(second.code).toBe(1);
      expect((await first.done).outputs['outcome']).toBe('promoted');
      expect(states()).toEqual(['success', 'error']);
      expect(github.deployments[1]?.statuses[0]?.description).toContain(
        'is rolling out prod/web at the same time',
      );
      return PROMOTED;
    });
  });
});

describe.concurrent('a rollback', () => {
  const shop = { images: ['app:v1', 'app:v2', 'app:v3'], scale: 200 };
  /** As somebody has released web:2 by hand. */
  const onSecond = async ({ world }: Stage) => {
    await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:2' });
    await world.clock.sleep(5 * 60_000);
  };

  test('is a deployment of the commit that the good revision came from, and ends the bad one', async () => {
    await onEnvironment(shop, async (stage) => {
      const { github, rollback, states } = stage;
      await onSecond(stage);
      deployed(github, 'web:1', { state: 'inactive' });
      deployed(github, 'web:2', { sha: SHA });
      const step = await rollback({ to: '1', reason: 'orders fail' });
      expect(step.code, step.log).toBe(0);
      expect(states()).toEqual(['inactive', 'success inactive', 'success']);
      expect(github.deployments[2]).toMatchObject({ sha: OTHER_SHA, task: 'rollback:prod/web' });
      expect(lastOf(github, 2)?.description).toBe('web:1 runs: orders fail');
      expect(step.outputs['deployment-id']).toBe('5002');
      return TAKEN_BACK;
    });
  });

  test("is one of the run's commit where the other is not known, or gone", async () => {
    await onEnvironment({ ...shop, github: { unknownCommits: [OTHER_SHA] } }, async (stage) => {
      const { github, rollback, states } = stage;
      await onSecond(stage);
      deployed(github, 'web:1');
      const step = await rollback({ to: '1' });
      expect(step.code, step.log).toBe(0);
      expect(states()).toEqual(['success inactive', 'success']);
      expect(github.deployments[1]?.sha).toBe(SHA);
      return TAKEN_BACK;
    });
  });

  test('that others have forestalled is none', async () => {
    await onEnvironment(shop, async ({ github, rollback }) => {
      deployed(github, 'web:1');
      const step = await rollback({ 'only-from': 'web:2', to: '3' });
      expect(step.code, step.log).toBe(0);
      expect(step.outputs).toMatchObject({ outcome: 'superseded', 'deployment-id': '' });
      expect(github.deployments).toHaveLength(1);
      return TAKEN_BACK;
    });
  });

  test('of a rollout that is under way fails its deployment, and makes one of what runs again', async () => {
    await onEnvironment({}, async ({ github, start, rollback, states }) => {
      deployed(github, 'web:1');
      const running = start({ steps: '10% for 2m\n50% for 10m' });
      await running.says('the end of the step 10%');
      const step = await rollback({ reason: 'orders fail' });
      expect(step.code, step.log).toBe(0);
      await running.done;
      // The other run may have had a word to say before it heard that the rollout was no longer its own.
      expect(github.deployments.map((_, index) => lastOf(github, index)?.state)).toEqual([
        'inactive',
        'failure',
        'success',
      ]);
      expect(states()[0]).toBe('success inactive');
      expect(github.deployments[2]?.sha).toBe(OTHER_SHA);
      return TAKEN_BACK;
    });
  });

  test('without an environment leaves it to the run that was at it to say the end', async () => {
    // Slow, so that what is throttled is not given up before the other run has ended.
    await onEnvironment({ scale: 60 }, async ({ github, start, job, states, rollback, world }) => {
      const running = start({ steps: '10% for 2m\n50% for 10m' });
      await running.says('the end of the step 10%');
      // So that it finds out by itself that the rollout is no longer its own.
      world.simulator.faults.add({ kind: 'throttle', operation: 'ModifyRule' });
      world.simulator.faults.add({ kind: 'throttle', operation: 'ModifyListener' });
      await running.says('Shift 50%');
      const rolledBack = rollback({ environment: '', 'environment-url': '' }, job('2001'));
      const canary = await running.done;
      world.simulator.faults.clear();
      expect((await rolledBack).code).toBe(0);
      expect(canary.log).toContain('taken over by');
      expect(states()).toEqual(['failure']);
      expect(lastOf(github, 0)?.description).toBe(
        'the rollout was taken over by https://github.com/org/web/actions/runs/2001/attempts/1',
      );
      return TAKEN_BACK;
    });
  });

  test('with nothing to do leaves the success that stands', async () => {
    await onEnvironment({}, async ({ github, rollback, states }) => {
      deployed(github, 'web:1');
      const step = await rollback({ to: '1' });
      expect(step.outputs['outcome'], step.log).toBe('unchanged');
      expect(states()).toEqual(['success']);
      expect(step.outputs['deployment-id']).toBe('5000');
      return TAKEN_BACK;
    });
  });

  test('that is refused is an error', async () => {
    await onEnvironment({}, async ({ github, rollback, states }) => {
      const step = await rollback({ to: '99' });
      expect(step.code).toBe(1);
      expect(states()).toEqual(['error']);
      expect(github.deployments[0]?.task).toBe('rollback:prod/web');
      return TAKEN_BACK;
    });
  });
});

/** ms of the world's time from the decision to take the release back to the answer to the first call that does. */
function wayBack(record: string): number {
  const { entries } = JSON.parse(record) as {
    entries: {
      kind: string;
      at: number;
      ms?: number;
      phase?: { kind: string };
      service?: string;
      operation?: string;
    }[];
  };
  const decided = entries.findIndex(
    ({ kind, phase }) => kind === 'decision' && phase?.kind === 'rolling-back',
  );
  const back = entries
    .slice(decided)
    .find(({ kind, operation = '' }) => kind === 'call' && /Modify(Rule|Listener)$/.test(operation));
  return (back?.at ?? Number.POSITIVE_INFINITY) - (entries[decided]?.at ?? 0);
}

describe.concurrent('trouble with GitHub', () => {
  test('a token that may not write leads to one warning, and the release goes its way', async () => {
    await onEnvironment({}, async ({ github, release, job }) => {
      const on = job();
      const step = await release({ 'github-token': 'reader' }, on);
      expect(step.code, step.log).toBe(0);
      expect(step.outputs['outcome']).toBe('promoted');
      expect(warnings(step.log)).toEqual([
        expect.stringMatching(
          /not accessible by integration.*give the job "permissions: deployments: write"/,
        ),
      ]);
      expect(step.log).toContain('::add-mask::reader');
      expect(github.calls).toHaveLength(1);
      const post = await on.post('canary', step, { 'github-token': 'reader' });
      expect(post.log).not.toContain('add-mask');
      return PROMOTED;
    });
  });

  test('an outage that ends is made up for', async () => {
    const faults = Array.from({ length: 4 }, () => ['POST', { kind: 'outage' }] as const);
    await onEnvironment({ github: { faults } }, async ({ release, states }) => {
      const step = await release();
      expect(step.code, step.log).toBe(0);
      expect(warnings(step.log)).toEqual([]);
      expect(states()).toEqual(['success']);
      return PROMOTED;
    });
  });

  test('an answer that is lost leads to no second deployment', async () => {
    await onEnvironment({ github: { faults: [['POST', { kind: 'lost-answer' }]] } }, async (stage) => {
      const step = await stage.release();
      expect(step.code, step.log).toBe(0);
      expect(stage.states()).toEqual(['success']);
      return PROMOTED;
    });
  });

  test('a rate limit is waited out', async () => {
    const faults = [['POST', { kind: 'retry-after', status: 403, seconds: 20 }]] as const;
    await onEnvironment({ github: { faults } }, async ({ release, states }) => {
      const step = await release();
      expect(step.code, step.log).toBe(0);
      expect(states()).toEqual(['success']);
      expect(warnings(step.log)).toEqual([]);
      return PROMOTED;
    });
  });

  test('an outage that lasts leads to one warning, and a release that is bad is taken back', async () => {
    const faults = Array.from({ length: 10_000 }, () => ['POST', { kind: 'outage' }] as const);
    await onEnvironment({ ...FAILING, scale: 120, github: { faults } }, async ({ release }) => {
      const step = await release(JUDGED);
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(warnings(step.log)).toHaveLength(1);
      return TAKEN_BACK;
    });
  });

  test('a GitHub that is silent while a run is cancelled hears of it from the post step', async () => {
    let silent = false;
    const before = () => (silent ? new Promise<void>(() => undefined) : undefined);
    await onEnvironment({ github: { before } }, async ({ start, job, states, world }) => {
      const on = job();
      const running = start({ steps: '50% for 5m' }, on);
      await running.says('the end of the step 50%');
      silent = true;
      const cancelled = performance.now();
      const main = await running.cancel();
      expect(main.signal).toBeNull();
      expect(performance.now() - cancelled).toBeLessThan(7_500);
      silent = false;
      const post = await on.post('canary', main, { 'github-token': 'secret' });
      expect(post.code, post.log).toBe(0);
      expect(states()).toEqual(['failure']);
      await world.clock.sleep(60_000);
      return { ...TAKEN_BACK, leftovers: true };
    });
  });

  test('a GitHub that is silent does not keep a rollback waiting', async () => {
    const before = () => new Promise<void>(() => undefined);
    await onEnvironment({ images: ['app:v1', 'app:v2'], github: { before } }, async ({ world, rollback }) => {
      await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:2' });
      await world.clock.sleep(5 * 60_000);
      const step = await rollback({ to: '1' });
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(warnings(step.log)).toEqual([expect.stringContaining('did not answer in time')]);
      expect(step.ms).toBeLessThan(10_000);
      return TAKEN_BACK;
    });
  });

  test('a GitHub that takes 30 s to answer does not keep the traffic from going back', async () => {
    const before = () => new Promise<void>((settle) => setTimeout(settle, 30_000).unref());
    const github = { before };
    await onEnvironment({ ...FAILING, scale: 60, github }, async ({ release }) => {
      const step = await release(JUDGED);
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      const back = wayBack(readFileSync(step.outputs['record'] ?? '', 'utf8')) / 60;
      console.log(`traffic went back ${back.toFixed(0)} ms after the decision`);
      expect(back).toBeLessThan(1_000);
      expect(warnings(step.log)).toHaveLength(1);
      return TAKEN_BACK;
    });
  });
});
