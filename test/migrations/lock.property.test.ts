import fc from 'fast-check';
import { expect, it } from 'vitest';
import { takeLock } from '../../src/migrations/lock.ts';
import { LockedCloud, order, request, type Weather } from './lock-world.ts';

/** For a longer hunt: another seed, and so many times as many runs. */
const SEED = Number(process.env['LOCK_SEED'] ?? 20_261_121);
const TIMES = Number(process.env['LOCK_TIMES'] ?? 1);

interface Life {
  readonly comesAfter: number;
  readonly skewMs: number;
  /** How long each command's task runs, in ms. */
  readonly tasks: readonly number[];
  /** How long the run freezes before each of its deeds, in turn, in ms. */
  readonly freezes: readonly number[];
  /** After how many deeds the runner dies. */
  readonly dies: number | undefined;
}

const MINUTE = 60_000;
const sometimes = (ms: number, weight = 1) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight, arbitrary: fc.integer({ min: 0, max: ms }) });

const life: fc.Arbitrary<Life> = fc.record({
  comesAfter: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 * MINUTE })),
  skewMs: fc.integer({ min: -4 * MINUTE, max: 4 * MINUTE }),
  tasks: fc.array(fc.integer({ min: 1_000, max: 10 * MINUTE }), { minLength: 1, maxLength: 3 }),
  freezes: fc.array(sometimes(8 * MINUTE, 2), { minLength: 1, maxLength: 6 }),
  dies: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
});

/** Draws from a list, over and over. */
const cycle = <Item>(items: readonly Item[]): (() => Item) => {
  let n = 0;
  return () => items[n++ % items.length] as Item;
};

const weather: fc.Arbitrary<Weather> = fc
  .record({
    delays: fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 9_000 })), {
      minLength: 1,
      maxLength: 17,
    }),
    lates: fc.array(sometimes(5 * MINUTE), { minLength: 1, maxLength: 7 }),
    lags: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8_000 })), {
      minLength: 1,
      maxLength: 13,
    }),
    fails: fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom<'before' | 'after'>('before', 'after') },
      ),
      { minLength: 1, maxLength: 11 },
    ),
    kept: fc.constantFrom(6, 20, 100),
  })
  .map(({ delays, lates, lags, fails, kept }) => ({
    delay: cycle(delays),
    late: cycle(lates),
    lag: cycle(lags),
    // Never for long.
    fails: cycle([...fails, undefined, undefined]),
    kept,
  }));

/** One run's belief that it may start tasks, in true time. */
interface Belief {
  readonly run: number;
  readonly from: number;
  until: number;
}

/** A run of `migrate`, as far as the lock sees it. */
async function migrate(cloud: LockedCloud, run: number, attempt: number, its: Life, beliefs: Belief[]) {
  const { clock } = cloud;
  const freeze = cycle(its.freezes);
  let deeds = 0;
  /** Whether the run is still alive after what it does next. */
  const lives = async (): Promise<boolean> => {
    await clock.sleep(freeze());
    return deeds++ !== its.dies;
  };
  const ecs = cloud.ecs();
  const held = await takeLock('prod/web', request(run, attempt), cloud.world([], its.skewMs));
  const believe = () => {
    const until = held.startBefore - its.skewMs;
    beliefs.push({ run, from: clock.now, until });
  };
  const doubt = () => {
    for (const belief of beliefs) if (belief.run === run) belief.until = Math.min(belief.until, clock.now);
  };
  believe();
  try {
    const steps = [...held.steps];
    for (const [index, ms] of its.tasks.entries()) {
      const token = `${run}-${index}`;
      cloud.durations.set(token, ms);
      const known = steps.findIndex((step) => step.token === token);
      if (steps[known]?.exitCode === 0) continue;
      if (known < 0) steps.push({ token });
      const at = known < 0 ? steps.length - 1 : known;
      let tries = 0;
      do {
        if (tries++ === 5) return;
        await held.note(steps);
        believe();
        if (!(await lives())) return;
      } while (clock.now >= held.startBefore - its.skewMs - 20_000);
      const { arn: task } = await ecs.run(order(run, token));
      steps[at] = { token, task };
      await held.note(steps);
      believe();
      if (!(await lives())) return;
      for (;;) {
        const found = (await ecs.describe('prod', [task]).catch(() => new Map())).get(task);
        if (found?.status === 'STOPPED') break;
        await clock.sleep(3_000);
      }
      if (!(await lives())) return;
      steps[at] = { token, task, exitCode: 0 };
      await held.note(steps);
      believe();
      if (!(await lives())) return;
    }
  } finally {
    doubt();
  }
  await held.release();
}

const overlapping = (all: readonly Belief[]): [Belief, Belief] | undefined => {
  const sorted = all.filter(({ from, until }) => from < until).sort((a, b) => a.from - b.from);
  for (const [index, one] of sorted.entries()) {
    for (const other of sorted.slice(index + 1)) {
      if (other.from >= one.until) continue;
      if (other.run !== one.run) return [one, other];
    }
  }
  return undefined;
};

it('is never held by two, whoever freezes, dies, comes back, or reads what is old', async () => {
  const endings = { released: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 2, maxLength: 5 }), weather, async (lives, its) => {
      const cloud = new LockedCloud(its);
      const beliefs: Belief[] = [];
      const run = async (each: Life, number: number) => {
        await cloud.clock.sleep(each.comesAfter);
        const end = async (attempt: number, dies: number | undefined): Promise<void> => {
          await migrate(cloud, number, attempt, { ...each, dies }, beliefs).then(
            () => endings.released++,
            () => endings.refused++,
          );
        };
        await end(1, each.dies);
        // The person runs it again: GitHub starts an attempt after the last has ended.
        if (each.dies !== undefined) await end(2, undefined);
      };
      let ended = 0;
      for (const [index, each] of lives.entries()) void run(each, index + 1).then(() => ended++);
      await cloud.clock.play();
      expect(ended, 'runs that came to an end within a day').toBe(lives.length);
      expect(overlapping(beliefs), 'two hold the lock').toBeUndefined();
      const running = cloud.tasks.map((each) => ({
        run: Number(each.order.startedBy.split('/')[1]),
        from: each.task.createdAt,
        until: each.stoppedAt,
      }));
      expect(overlapping(running), 'two migrations run at once').toBeUndefined();
    }),
    { seed: SEED, numRuns: 40 * TIMES },
  );
  expect(endings.released, 'runs that came to their end').toBeGreaterThan(endings.refused);
});
