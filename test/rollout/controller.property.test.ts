import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/rollout/plan.ts';
import { split } from '../../src/rollout/weights.ts';
import {
  baked,
  CANARY,
  type Fault,
  FROM,
  OTHER,
  play,
  type Ran,
  type Rerun,
  type Scenario,
  STABLE,
  TO,
  type WorldEvent,
} from './model-world.ts';

const MINUTE = 60_000;
/** For a longer hunt: another seed, and so many times as many runs. */
const SEED = Number(process.env['ROLLOUT_SEED'] ?? 20_260_105);
const TIMES = Number(process.env['ROLLOUT_TIMES'] ?? 1);

const anyPlan: fc.Arbitrary<Plan> = fc
  .uniqueArray(fc.constantFrom(1, 2, 5, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 95, 100), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((weights) =>
    fc
      .array(fc.constantFrom(0, 1, 3), { minLength: weights.length, maxLength: weights.length })
      .map((minutes): Plan => {
        const [first = { weight: 100, bakeMs: 0 }, ...rest] = weights
          .sort((a, b) => a - b)
          .map((weight, index) => ({ weight, bakeMs: (minutes[index] ?? 0) * MINUTE }));
        return [first, ...rest];
      }),
  );

const anyRoute = fc.oneof(
  fc.constant([{ arn: STABLE, weight: 1 }]),
  fc
    .record({ stable: fc.integer({ min: 20, max: 200 }), other: fc.integer({ min: 0, max: 200 }) })
    .map(({ stable, other }) => [
      { arn: 'arn:other/1', weight: other },
      { arn: STABLE, weight: stable },
    ]),
);

const anyEvent: fc.Arbitrary<WorldEvent> = fc.record({
  atMs: fc.integer({ min: 0, max: 15 * MINUTE }),
  kind: fc.constantFrom<WorldEvent['kind']>(
    'cancel',
    'weights-changed',
    'rules-reset',
    'other-revision',
    'canary-deleted',
    'canary-scaled-down',
    'canary-down',
    'stable-down',
    'scale-out',
    'scale-out',
    'alarm',
    'crash',
    'metrics-away',
  ),
});

const anyFault: fc.Arbitrary<Fault> = fc.record({
  call: fc.integer({ min: 1, max: 60 }),
  kind: fc.constantFrom<Fault['kind']>(
    'refused',
    'lost-answer',
    'partly',
    'kill-before',
    'kill-after',
    'kill-halfway',
  ),
});

const anyScenario = (events: fc.Arbitrary<WorldEvent[]>, faults: fc.Arbitrary<Fault[]>) =>
  fc
    .record({
      plan: anyPlan,
      capacity: fc.record({ mode: fc.constantFrom('auto', 'full'), atLeast: fc.constantFrom(1, 1, 3) }),
      onNoEvidence: fc.constantFrom('hold', 'hold', 'roll-back', 'proceed'),
      afterHold: fc.constantFrom('roll-back', 'proceed'),
      preTrafficTest: fc.boolean(),
      initialTasks: fc.integer({ min: 1, max: 12 }),
      routes: fc.array(anyRoute, { minLength: 1, maxLength: 3 }),
      autoscaled: fc.boolean(),
      release: fc.record({
        startMs: fc.constantFrom(10_000, 40_000, 100_000),
        healthy: fc.constantFrom(true, true, true, true, false),
        errors: fc.record({
          percent: fc.constantFrom(0, 0, 0, 5, 60),
          fromMs: fc.integer({ min: 0, max: 10 * MINUTE }),
        }),
        requestsPerMinute: fc.constantFrom(0, 500, 10_000, 10_000),
        asStable: fc.constantFrom('fine', 'fine', 'fine', 'breaker-rolls-back', 'breaker-fails', 'stuck'),
      }),
      stopsFirst: fc.boolean(),
      lagMs: fc.constantFrom(0, 3_000, 20_000),
      drainMs: fc.constantFrom(0, 30_000, 5 * MINUTE, 20 * MINUTE),
      events,
      faults,
      reruns: fc.array(fc.constantFrom<Rerun>('same', 'same', 'other', 'post', 'rollback'), { maxLength: 4 }),
    } satisfies { [Key in keyof Scenario]: fc.Arbitrary<Scenario[Key]> })
    .filter(({ plan, routes }) =>
      plan.every(({ weight }) =>
        routes.every((groups) => split(groups, STABLE, CANARY, weight) !== undefined),
      ),
    );

/** What every end has in common, whatever happened on the way. */
function wrongs(ran: Ran): readonly string[] {
  const { world, outcome, violations } = ran;
  const running = world.stable.revision;
  const expected = outcome === 'promoted' ? TO : FROM;
  return [
    ...violations,
    ...(world.isClean ? [] : ['something of the rollout is left']),
    ...(running === expected || running === OTHER ? [] : [`${outcome}, but stable runs ${running}`]),
    ...(running === OTHER && !world.otherDeployed ? ['nobody deployed this'] : []),
    ...(outcome === 'promoted'
      ? world.rollout.plan
          .filter((step) => !baked(ran, step))
          .map((step) => `${step.weight}% was not baked for ${step.bakeMs} ms`)
      : []),
  ];
}

const none = <T>(): fc.Arbitrary<T[]> => fc.constant([]);
const check = (scenarios: fc.Arbitrary<Scenario>, numRuns: number) =>
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const ran = play(scenario);
      expect([ran.outcome, ran.reason, ...wrongs(ran)]).toEqual([ran.outcome, ran.reason]);
    }),
    {
      numRuns: numRuns * TIMES,
      seed: SEED,
    },
  );

describe('whatever happens, a rollout', () => {
  it('ends well where nothing goes wrong but the release', () => {
    check(anyScenario(none(), none()), 200);
  });

  it('ends well where calls fail, lose their answer or are only half done, and runs die at them', () => {
    check(anyScenario(none(), fc.array(anyFault, { maxLength: 4 })), 400);
  });

  it('ends well where others interfere, things break and people cancel', () => {
    check(anyScenario(fc.array(anyEvent, { maxLength: 3 }), none()), 400);
  });

  it('ends well where everything happens at once', () => {
    check(anyScenario(fc.array(anyEvent, { maxLength: 4 }), fc.array(anyFault, { maxLength: 4 })), 400);
  });
});
