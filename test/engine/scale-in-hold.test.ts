import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { type Scaled, ScaleInHold } from '../../src/engine/scale-in-hold.ts';
import { DeployError } from '../../src/errors.ts';
import type { Scaling, ScheduledScaling } from '../../src/ports.ts';
import { apply, type ScalingState } from '../../src/rollout/scaling-hold.ts';
import { lastDue } from '../../src/schedule/occurrences.ts';

const MINUTE = 60_000;
const at = (time: string): number => Date.parse(`2026-01-05T${time}Z`);
const FREE = { scaleIn: false, scaleOut: false, schedule: false };
const HELD = { ...FREE, scaleIn: true };
const STABLE = { cluster: 'prod', name: 'web' } as Scaled['stable'];

const daily = (name: string, time: string, sets: { min?: number; max?: number }): ScheduledScaling => {
  const [hour, minute] = time.split(':').map(Number);
  return { name, schedule: `cron(${minute} ${hour} * * ? *)`, createdAt: 0, ...sets };
};

/** A scaler that carries its schedule out by itself, as AWS does. */
class Scaler implements Scaling {
  target: ScalingState = { min: 2, max: 10, suspended: FREE };
  actions: readonly ScheduledScaling[] = [];
  now: number;
  ledger: string | undefined;
  readonly warnings: string[] = [];
  readonly calls: object[] = [];
  /** What the next calls that change something come to. */
  readonly outcomes: ('refused' | 'lost')[] = [];
  denied = false;

  constructor(time: string, actions: readonly ScheduledScaling[] = []) {
    this.now = at(time);
    this.actions = actions;
  }

  pass(time: string): void {
    const until = at(time);
    const due = this.actions
      .flatMap((action) => {
        const moment = lastDue(action, this.now, until);
        return moment === undefined ? [] : [{ moment, action }];
      })
      .sort((one, other) => one.moment - other.moment);
    this.now = until;
    if (this.target.suspended.schedule) return;
    this.target = {
      ...this.target,
      ...apply(
        this.target,
        due.map(({ action }) => action),
      ),
    };
  }

  async find() {
    return this.target;
  }

  async schedule() {
    if (this.denied)
      throw new DeployError('AWS does not allow application-autoscaling:DescribeScheduledActions');
    return this.actions;
  }

  async set(_cluster: string, _service: string, change: object) {
    const outcome = this.outcomes.shift();
    if (outcome === 'refused') throw new Error('AWS is away');
    this.calls.push(change);
    this.target = { ...this.target, ...change };
    if (outcome === 'lost') throw new Error('the answer was lost');
  }

  /** What a run keeps in its memory; the next run has the ledger only. */
  run(): ScaleInHold {
    const clock = { now: () => this.now } as Clock;
    const site = { stable: STABLE, scaling: this.target, scalingUnknown: undefined };
    const write = async (text: string) => {
      this.ledger = text === '' ? undefined : text;
    };
    return new ScaleInHold(this, clock, site, this.ledger, write, (text) => this.warnings.push(text));
  }
}

describe('while a rollout runs', () => {
  it('only scale-in is held where no schedule takes tasks away', async () => {
    const scaler = new Scaler('07:50', [daily('morning', '08:00', { min: 8, max: 20 })]);
    const hold = scaler.run();
    expect(hold.state).toBe('free');
    await hold.hold(4);
    expect([hold.state, scaler.target.suspended]).toEqual(['held', HELD]);
    // AWS itself gives the morning's tasks.
    scaler.pass('08:01');
    hold.look(4);
    expect([hold.state, hold.bounds]).toEqual(['held', { min: 8, max: 20 }]);
    await hold.release();
    expect(scaler.target).toEqual({ min: 8, max: 20, suspended: FREE });
    expect([scaler.ledger, scaler.warnings]).toEqual([undefined, []]);
  });

  it.each([
    ['takes none of those that are needed', 4, HELD],
    ['takes some that are needed', 6, { ...HELD, schedule: true }],
  ])('a schedule that %s within the hour is left alone or held', async (_, needed, suspended) => {
    const scaler = new Scaler('19:30', [daily('evening', '20:00', { min: 1, max: 5 })]);
    await scaler.run().hold(needed);
    expect(scaler.target.suspended).toEqual(suspended);
  });

  it('a schedule is held when its time comes near, or when more tasks are needed', async () => {
    const scaler = new Scaler('18:30', [daily('evening', '20:00', { min: 1, max: 5 })]);
    const hold = scaler.run();
    await hold.hold(6);
    expect(scaler.target.suspended).toEqual(HELD);
    scaler.pass('18:59');
    hold.look(6);
    expect(hold.state).toBe('held');
    scaler.pass('19:01');
    hold.look(4);
    expect(hold.state).toBe('held');
    hold.look(6);
    expect(hold.state).toBe('behind');
    await hold.hold(6);
    expect([hold.state, scaler.target.suspended]).toEqual(['held', { ...HELD, schedule: true }]);
    scaler.pass('20:30');
    hold.look(6);
    expect(hold.state).toBe('held');
    expect(scaler.target).toMatchObject({ min: 2, max: 10 });
    await hold.release();
    expect(scaler.target).toEqual({ min: 1, max: 5, suspended: FREE });
  });

  it('a raise that falls into the hold of a schedule comes when it is due', async () => {
    const scaler = new Scaler('07:30', [
      daily('night', '07:45', { max: 3, min: 1 }),
      daily('morning', '08:00', { min: 8, max: 20 }),
    ]);
    const hold = scaler.run();
    await hold.hold(4);
    scaler.pass('07:59');
    hold.look(4);
    expect([hold.state, scaler.target.min]).toEqual(['held', 2]);
    scaler.pass('08:00');
    hold.look(4);
    expect(hold.state).toBe('behind');
    await hold.hold(4);
    expect(scaler.target).toMatchObject({ min: 8, max: 20 });
    hold.look(8);
    expect(hold.state).toBe('held');
    await hold.release();
    expect(scaler.target).toEqual({ min: 8, max: 20, suspended: FREE });
    expect(scaler.warnings).toEqual([]);
  });

  it('a raise that cannot be made is tried again later, and takes no release back', async () => {
    const scaler = new Scaler('07:30', [
      daily('night', '07:45', { max: 3 }),
      daily('morning', '08:00', { min: 8, max: 20 }),
    ]);
    const hold = scaler.run();
    await hold.hold(4);
    scaler.pass('08:00');
    scaler.outcomes.push('refused');
    hold.look(4);
    await hold.hold(4);
    expect(scaler.warnings).toEqual([
      'The autoscaler could not be told what its schedule asks for: AWS is away',
    ]);
    hold.look(4);
    expect(hold.state).toBe('held');
    scaler.now += MINUTE;
    hold.look(4);
    expect(hold.state).toBe('behind');
    await hold.hold(4);
    expect(scaler.target).toMatchObject({ min: 8, max: 20 });
  });

  it('the hold of a schedule that cannot be made is tried again until it is in place', async () => {
    const scaler = new Scaler('19:10', [daily('evening', '20:00', { min: 1, max: 5 })]);
    const hold = scaler.run();
    await hold.hold(4);
    scaler.outcomes.push('refused', 'refused');
    for (let tries = 0; tries < 3; tries++) {
      hold.look(6);
      expect(hold.state).toBe('behind');
      await hold.hold(6);
      hold.look(6);
      expect(hold.state).toBe('held');
      scaler.now += MINUTE;
    }
    expect(scaler.target.suspended).toEqual({ ...HELD, schedule: true });
    scaler.pass('20:30');
    expect(scaler.target).toMatchObject({ min: 2, max: 10 });
    await hold.release();
    expect(scaler.target).toEqual({ min: 1, max: 5, suspended: FREE });
  });

  it('a hold that cannot be made is an error, and nothing of it is left to release', async () => {
    const scaler = new Scaler('07:30');
    scaler.outcomes.push('refused');
    const hold = scaler.run();
    await expect(hold.hold(4)).rejects.toThrow('AWS is away');
    expect(hold.state).toBe('maybe-held');
    await hold.release();
    expect([scaler.calls, scaler.ledger]).toEqual([[], undefined]);
  });

  it('schedules are suspended as a whole where they may not be looked at', async () => {
    const scaler = new Scaler('07:30', [daily('morning', '08:00', { min: 8, max: 20 })]);
    scaler.denied = true;
    const hold = scaler.run();
    await hold.hold(4);
    expect(scaler.target.suspended).toEqual({ ...HELD, schedule: true });
    scaler.pass('08:30');
    hold.look(4);
    expect(hold.state).toBe('held');
    await hold.release();
    expect(scaler.target).toEqual({ min: 2, max: 10, suspended: FREE });
    expect(scaler.warnings).toEqual([
      'Scheduled scaling is suspended during the rollout, and what it misses is not made up for: AWS does not allow application-autoscaling:DescribeScheduledActions',
    ]);
  });

  it('an action that is not understood is said to be so', async () => {
    const scaler = new Scaler('07:30', [{ name: 'odd', schedule: 'every day', createdAt: 0, max: 3 }]);
    await scaler.run().hold(4);
    expect(scaler.target.suspended).toEqual({ ...HELD, schedule: true });
    expect(scaler.warnings).toEqual([
      'The scheduled action odd is not understood (every day): what it misses is not made up for.',
    ]);
  });

  it('what somebody else changes stays', async () => {
    const scaler = new Scaler('07:30', [
      daily('night', '07:45', { max: 3 }),
      daily('morning', '08:00', { min: 8, max: 20 }),
    ]);
    const hold = scaler.run();
    await hold.hold(4);
    scaler.target = { ...scaler.target, min: 3, suspended: { ...scaler.target.suspended, scaleOut: true } };
    scaler.pass('07:50');
    await hold.release();
    expect(scaler.target).toEqual({ min: 3, max: 3, suspended: { ...FREE, scaleOut: true } });
    expect(scaler.warnings).toEqual([
      'The autoscaler of web: Somebody else has set its minimum to 3 tasks meanwhile, which stays.',
    ]);
  });
});

describe('after a run that died', () => {
  const SCHEDULE = [
    daily('night', '07:45', { max: 3, min: 1 }),
    daily('morning', '08:00', { min: 8, max: 20 }),
  ];

  /** Bounds and suspensions that a world without any rollout has at that time. */
  const untouched = (time: string): ScalingState => {
    const scaler = new Scaler('07:30', SCHEDULE);
    scaler.pass(time);
    return scaler.target;
  };

  it.each(['07:40', '07:50', '08:30'])(
    'the next one gives back at %s what it finds in the ledger',
    async (time) => {
      const scaler = new Scaler('07:30', SCHEDULE);
      await scaler.run().hold(4);
      scaler.pass(time);
      const next = scaler.run();
      expect(next.state).toBe('maybe-held');
      await next.release();
      expect(scaler.target).toEqual(untouched(time));
    },
  );

  it('the next one goes on with the hold, and gives at once what was missed', async () => {
    const scaler = new Scaler('07:30', SCHEDULE);
    await scaler.run().hold(4);
    scaler.pass('08:10');
    const next = scaler.run();
    await next.hold(4);
    expect([next.state, scaler.target]).toEqual([
      'held',
      { min: 8, max: 20, suspended: { ...HELD, schedule: true } },
    ]);
    await next.release();
    expect(scaler.target).toEqual(untouched('08:10'));
  });

  it.each(['refused', 'lost'] as const)(
    'with its hold written down and %s, nothing is left over',
    async (outcome) => {
      const scaler = new Scaler('07:30', SCHEDULE);
      scaler.outcomes.push(outcome);
      await expect(scaler.run().hold(4)).rejects.toThrow();
      scaler.pass('08:10');
      await scaler.run().release();
      expect(scaler.target).toEqual(untouched('08:10'));
      const again = scaler.run();
      expect(again.state).toBe('free');
    },
  );

  it('whose release was the last thing it did, nothing is made up for twice', async () => {
    const scaler = new Scaler('07:30', SCHEDULE);
    await scaler.run().hold(4);
    const text = scaler.ledger;
    scaler.pass('08:10');
    scaler.outcomes.push('lost');
    await expect(scaler.run().release()).rejects.toThrow();
    expect(scaler.target).toEqual(untouched('08:10'));
    // Somebody changes what the schedule has left before the next run comes.
    scaler.target = { ...scaler.target, min: 5 };
    expect(scaler.ledger).toBe(text);
    await scaler.run().release();
    expect([scaler.target.min, scaler.ledger]).toEqual([5, undefined]);
  });

  it('a hold that was written down long before it is made begins anew', async () => {
    const scaler = new Scaler('07:30', SCHEDULE);
    scaler.outcomes.push('refused');
    await expect(scaler.run().hold(4)).rejects.toThrow();
    scaler.pass('08:10');
    const next = scaler.run();
    await next.hold(9);
    expect(scaler.target.suspended).toEqual(HELD);
    await next.release();
    expect(scaler.target).toEqual(untouched('08:10'));
  });

  it.each([
    ['was written down and not made', {}],
    ['somebody else has ended', { scaleIn: true, schedule: false }],
  ])('a hold of the schedule that %s leaves no hold of scale-in behind', async (_, meanwhile) => {
    const scaler = new Scaler('19:10', [daily('evening', '20:00', { min: 1, max: 5 })]);
    const first = scaler.run();
    await first.hold(4);
    if (!('schedule' in meanwhile)) scaler.outcomes.push('refused');
    first.look(6);
    await first.hold(6);
    scaler.target = { ...scaler.target, suspended: { ...scaler.target.suspended, ...meanwhile } };
    const next = scaler.run();
    await next.hold(6);
    expect(scaler.target.suspended).toEqual({ ...HELD, schedule: true });
    scaler.pass('20:30');
    expect(scaler.target).toMatchObject({ min: 2, max: 10 });
    await next.release();
    expect(scaler.target).toEqual({ min: 1, max: 5, suspended: FREE });
  });

  it('a hold of scale-in that somebody else has ended leaves no hold of the schedule behind', async () => {
    const scaler = new Scaler('07:30', SCHEDULE);
    await scaler.run().hold(4);
    scaler.target = { ...scaler.target, suspended: { ...FREE, schedule: true } };
    scaler.pass('07:50');
    const next = scaler.run();
    await next.hold(4);
    expect(scaler.target.suspended).toEqual({ ...HELD, schedule: true });
    await next.release();
    expect(scaler.target).toEqual(untouched('07:50'));
  });

  it('a schedule that its owner has let go meanwhile is held no longer than the rollout needs', async () => {
    const scaler = new Scaler('07:30', SCHEDULE);
    scaler.target = { ...scaler.target, suspended: { ...FREE, schedule: true } };
    await scaler.run().hold(4);
    scaler.target = { ...scaler.target, suspended: HELD };
    const next = scaler.run();
    await next.hold(4);
    expect(scaler.target.suspended).toEqual({ ...HELD, schedule: true });
    await next.release();
    expect(scaler.target.suspended).toEqual(FREE);
  });

  it('a second raise that was written down and not made is made up for all the same', async () => {
    const scaler = new Scaler('07:30', [
      daily('night', '07:45', { max: 3 }),
      daily('morning', '08:00', { min: 8, max: 20 }),
      daily('noon', '08:30', { min: 12 }),
    ]);
    const hold = scaler.run();
    await hold.hold(4);
    scaler.pass('08:00');
    await hold.hold(4);
    scaler.pass('08:30');
    scaler.outcomes.push('refused');
    await hold.hold(4);
    expect(scaler.target).toMatchObject({ min: 8, max: 20 });
    await scaler.run().release();
    expect(scaler.target).toEqual({ min: 12, max: 20, suspended: FREE });
    expect(scaler.warnings).toEqual([expect.stringContaining('AWS is away')]);
  });

  it('a scaler that cannot be asked is not taken for one that is free', () => {
    const ledger = 'scale-in-suspended=false scale-out-suspended=false schedule-suspended=false';
    const scaler = new Scaler('07:30');
    const clock = { now: () => scaler.now } as Clock;
    const write = async () => undefined;
    const stateOf = (text: string | undefined, scalingUnknown: string | undefined) =>
      new ScaleInHold(
        scaler,
        clock,
        { stable: STABLE, scaling: undefined, scalingUnknown },
        text,
        write,
        () => undefined,
      ).state;
    expect(stateOf(ledger, 'denied')).toBe('maybe-held');
    expect(stateOf(ledger, undefined)).toBe('none');
    expect(stateOf(undefined, 'denied')).toBe('none');
  });
});
