import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foreseeSteps, formatSpan } from '../../src/rollout/forecast.ts';
import { complete, type Plan } from '../../src/rollout/plan.ts';
import { play, type Scenario, STABLE } from './model-world.ts';

const MINUTE = 60_000;

const healthyRelease = (settings: Pick<Scenario, 'plan' | 'capacity' | 'initialTasks'>): Scenario => ({
  onNoEvidence: 'hold',
  afterHold: 'roll-back',
  preTrafficTest: false,
  routes: [[{ arn: STABLE, weight: 1 }]],
  autoscaled: false,
  release: {
    startMs: 20_000,
    healthy: true,
    errors: { percent: 0, fromMs: 0 },
    requestsPerMinute: 60_000,
    asStable: 'fine',
  },
  stopsFirst: false,
  lagMs: 0,
  drainMs: 20_000,
  events: [],
  faults: [],
  reruns: [],
  ...settings,
});

const anyPlan: fc.Arbitrary<Plan> = fc
  .uniqueArray(fc.constantFrom(1, 5, 10, 25, 50, 75, 100), { minLength: 1, maxLength: 4 })
  .map((weights): Plan => {
    const [first = { weight: 100, bakeMs: 0 }, ...rest] = weights
      .sort((a, b) => a - b)
      .map((weight, index) => ({ weight, bakeMs: (index % 4) * MINUTE }));
    return [first, ...rest];
  });

it('foresees the tasks and the times that the controller comes to when every gate passes', () => {
  fc.assert(
    fc.property(
      anyPlan,
      fc.record({ mode: fc.constantFrom('auto', 'full'), atLeast: fc.integer({ min: 1, max: 6 }) }),
      fc.integer({ min: 1, max: 12 }),
      (plan, capacity, initialTasks) => {
        const ran = play(healthyRelease({ plan, capacity, initialTasks }));
        expect(ran.outcome).toBe('promoted');
        const forecast = foreseeSteps({
          plan: complete(plan),
          capacity,
          metricDelayMs: ran.world.rollout.metricDelayMs,
          initialTasks,
        });
        let tasks = 0;
        const shifts: { weight: number; tasks: number }[] = [];
        for (const { action } of ran.decisions) {
          if (action.kind === 'make-canary' || action.kind === 'scale-canary') tasks = action.tasks;
          if (action.kind === 'shift') shifts.push({ weight: action.weight, tasks });
        }
        expect(shifts).toEqual(forecast.steps.map((step) => ({ weight: step.weight, tasks: step.tasks })));
        const [began] = ran.world.shares;
        const all = ran.world.shares.find(({ share }) => share === 100);
        const took = (all?.at ?? 0) - (began?.at ?? 0);
        expect(took).toBeGreaterThanOrEqual(forecast.allUsers.most);
        // What comes on top: tasks that start, and the looks at AWS.
        expect(took).toBeLessThan(forecast.allUsers.most + (plan.length + 1) * MINUTE);
      },
    ),
    { numRuns: 40, seed: 20_260_105 },
  );
});

it('counts a step that may end early from its least time to its whole time and the wait for metrics', () => {
  const { steps, allUsers, total } = foreseeSteps({
    plan: [
      { weight: 5, bakeMs: 15 * MINUTE, leastMs: 3 * MINUTE },
      { weight: 100, bakeMs: 5 * MINUTE },
    ],
    capacity: { mode: 'auto', atLeast: 1 },
    metricDelayMs: 3 * MINUTE,
    initialTasks: 4,
  });
  expect(steps.map(({ begins }) => formatSpan(begins))).toEqual(['0s', '3m to 18m']);
  expect(formatSpan(allUsers)).toBe('3m to 18m');
  expect(formatSpan(total)).toBe('11m to 26m');
});
