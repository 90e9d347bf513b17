import { describe, expect, it } from 'vitest';
import { ConfigError, DeployError } from '../../src/errors.ts';
import { readJournal } from '../../src/migrations/journal.ts';
import {
  type HeldLock,
  LOCK_TAG,
  type LockRequest,
  lockParameter,
  takeLock,
} from '../../src/migrations/lock.ts';
import { CALM, LockedCloud, order, outage, request, START } from './lock-world.ts';

const MINUTE = 60_000;

interface Taking {
  readonly said: string[];
  held?: HeldLock;
  /** When it was taken or refused, in ms from the start. */
  after?: number;
  refusal?: unknown;
}

function take(cloud: LockedCloud, wanted: LockRequest, cancelled?: AbortSignal): Taking {
  const taking: Taking = { said: [] };
  const ended = () => {
    taking.after = cloud.clock.now - START;
  };
  takeLock('prod/web', wanted, cloud.world(taking.said, 0, cancelled)).then(
    (held) => {
      taking.held = held;
      ended();
    },
    (refusal: unknown) => {
      taking.refusal = refusal;
      ended();
    },
  );
  return taking;
}

/** Lets `ms` pass, counted from the start. */
const playTo = async (cloud: LockedCloud, ms: number): Promise<void> => {
  await cloud.clock.play(ms);
  cloud.clock.now = Math.max(cloud.clock.now, START + ms);
};

async function holder(cloud: LockedCloud, run = 1): Promise<HeldLock> {
  const taking = take(cloud, request(run));
  await playTo(cloud, cloud.clock.now - START);
  if (!taking.held) throw new Error('the lock was not taken');
  return taking.held;
}

describe('a lock that nobody holds', () => {
  it('is taken at once, by one write', async () => {
    const cloud = new LockedCloud();
    const first = take(cloud, request(1));
    await playTo(cloud, 0);
    expect(first).toMatchObject({ after: 0, said: [], held: { steps: [], startBefore: START + 90_000 } });
    expect(cloud.log).toHaveLength(1);
    expect(cloud.calls).toBe(3);
  });

  it('is taken by one of many at once', async () => {
    const cloud = new LockedCloud({ ...CALM, lag: () => 3_000, delay: () => 200 });
    const all = Array.from({ length: 20 }, (_, run) => take(cloud, request(run + 1)));
    await playTo(cloud, MINUTE);
    expect(all.filter(({ held }) => held)).toHaveLength(1);
  });

  it('is found again by what was written when the answer was lost', async () => {
    let calls = 0;
    const cloud = new LockedCloud({ ...CALM, fails: () => (++calls === 2 ? 'after' : undefined) });
    const first = take(cloud, request(1));
    await playTo(cloud, MINUTE);
    expect(first.after).toBe(0);
    expect(cloud.log).toHaveLength(1);
  });
});

describe('a lock that somebody holds', () => {
  it('is waited for, and who holds it and for how long is said every minute', async () => {
    const cloud = new LockedCloud();
    const first = await holder(cloud);
    const ecs = cloud.ecs();
    cloud.durations.set('t1', 6 * MINUTE);
    await ecs.run(order(1, 't1'));
    await playTo(cloud, 1_000);
    const second = take(cloud, request(2));
    await playTo(cloud, 4 * MINUTE);
    await first.release();
    await playTo(cloud, 5 * MINUTE);
    expect(second.held?.steps).toEqual([]);
    expect(second.after).toBeLessThanOrEqual(4 * MINUTE + 20_000);
    const start =
      'The lock prod/web is held by https://github.com/org/web/actions/runs/1/attempts/1 since 2026-11-21T22:00:00Z';
    const end = 'waiting until 2026-11-21T23:00:01Z at the latest';
    const task = '0'.repeat(31);
    expect(second.said).toEqual([
      `${start} (1s), running "alembic upgrade head"; ${end}`,
      `${start} (1m1s), running "alembic upgrade head"; ${end}`,
      `${start} (2m20s), running "alembic upgrade head"; its task ${task}1 is RUNNING; ${end}`,
      `${start} (3m20s), running "alembic upgrade head"; its task ${task}1 is RUNNING; ${end}`,
    ]);
  });

  it('asks AWS at most 20 times a minute', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    await cloud.ecs().run(order(1, 't1'));
    cloud.durations.set('t1', 30 * MINUTE);
    take(cloud, request(2));
    await playTo(cloud, 3 * MINUTE);
    const before = cloud.calls;
    await playTo(cloud, 13 * MINUTE);
    // A long history is read in up to three pages, and this one in one.
    expect((cloud.calls - before) / 10 + 2 * 3).toBeLessThanOrEqual(20);
  });

  it('is given up on after lock-wait, with the holder and the way out', async () => {
    const cloud = new LockedCloud();
    const first = await holder(cloud);
    cloud.durations.set('t1', 30 * MINUTE);
    const { arn: task } = await cloud.ecs().run(order(1, 't1'));
    await first.note([{ token: 't1', task }]);
    const second = take(cloud, request(2, 1, { waitMs: 5 * MINUTE }));
    await playTo(cloud, 6 * MINUTE);
    expect(second.after).toBe(5 * MINUTE);
    expect(second.refusal).toBeInstanceOf(DeployError);
    expect(second.refusal).toMatchObject({
      message: expect.stringMatching(
        /^gave up waiting: the lock prod\/web is held by \S+\/runs\/1\/attempts\/1 since 2026-11-21T22:00:00Z \(5m\), running "alembic upgrade head"; its task 0{31}1 is RUNNING$/,
      ),
      state: 'Nothing was changed by this run.',
      next: `Let that run come to its end, then run this step again; or give it a longer lock-wait. A lock whose run is dead frees itself 2m after the run's last word and the end of its task. If the task hangs, stop it: aws ecs stop-task --cluster prod --task ${'0'.repeat(31)}1`,
    });
    expect(cloud.log).toHaveLength(2);
  });

  it('is let go of when the run is cancelled while it waits', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    const cancel = new AbortController();
    const second = take(cloud, request(2), cancel.signal);
    await playTo(cloud, MINUTE);
    cancel.abort();
    await playTo(cloud, MINUTE);
    expect(second).toMatchObject({
      after: MINUTE,
      refusal: {
        message: 'cancelled while waiting for the lock prod/web',
        state: 'Nothing was changed by this run.',
      },
    });
    expect(cloud.log).toHaveLength(1);
  });

  it('frees itself two minutes after the last word of a run that started nothing', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    const second = take(cloud, request(2));
    await playTo(cloud, 5 * MINUTE);
    expect(second.after).toBe(2 * MINUTE);
    expect(second.said.at(-1)).toMatch(/Taking over the lock prod\/web, which \S+ has left without a word/);
  });

  it('is not taken too early by a run whose clock is fast, which does not fill the log with tries either', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    const fast = takeLock('prod/web', request(2), cloud.world([], 90_000));
    await playTo(cloud, 5 * MINUTE);
    await fast;
    const taken = readJournal(cloud.log).last;
    expect(taken?.hold.runKey).toBe('key-2');
    expect((taken?.at ?? 0) - START).toBeGreaterThanOrEqual(2 * MINUTE);
    expect((taken?.at ?? 0) - START).toBeLessThanOrEqual(2 * MINUTE + 15_000);
    expect(cloud.log.length).toBeLessThanOrEqual(9);
  });

  it('frees itself two minutes after the task of a dead run has ended, noted or not', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    await cloud.clock.play(1_000);
    cloud.durations.set('t1', 10 * MINUTE);
    await cloud.ecs().run(order(1, 't1'));
    const first = take(cloud, request(2));
    await playTo(cloud, 9 * MINUTE);
    expect(first.held).toBeUndefined();
    await playTo(cloud, 15 * MINUTE);
    // ECS lists a task that was not noted only until it has ended.
    expect(first.after).toBeLessThanOrEqual(10 * MINUTE + 15_000);

    const noted = new LockedCloud();
    const held = await holder(noted);
    noted.durations.set('t1', 10 * MINUTE);
    const { arn: task } = await noted.ecs().run(order(1, 't1'));
    await held.note([{ token: 't1', task }]);
    const second = take(noted, request(2));
    await playTo(noted, 20 * MINUTE);
    expect(second.after).toBe(12 * MINUTE);
    expect(second.said.join('\n')).toContain('has just ended');
  });

  it('is not held by a task that the same run has for another database', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    cloud.durations.set('t1', 10 * MINUTE);
    await cloud.ecs().run({ ...order(1, 't1'), tags: { [LOCK_TAG]: 'prod/other' } });
    const second = take(cloud, request(2));
    await playTo(cloud, 5 * MINUTE);
    expect(second.after).toBe(2 * MINUTE);
  });

  it('is taken at once by the next attempt of the same run, with its steps', async () => {
    const cloud = new LockedCloud();
    const first = await holder(cloud);
    cloud.durations.set('t1', 10 * MINUTE);
    const { arn: task } = await cloud.ecs().run(order(1, 't1'));
    const steps = [
      { token: 't0', exitCode: 0 },
      { token: 't1', task },
    ];
    await first.note(steps);
    const again = take(cloud, request(1, 2));
    await playTo(cloud, 0);
    expect(again).toMatchObject({ after: 0, held: { steps } });
    await expect(first.note(steps)).rejects.toThrow(
      'this run has lost the lock prod/web: it is held by https://github.com/org/web/actions/runs/1/attempts/2',
    );
  });

  it('waits on when ECS does not say whether a task of it runs', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    const world = cloud.world();
    const blind = { ...world.tasks, startedBy: () => Promise.reject(outage()) };
    const said: string[] = [];
    const second = takeLock('prod/web', request(2, 1, { waitMs: 3 * MINUTE }), {
      ...world,
      tasks: blind,
      say: (line) => said.push(line),
    });
    second.catch(() => undefined);
    await playTo(cloud, 4 * MINUTE);
    await expect(second).rejects.toThrow('whether a task of it runs, ECS does not say: socket hang up');
  });
});

describe('a holder', () => {
  it('stops before it starts anything when its hold has run out and somebody else has the lock', async () => {
    const cloud = new LockedCloud();
    const first = await holder(cloud);
    const second = take(cloud, request(2));
    await playTo(cloud, 3 * MINUTE);
    expect(second.held).toBeDefined();
    expect(first.startBefore).toBeLessThan(cloud.clock.now);
    const failure = await first.note([{ token: 't1' }]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeployError);
    expect(failure).toMatchObject({
      message: expect.stringContaining(
        'lost the lock prod/web: it is held by https://github.com/org/web/actions/runs/2',
      ),
      state: expect.stringContaining('Nothing was started after that'),
    });
  });

  it('whose task appears only after somebody has taken its lock is outlasted', async () => {
    const cloud = new LockedCloud();
    await holder(cloud);
    const second = take(cloud, request(2));
    await playTo(cloud, 2 * MINUTE - 1);
    // The order left before the hold ran out, and arrives after the take.
    cloud.durations.set('late', 5 * MINUTE);
    cloud.onWrite = () => void cloud.ecs().run(order(1, 'late'));
    await playTo(cloud, 3 * MINUTE);
    expect(cloud.tasks).toHaveLength(1);
    expect(second.held).toBeUndefined();
    await playTo(cloud, 8 * MINUTE);
    expect(second.held?.startBefore).toBeGreaterThan(cloud.clock.now - MINUTE);
  });

  it('leaves what became of its migration on record', async () => {
    const cloud = new LockedCloud();
    const first = await holder(cloud);
    const record = {
      holder: request(1).holder,
      runKey: 'key-1',
      at: START,
      outcome: 'migrated' as const,
      command: 'alembic upgrade head',
      compatible: true,
      backups: ['db-pre-deploy'],
    };
    await first.release(record, [{ token: 't1', exitCode: 0 }]);
    const { last } = readJournal(cloud.log);
    expect(last).toMatchObject({ free: true, record, hold: { steps: [{ token: 't1', exitCode: 0 }] } });
    const again = take(cloud, request(1, 2));
    await playTo(cloud, 0);
    expect(again.held?.steps).toEqual([{ token: 't1', exitCode: 0 }]);
  });

  it('does not fail because the lock cannot be given back', async () => {
    const cloud = new LockedCloud();
    const said: string[] = [];
    const world = cloud.world(said);
    const taking = takeLock('prod/web', request(1), {
      ...world,
      parameters: {
        ...world.parameters,
        append: (name, value) =>
          cloud.log.length === 0 ? world.parameters.append(name, value) : Promise.reject(outage()),
      },
    });
    await cloud.clock.play(0);
    const released = (await taking).release();
    await cloud.clock.play(10 * MINUTE);
    await released;
    expect(said).toEqual([
      'The lock prod/web was not given back: Systems Manager does not show what was written to /deploy-actions/migrations/prod/web. A lock frees itself within 2m.',
    ]);
  });

  it('with more tries than have room forgets those that failed first', async () => {
    const cloud = new LockedCloud();
    const first = await holder(cloud);
    const tries = Array.from({ length: 40 }, (_, n) => ({ token: `t${n}`, exitCode: n < 15 ? 1 : 0 }));
    await first.note(tries);
    expect(first.steps).toEqual(tries.slice(10));
  });
});

describe('the log of a lock', () => {
  it('that makes no sense is left alone, and the error says how to get out', async () => {
    const cloud = new LockedCloud({ ...CALM, kept: 2 });
    for (const version of [1, 2, 3]) cloud.log.push({ version, value: 'scribble', at: START });
    const taking = take(cloud, request(1));
    await playTo(cloud, MINUTE);
    expect(taking.refusal).toMatchObject({
      message: expect.stringContaining('nobody can say who holds the lock prod/web'),
      state: 'Nothing was changed by this run.',
      next: expect.stringContaining('aws ssm delete-parameter --name /deploy-actions/migrations/prod/web'),
    });
    expect(cloud.log).toHaveLength(3);
  });

  it.each(['two words', '', '/web', 'web/', 'a//b', 'ü', `${'a/'.repeat(11)}a`])(
    'is not called "%s"',
    (name) => {
      expect(() => lockParameter(name)).toThrow(ConfigError);
    },
  );
});
