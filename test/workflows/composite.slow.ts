import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inWorld, type TestWorld } from '../bundle/world.ts';
import { inMigrations } from '../migrations/migrate-world.ts';
import { StagedRelease } from './act.ts';
import { answering } from './calling.ts';
import { CompositeRun } from './composite.ts';

let release: StagedRelease;

beforeAll(() => {
  release = new StagedRelease();
});

afterAll(() => release.end());

const INPUTS = {
  cluster: 'prod',
  service: 'web',
  image: 'app:v2',
  steps: '50% for 1m',
  gates: 'crashes = 0',
};

/** What the action has made of web:1 is newer than the other revisions of that world. */
const RELEASED = { runs: 'web:4' };

/** The root action as a step of the workflow run `run`. */
async function inComposite<T>(
  world: TestWorld,
  inputs: Readonly<Record<string, string>>,
  play: (composite: CompositeRun) => Promise<T>,
  run = '1001',
): Promise<T> {
  world.allow(50);
  const composite = new CompositeRun(release.tree, { ...INPUTS, ...inputs }, world.job(run).env);
  try {
    return await play(composite);
  } finally {
    composite.end();
  }
}

/** Another run of the same workflow releases to the end, and cleans what the first one left. */
async function expectNextRunReleases(world: TestWorld): Promise<void> {
  const next = await inComposite(world, {}, ({ done }) => done, '1002');
  expect(next.outputs, next.log).toMatchObject({ outcome: 'promoted' });
  expect(next.status).toBe('success');
}

const shareNow = (world: TestWorld): number => {
  const newest = new Map(world.shifts.map(({ target, share }) => [target, share]));
  return Math.max(0, ...newest.values());
};

describe.concurrent('the root action when its job is cancelled', () => {
  it('in the canary: traffic is back on the former revision, the test does not begin, the post step cleans up', () =>
    inWorld({ scale: 200 }, (world) =>
      inComposite(world, { 'smoke-test-url': 'http://127.0.0.1:9' }, async (composite) => {
        const canary = await composite.begun('canary');
        await canary.says('the end of the step 50%');
        composite.cancel();
        const end = await composite.done;
        expect(end.status).toBe('cancelled');
        expect(end.outcomes).toEqual({
          'check-test': 'success',
          preflight: 'success',
          render: 'success',
          canary: 'cancelled',
        });
        expect(end.outputs).toMatchObject({ outcome: 'rolled-back', 'smoke-test': '' });
        expect(shareNow(world)).toBe(0);
        const posts = await composite.post();
        expect(posts.map(({ code }) => code)).toEqual([0]);
        await expectNextRunReleases(world);
        return RELEASED;
      }),
    ));

  it('in the migration: its task is stopped, the lock is free, and the canary never starts', () =>
    inMigrations({}, async (world) => {
      const inputs = { 'migrate-command': '["sh", "-c", "echo started; exec sleep 60"]' };
      await inComposite(world.world, inputs, async (composite) => {
        const migrate = await composite.begun('migrate');
        await migrate.says(/^started$/m);
        composite.cancel();
        const end = await composite.done;
        expect(end.status).toBe('cancelled');
        expect(end.outcomes).toEqual({
          preflight: 'success',
          render: 'success',
          check: 'success',
          'check-migration': 'success',
          migrate: 'cancelled',
        });
        const posts = await composite.post();
        // One of the dry run, too.
        expect(posts.map(({ code }) => code)).toEqual([0, 0]);
      });
      expect((await world.lock())['lock']).toBe('free');
      expect(world.calls('StopTask')).toHaveLength(1);
      expect(world.calls('CreateTargetGroup')).toHaveLength(0);
      expect(world.calls('UpdateService')).toHaveLength(0);
    }));

  it('after the promotion, in the test: what was promoted stays', () =>
    answering(503, (url) =>
      inWorld({ scale: 200 }, (world) =>
        inComposite(world, { 'smoke-test-url': url }, async (composite) => {
          const test = await composite.begun('smoke-test');
          await test.says('503');
          composite.cancel();
          const end = await composite.done;
          expect(end.outcomes).toMatchObject({ canary: 'success', 'smoke-test': 'cancelled' });
          expect(end.outputs).toMatchObject({ outcome: 'promoted', 'smoke-test': '' });
          expect((await composite.post()).map(({ code }) => code)).toEqual([0]);
          return RELEASED;
        }),
      ),
    ));
});

describe.concurrent('the root action', () => {
  it('whose canary is killed has its traffic back after the post step, and the next run releases', () =>
    inWorld({ scale: 200 }, (world) =>
      inComposite(world, {}, async (composite) => {
        const canary = await composite.begun('canary');
        await canary.says('the end of the step 50%');
        canary.process.kill('SIGKILL');
        const end = await composite.done;
        expect(end.status).toBe('failure');
        expect(end.outcomes).toEqual({ preflight: 'success', render: 'success', canary: 'failure' });
        expect(shareNow(world)).toBe(50);
        const posts = await composite.post();
        expect(posts.map(({ code }) => code)).toEqual([0]);
        expect(shareNow(world)).toBe(0);
        await expectNextRunReleases(world);
        return RELEASED;
      }),
    ));

  it('answers that it was promoted, or taken back for its failed test, or kept all the same', () =>
    answering(200, (good) =>
      answering(503, (bad) =>
        inWorld({ scale: 400 }, async (world) => {
          const end = (inputs: Readonly<Record<string, string>>, run: string) =>
            inComposite(world, inputs, ({ done }) => done, run);
          const back = await end({ 'smoke-test-url': bad }, '1001');
          expect(back.status).toBe('failure');
          expect(back.outcomes).toMatchObject({
            canary: 'success',
            'smoke-test': 'failure',
            'roll-back': 'success',
          });
          expect(back.outputs).toMatchObject({
            outcome: 'rolled-back',
            reason: expect.stringContaining('the smoke test after the release failed'),
            'smoke-test': 'failed',
            'task-definition-arn': expect.stringMatching(/web:4$/),
          });
          const kept = await end({ 'smoke-test-url': bad, 'on-smoke-test-failure': 'keep' }, '1002');
          expect(kept.status).toBe('failure');
          expect(kept.outputs).toMatchObject({ outcome: 'promoted', 'smoke-test': 'failed' });
          const fine = await end({ 'smoke-test-url': good }, '1003');
          expect(fine.status).toBe('success');
          expect(fine.outputs).toMatchObject({ outcome: 'promoted', 'smoke-test': 'passed' });
          return RELEASED;
        }),
      ),
    ));

  it('does not go back to code that the migration has left behind', () =>
    answering(503, (url) =>
      inMigrations({ scale: 100, rate: 20 }, (world) =>
        inComposite(
          world.world,
          {
            'migrate-command': '["sh", "-c", "echo dropped"]',
            'migrate-compatible': 'false',
            'smoke-test-url': url,
          },
          async ({ done }) => {
            const { outputs, outcomes, log } = await done;
            expect(outcomes).toMatchObject({ 'smoke-test': 'failure', 'roll-back': 'failure' });
            expect(log).toContain('does not work with the database');
            expect(outputs).toMatchObject({
              outcome: 'rollback-failed',
              migration: 'migrated',
              'smoke-test': 'failed',
            });
          },
        ),
      ),
    ));
});
