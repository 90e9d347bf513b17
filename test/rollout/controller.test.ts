import { describe, expect, it } from 'vitest';
import {
  type Action,
  answered,
  type Decision,
  decide,
  inPlace,
  type Observation,
  type Phase,
  type Rollout,
} from '../../src/rollout/controller.ts';
import { parseGates } from '../../src/rollout/gate-syntax.ts';
import { type Evidence, NO_EVIDENCE, type Period } from '../../src/rollout/judge/evidence.ts';
import { complete, parseBake, parseSteps, STRATEGIES, STRATEGY_NAMES } from '../../src/rollout/plan.ts';
import { baked, FROM, OTHER, play, type Scenario, STABLE, TO } from './model-world.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 5, 12, 0);

const ROLLOUT: Rollout = {
  from: FROM,
  to: TO,
  plan: complete(parseSteps('5% for 15m\n50% for 15m')),
  gates: parseGates('error-rate < 1% abort > 2%\ncrashes = 0\nwarn cpu < 50%'),
  minRequests: 100,
  metricDelayMs: 3 * MINUTE,
  onNoEvidence: 'hold',
  maxHoldMs: 30 * MINUTE,
  afterHold: 'roll-back',
  onStableFailing: 'hold',
  capacity: { mode: 'auto', atLeast: 1 },
  initialTasks: 10,
  preTrafficTest: false,
  healthyTimeoutMs: 10 * MINUTE,
  drainMs: 5 * MINUTE,
};

const STABLE_SEEN: Observation['stable'] = {
  desired: 10,
  running: 10,
  taskDefinition: FROM,
  deployment: 'completed',
  deploymentReason: '',
  healthy: 10,
};
const CANARY_SEEN = { desired: 10, running: 10, healthy: 10, draining: false, targets: 10 };

/** A rollout under way in which everything is as it should be. */
const seen = (of: Partial<Observation> = {}): Observation => ({
  now: NOON,
  stable: STABLE_SEEN,
  canary: CANARY_SEEN,
  targetGroups: 'all',
  routes: 'attached',
  share: 5,
  scaling: 'held',
  tested: true,
  served: true,
  evidence: NO_EVIDENCE,
  hurried: false,
  ...of,
});
const stable = (of: Partial<Observation['stable']>) => ({ stable: { ...STABLE_SEEN, ...of } });
const canary = (of: Partial<NonNullable<Observation['canary']>>) => ({ canary: { ...CANARY_SEEN, ...of } });
const gone = (): Partial<Observation> => {
  const { canary: _, ...rest } = seen();
  return rest;
};
const without = (of: Partial<Observation> = {}): Observation => {
  const { canary: _, ...rest } = seen(of);
  return rest;
};

const minutes = (count: number, of: Partial<Period>): Evidence => ({
  ...NO_EVIDENCE,
  canary: Array.from({ length: count }, (_, index) => ({
    start: NOON + index * MINUTE,
    requests: 1000,
    answered: 1000,
    settled: true,
    errors5xx: 0,
    errors4xx: 0,
    slower: {},
    means: { cpu: 0.2 },
    ...of,
  })),
});
const GOOD = minutes(15, {});
const FAILING = minutes(15, { errors5xx: 15 });
const ABORTING = minutes(15, { errors5xx: 500 });
const CRASHED: Evidence = {
  ...GOOD,
  crashes: [
    {
      arn: 'arn:task/1',
      startedBy: 'ecs-svc/1',
      stopCode: 'EssentialContainerExited',
      reason: 'Essential container in task exited',
      stoppedAt: NOON,
      containers: [],
    },
  ],
};

const PREPARING: Phase = { kind: 'preparing', startAt: 0 };
const STEPPING = { kind: 'stepping', step: 0, since: NOON } as const;
const SHIFTED = { ...STEPPING, shiftedAt: NOON } as const;
const BAKING = { ...SHIFTED, verifiedAt: NOON } as const;
const PROMOTING = { kind: 'promoting', since: NOON } as const;
const UPDATED = { ...PROMOTING, updatedAt: NOON } as const;
const GOING_BACK = { kind: 'rolling-back', reason: 'too slow', since: NOON } as const;
const CLEANING = { kind: 'cleaning', outcome: 'rolled-back', reason: 'too slow', since: NOON } as const;

const doing = ({ phase, action }: Decision): [Phase['kind'], Action['kind']] => [phase.kind, action.kind];
const rolls = (of: Partial<Rollout>): Rollout => ({ ...ROLLOUT, ...of });
const whyOf = ({ phase }: Decision): string => ('reason' in phase ? phase.reason : '');
const waitsFor = ({ action }: Decision): string => (action.kind === 'hold' ? action.waitingFor : action.kind);

describe('before the first traffic', () => {
  it.each<[string, Observation, Action]>([
    [
      'makes the target groups first, because they hold the ledger',
      without({ targetGroups: 'none', routes: 'original', scaling: 'free', share: 0 }),
      { kind: 'make-target-groups' },
    ],
    [
      'makes those that are missing',
      without({ targetGroups: 'some', routes: 'original', scaling: 'free', share: 0 }),
      { kind: 'make-target-groups' },
    ],
    [
      'attaches them before a service uses them',
      without({ routes: 'original', scaling: 'free', share: 0 }),
      { kind: 'attach' },
    ],
    ['attaches the rest', without({ routes: 'partly', scaling: 'free', share: 0 }), { kind: 'attach' }],
    ['holds the scale-in of stable', without({ scaling: 'free', share: 0 }), { kind: 'hold-scaling' }],
    [
      'holds it again where it is not sure',
      without({ scaling: 'maybe-held', share: 0 }),
      { kind: 'hold-scaling' },
    ],
    ['makes the canary fit for its first share', without({ share: 0 }), { kind: 'make-canary', tasks: 1 }],
    ['does without an autoscaler', without({ scaling: 'none', share: 0 }), { kind: 'make-canary', tasks: 1 }],
    [
      'waits until a former canary is gone',
      seen({ ...canary({ draining: true, running: 0, healthy: 0 }), share: 0 }),
      { kind: 'hold', waitingFor: 'a former canary to be gone' },
    ],
  ])('%s', (_, observation, action) => {
    expect(decide(ROLLOUT, PREPARING, observation)).toMatchObject({ phase: PREPARING, action });
  });

  it('does not wait for a former canary for ever', () => {
    const draining = seen({ ...canary({ draining: true, running: 0, healthy: 0 }), share: 0 });
    const { phase } = decide(ROLLOUT, PREPARING, draining);
    expect(doing(decide(ROLLOUT, phase, { ...draining, now: NOON + 16 * MINUTE }))).toEqual([
      'rolling-back',
      'restore-traffic',
    ]);
  });

  it.each<[string, Partial<Rollout>, Observation, Action]>([
    [
      'the whole service at once where that is asked for',
      { capacity: { mode: 'full', atLeast: 1 } },
      seen(),
      { kind: 'make-canary', tasks: 10 },
    ],
    [
      'at least as many tasks as asked for',
      { capacity: { mode: 'auto', atLeast: 3 } },
      seen(),
      { kind: 'make-canary', tasks: 3 },
    ],
    [
      'as many as stable needs now',
      { plan: STRATEGIES['all-at-once'] },
      seen(stable({ desired: 14 })),
      { kind: 'make-canary', tasks: 14 },
    ],
  ])('gives the canary %s', (_, rollout, observation, action) => {
    const { canary: __, ...rest } = observation;
    expect(decide(rolls(rollout), PREPARING, { ...rest, share: 0 }).action).toEqual(action);
  });

  it('waits for all tasks of the canary', () => {
    const decision = decide(ROLLOUT, PREPARING, seen({ ...canary({ desired: 1, healthy: 0 }), share: 0 }));
    expect(decision).toMatchObject({ phase: { kind: 'stepping', step: 0 } });
    expect(waitsFor(decision)).toBe('1 of 1 canary tasks to become healthy');
  });

  it('tries the canary before the first user, and only then', () => {
    const tested = rolls({ preTrafficTest: true });
    expect(decide(tested, STEPPING, seen({ share: 0, tested: false })).action).toEqual({ kind: 'test' });
    expect(decide(tested, STEPPING, seen({ share: 0 })).action).toEqual({ kind: 'shift', weight: 5 });
    expect(decide(tested, { ...STEPPING, step: 1 }, seen({ tested: false })).action.kind).toBe('shift');
  });

  it('takes a canary back that does not become healthy in time', () => {
    const decision = decide(
      ROLLOUT,
      STEPPING,
      seen({ ...canary({ healthy: 0 }), share: 0, now: NOON + 10 * MINUTE + 1 }),
    );
    expect(doing(decision)).toEqual(['rolling-back', 'restore-traffic']);
    expect(whyOf(decision)).toBe('0 of 1 canary tasks were healthy after 10m');
  });

  it('takes a canary back at once whose tasks ECS has given up on', () => {
    const decision = decide(
      ROLLOUT,
      STEPPING,
      seen({ ...canary({ healthy: 0, failed: 'image not found' }), share: 0 }),
    );
    expect(whyOf(decision)).toBe('the canary did not start: image not found');
  });

  it('takes a canary back at once whose tasks crash', () => {
    const decision = decide(
      ROLLOUT,
      STEPPING,
      seen({ ...canary({ healthy: 0 }), share: 0, evidence: CRASHED }),
    );
    expect(whyOf(decision)).toMatch(/^crashes = 0: 1; task 1 stopped; EssentialContainerExited/);
  });

  it('makes nothing more when somebody else has deployed to the service', () => {
    const decision = decide(
      ROLLOUT,
      PREPARING,
      without({ interference: 'somebody else has deployed web:3', share: 0 }),
    );
    expect(doing(decision)).toEqual(['rolling-back', 'restore-traffic']);
  });
});

describe('a step', () => {
  it('gives the canary its tasks before its share', () => {
    const small = seen({ ...canary({ desired: 1, running: 1, healthy: 1 }) });
    const scale = decide(ROLLOUT, { ...STEPPING, step: 1 }, small);
    expect(scale.action).toEqual({ kind: 'scale-canary', tasks: 5 });
    expect(waitsFor(decide(ROLLOUT, scale.phase, { ...small, now: NOON + 5_000 }))).toBe(
      '4 of 5 canary tasks to become healthy',
    );
  });

  it('scales the canary again where that does not show, but not as fast as it can look', () => {
    const small = seen({ ...canary({ desired: 1, running: 1, healthy: 1 }) });
    const { phase } = decide(ROLLOUT, { ...STEPPING, step: 1 }, small);
    expect(decide(ROLLOUT, phase, { ...small, now: NOON + 29_000 }).action.kind).toBe('hold');
    expect(decide(ROLLOUT, phase, { ...small, now: NOON + 30_000 }).action.kind).toBe('scale-canary');
    expect(decide(ROLLOUT, phase, { ...small, now: NOON + 11 * MINUTE }).phase.kind).toBe('rolling-back');
  });

  it('shifts once all tasks that its share needs are healthy', () => {
    const decision = decide(
      ROLLOUT,
      { ...STEPPING, step: 1 },
      seen({ ...canary({ desired: 5, healthy: 5 }) }),
    );
    expect(decision.action).toEqual({ kind: 'shift', weight: 50 });
  });

  it('does not take the share of the step before for its own', () => {
    const linear = rolls({ plan: complete(STRATEGIES.linear) });
    for (const [step, { weight }] of linear.plan.entries()) {
      const before = linear.plan[step - 1]?.weight ?? 0;
      const decision = decide(linear, { ...STEPPING, step }, seen({ share: before }));
      expect(decision.action).toEqual({ kind: 'shift', weight });
    }
  });

  it('begins the bake when the weight is seen in place', () => {
    const waiting = decide(ROLLOUT, SHIFTED, seen({ share: 0, now: NOON + 10_000 }));
    expect([waiting.phase, waitsFor(waiting)]).toMatchObject([SHIFTED, '5% to be seen in place']);
    const baking = decide(ROLLOUT, SHIFTED, seen({ now: NOON + 20_000 }));
    expect(baking).toMatchObject({
      phase: { ...SHIFTED, verifiedAt: NOON + 20_000 },
      action: {
        kind: 'hold',
        waitingFor: 'the end of the step 5% for 15m',
        until: NOON + 20_000 + 15 * MINUTE,
      },
    });
  });

  it('is taken back when the weight is not seen in place', () => {
    const decision = decide(ROLLOUT, SHIFTED, seen({ share: 0, now: NOON + 30_000 }));
    expect(whyOf(decision)).toBe('the canary has 0.0% of the traffic after 5% were asked for');
  });

  it('gives the canary more tasks during the bake when the autoscaler gives stable more', () => {
    const raised = seen({ ...stable({ desired: 12 }), ...canary({ desired: 5 }), share: 50 });
    const phase = { ...BAKING, step: 1, load: { stable: 10, total: 10 } };
    expect(decide(ROLLOUT, phase, raised)).toMatchObject({
      phase: { load: { stable: 12, total: 24 } },
      action: { kind: 'scale-canary', tasks: 12 },
    });
  });

  it('remembers the load of the first steps at the last', () => {
    const load = { stable: 12, total: 13 };
    const last = { ...STEPPING, step: 2, load };
    const decision = decide(ROLLOUT, last, seen({ ...stable({ desired: 12 }), share: 50 }));
    expect(decision.action).toEqual({ kind: 'scale-canary', tasks: 13 });
  });

  it('goes on when the bake is over and all gates hold', () => {
    const decision = decide(ROLLOUT, BAKING, seen({ now: NOON + 18 * MINUTE, evidence: GOOD }));
    expect(decision).toMatchObject({
      phase: { kind: 'stepping', step: 1, since: NOON + 18 * MINUTE },
      action: { kind: 'shift', weight: 50 },
    });
    expect(decision.findings.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass']);
  });

  it('is not decided before the bake is over', () => {
    const decision = decide(ROLLOUT, BAKING, seen({ now: NOON + 18 * MINUTE - 1, evidence: FAILING }));
    expect(doing(decision)).toEqual(['stepping', 'hold']);
  });

  it('waits for the metrics of its last minutes, and a while longer where they are late', () => {
    const at = (now: number, evidence: Evidence) => decide(ROLLOUT, BAKING, seen({ now, evidence }));
    const partly = { ...GOOD, canary: GOOD.canary.slice(0, -1) };
    const last = 'the metrics of the last minutes of the step 5% for 15m';
    expect(waitsFor(at(NOON + 15 * MINUTE, GOOD))).toBe(last);
    expect(waitsFor(at(NOON + 18 * MINUTE, partly))).toBe(last);
    expect(waitsFor(at(NOON + 18 * MINUTE, { ...GOOD, complete: false }))).toBe(last);
    const decided = decide(
      rolls({ onNoEvidence: 'roll-back' }),
      BAKING,
      seen({ now: NOON + 21 * MINUTE, evidence: partly }),
    );
    expect(whyOf(decided)).toMatch(/no evidence, the metrics of 12:14-12:15 UTC are not all there yet/);
  });

  it('rolls back at the end of the bake when a gate fails, with the numbers', () => {
    const decision = decide(ROLLOUT, BAKING, seen({ now: NOON + 18 * MINUTE, evidence: FAILING }));
    expect(doing(decision)).toEqual(['rolling-back', 'restore-traffic']);
    expect(whyOf(decision)).toBe(
      'error-rate < 1% abort > 2%: 225 of 15000 requests (1.5%) answered 5xx, 12:00-12:15 UTC',
    );
  });

  it.each<[string, Evidence]>([
    ['a gate aborts', ABORTING],
    ['a task crashes', CRASHED],
    ['an alarm fires', { ...GOOD, alarms: [{ name: 'slow', state: 'ALARM', reason: 'x', since: NOON }] }],
  ])('rolls back at once when %s', (_, evidence) => {
    for (const phase of [STEPPING, SHIFTED, BAKING, UPDATED]) {
      const share = phase.kind === 'promoting' ? 100 : 5;
      expect(doing(decide(ROLLOUT, phase, seen({ now: NOON + MINUTE, share, evidence })))).toEqual([
        'rolling-back',
        'restore-traffic',
      ]);
    }
  });

  it('is not held up by a gate that only warns', () => {
    const warned = minutes(15, { means: { cpu: 0.99 } });
    const decision = decide(ROLLOUT, BAKING, seen({ now: NOON + 18 * MINUTE, evidence: warned }));
    expect(decision.phase).toMatchObject({ kind: 'stepping', step: 1 });
    expect(decision.findings.at(-1)).toMatchObject({
      gate: 'warn cpu < 50%',
      verdict: 'fail',
      warnOnly: true,
    });
  });

  it('is not taken back by a gate that only warns, however bad it is', () => {
    const gates = parseGates('warn error-rate < 1% abort > 2%');
    const decision = decide(rolls({ gates }), BAKING, seen({ now: NOON + MINUTE, evidence: ABORTING }));
    expect(doing(decision)).toEqual(['stepping', 'hold']);
    expect(decision.findings).toMatchObject([{ verdict: 'abort', warnOnly: true }]);
  });

  it('without a bake is not judged', () => {
    const quick = rolls({ plan: complete([{ weight: 5, bakeMs: 0 }]) });
    expect(decide(quick, BAKING, seen()).action).toEqual({ kind: 'shift', weight: 100 });
  });

  it('at 100% bakes too, where the plan says so', () => {
    const full = rolls({ plan: STRATEGIES['all-at-once'] });
    const at = (now: number, evidence: Evidence) => decide(full, BAKING, seen({ now, share: 100, evidence }));
    expect(doing(at(NOON + 7 * MINUTE, GOOD))).toEqual(['stepping', 'hold']);
    expect(doing(at(NOON + 8 * MINUTE, FAILING))).toEqual(['rolling-back', 'restore-traffic']);
    expect(doing(at(NOON + 8 * MINUTE, GOOD))).toEqual(['promoting', 'update-stable']);
  });

  it('takes a share for the one that was asked for if weights could not come closer', () => {
    expect([4, 5, 6].map((share) => inPlace(share, 5))).toEqual([true, true, true]);
    expect([0, 3.9, 6.1, 100].map((share) => inPlace(share, 5))).toEqual([false, false, false, false]);
    expect([99.9, 100].map((share) => inPlace(share, 100))).toEqual([false, true]);
    expect(inPlace(100, 95)).toBe(false);
    expect(inPlace(0, 0.1)).toBe(false);
  });
});

describe('tasks', () => {
  it('have their time from when they were asked for, however slowly AWS tells of their service', () => {
    const few = { desired: 2, running: 2, healthy: 2 };
    const asked = decide(ROLLOUT, { ...STEPPING, step: 1 }, seen({ ...canary(few), share: 5 }));
    expect(asked.action.kind).toBe('scale-canary');
    // The look had begun a quarter of an hour before AWS took what was decided on it.
    const late = NOON + 15 * MINUTE;
    const phase = answered(asked.phase, NOON, late);
    const after = (minutes: number) =>
      decide(ROLLOUT, phase, seen({ now: late + minutes * MINUTE, ...canary({ ...few, desired: 5 }) }));
    expect(waitsFor(after(9))).toContain('canary tasks to become healthy');
    expect(whyOf(after(11))).toBe('2 of 5 canary tasks were healthy after 11m');
  });

  it('get no more time by what is asked for later', () => {
    const later = answered({ ...STEPPING, scaledAt: NOON + MINUTE }, NOON + MINUTE, NOON + 5 * MINUTE);
    expect(later).toMatchObject({ since: NOON, scaledAt: NOON + 5 * MINUTE });
    expect(answered(PROMOTING, NOON, NOON + 1)).toMatchObject({ since: NOON + 1 });
    // When it was decided to go back is told to people.
    expect(answered(GOING_BACK, NOON, NOON + 1)).toMatchObject({ since: NOON });
  });
});

describe('without evidence', () => {
  const END = NOON + 18 * MINUTE;
  const few = minutes(15, { requests: 5, answered: 5 });
  const at = (now: number, of: Partial<Rollout> = {}, evidence: Evidence = few) =>
    decide(rolls(of), BAKING, seen({ now, evidence }));

  it('holds when the canary has had fewer than 100 requests', () => {
    const decision = at(END);
    expect(decision.action).toEqual({
      kind: 'hold',
      waitingFor:
        'evidence for error-rate < 1% abort > 2%: no evidence, 75 of at least 100 requests (12:00-12:15 UTC)',
      until: END + 30 * MINUTE,
    });
  });

  it('holds up to max-hold, then rolls back', () => {
    expect(doing(at(END + 30 * MINUTE - 1))).toEqual(['stepping', 'hold']);
    expect(doing(at(END + 30 * MINUTE))).toEqual(['rolling-back', 'restore-traffic']);
    expect(whyOf(at(END + 30 * MINUTE))).toMatch(/no evidence, 75 of .* after holding for 30m$/);
  });

  it('holds up to max-hold, then goes on where that is asked for', () => {
    expect(doing(at(END + 30 * MINUTE - 1, { afterHold: 'proceed' }))).toEqual(['stepping', 'hold']);
    expect(at(END + 30 * MINUTE, { afterHold: 'proceed' }).phase).toMatchObject({
      kind: 'stepping',
      step: 1,
    });
  });

  it('goes on as soon as there is enough', () => {
    expect(at(END + MINUTE, {}, GOOD).phase).toMatchObject({ kind: 'stepping', step: 1 });
  });

  it('rolls back when what comes while it holds is bad', () => {
    expect(doing(at(END + MINUTE, {}, FAILING))).toEqual(['rolling-back', 'restore-traffic']);
  });

  it('rolls back or goes on at once where that is asked for', () => {
    expect(doing(at(END, { onNoEvidence: 'roll-back' }))).toEqual(['rolling-back', 'restore-traffic']);
    expect(at(END, { onNoEvidence: 'proceed' }).phase).toMatchObject({ kind: 'stepping', step: 1 });
  });

  it('goes on past a failed gate in no case', () => {
    const unknown = minutes(15, { errors5xx: 15, means: {} });
    const gates = parseGates('cpu < 50%\nerror-rate < 1%');
    const decision = at(END, { gates, onNoEvidence: 'proceed' }, unknown);
    expect(doing(decision)).toEqual(['rolling-back', 'restore-traffic']);
  });

  it('holds while CloudWatch does not tell all', () => {
    expect(doing(at(END, {}, { ...GOOD, complete: false }))).toEqual(['stepping', 'hold']);
  });
});

describe('compared with stable', () => {
  const END = NOON + 18 * MINUTE;
  const gates = parseGates('error-rate vs stable\ncrashes = 0');
  const both = (count: number, requests: number, errors5xx: number): Evidence => {
    const { canary } = minutes(count, { requests, answered: requests, errors5xx });
    const { canary: stable } = minutes(count, {
      requests: 19 * requests,
      answered: 19 * requests,
      errors5xx: 19 * errors5xx,
    });
    return { ...NO_EVIDENCE, canary, stable, before: Array.from({ length: 90 }, () => stable).flat() };
  };
  const at = (now: number, of: Partial<Rollout>, evidence: Evidence) =>
    decide(rolls({ gates, ...of }), BAKING, seen({ now, evidence }));

  it('goes on by default where the requests are too few to be sure, and holds or goes back where that is asked for', () => {
    const few = both(15, 5, 0);
    expect(at(END, { onNoEvidence: 'auto' }, few).phase).toMatchObject({ kind: 'stepping', step: 1 });
    expect(at(END, { onNoEvidence: 'proceed' }, few).phase).toMatchObject({ kind: 'stepping', step: 1 });
    expect(waitsFor(at(END, { onNoEvidence: 'hold' }, few))).toMatch(
      /^evidence for error-rate vs stable: undecided, 0 of 75 requests/,
    );
    expect(doing(at(END, { onNoEvidence: 'roll-back' }, few))).toEqual(['rolling-back', 'restore-traffic']);
  });

  it('holds by default where there was no request at all', () => {
    expect(waitsFor(at(END, { onNoEvidence: 'auto' }, both(15, 0, 0)))).toMatch(
      /no evidence, neither stable nor/,
    );
    expect(doing(at(END + 30 * MINUTE, { onNoEvidence: 'auto' }, both(15, 0, 0)))).toEqual([
      'rolling-back',
      'restore-traffic',
    ]);
  });

  it('goes back at once where the canary is worse', () => {
    const worse = { ...both(4, 1000, 5), canary: minutes(4, { errors5xx: 60 }).canary };
    expect(doing(at(NOON + 5 * MINUTE, {}, worse))).toEqual(['rolling-back', 'restore-traffic']);
  });

  it('holds while stable itself fails, whatever is to follow on missing evidence', () => {
    const failing = both(15, 500, 100);
    const calm = { ...failing, before: failing.before.map((period) => ({ ...period, errors5xx: 5 })) };
    for (const onNoEvidence of ['auto', 'hold', 'roll-back', 'proceed'] as const) {
      expect(waitsFor(at(END, { onNoEvidence }, calm))).toMatch(/stable itself is failing/);
    }
    expect(at(END, { onNoEvidence: 'auto', onStableFailing: 'proceed' }, calm).phase).toMatchObject({
      step: 1,
    });
    expect(doing(at(END + 30 * MINUTE, { onNoEvidence: 'auto' }, calm))).toEqual([
      'rolling-back',
      'restore-traffic',
    ]);
  });

  describe('until confident', () => {
    const plan = parseBake('until-confident (min 3m, max 15m)')(ROLLOUT.plan);

    it('goes on as soon as every gate passes for sure, and not before the shortest time', () => {
      expect(waitsFor(at(NOON + 3 * MINUTE - 1, { plan }, both(2, 5000, 25)))).toBe(
        'the end of the step 5% for 3m to 15m',
      );
      expect(at(NOON + 3 * MINUTE, { plan }, both(2, 5000, 25)).phase).toMatchObject({
        kind: 'stepping',
        step: 1,
      });
    });

    it('goes on to the longest time while any gate is not sure', () => {
      expect(doing(at(NOON + 14 * MINUTE, { plan }, both(12, 5, 0)))).toEqual(['stepping', 'hold']);
      const bound = parseGates('error-rate vs stable\ncpu < 50%');
      const unknown = both(5, 5000, 25);
      const noMeans = { ...unknown, canary: unknown.canary.map((period) => ({ ...period, means: {} })) };
      expect(doing(at(NOON + 7 * MINUTE, { plan, gates: bound }, noMeans))).toEqual(['stepping', 'hold']);
      expect(at(NOON + 7 * MINUTE, { plan, gates: bound }, unknown).phase).toMatchObject({ step: 1 });
    });

    it('does not wait for gates that only warn', () => {
      const warns = parseGates('error-rate vs stable\nwarn cpu < 10%');
      expect(at(NOON + 7 * MINUTE, { plan, gates: warns }, both(5, 5000, 25)).phase).toMatchObject({
        step: 1,
      });
    });

    it('needs a bound to be met clearly', () => {
      const bounds = parseGates('error-rate < 1%');
      const just = {
        ...NO_EVIDENCE,
        canary: minutes(5, { requests: 200, answered: 200, errors5xx: 1 }).canary,
      };
      expect(doing(at(NOON + 7 * MINUTE, { plan, gates: bounds }, just))).toEqual(['stepping', 'hold']);
      const clearly = {
        ...NO_EVIDENCE,
        canary: minutes(5, { requests: 5000, answered: 5000, errors5xx: 5 }).canary,
      };
      expect(at(NOON + 7 * MINUTE, { plan, gates: bounds }, clearly).phase).toMatchObject({ step: 1 });
    });
  });
});

describe('the promotion', () => {
  const on = (phase: Phase, of: Partial<Observation> = {}) =>
    decide(ROLLOUT, phase, seen({ share: 100, ...of }));
  const NEW = { taskDefinition: TO };

  it('gives stable the new revision while the canary carries the traffic', () => {
    expect(on(PROMOTING)).toMatchObject({
      phase: UPDATED,
      action: { kind: 'update-stable', taskDefinition: TO, tasks: 10 },
    });
  });

  it('gives stable the tasks that the whole traffic needs', () => {
    const raised = { ...PROMOTING, load: { stable: 12, total: 24 } };
    const { action } = on(raised, stable({ desired: 12 }));
    expect(action).toEqual({ kind: 'update-stable', taskDefinition: TO, tasks: 24 });
  });

  it('knows them after its run has died from what the canary has', () => {
    const { action } = on(PROMOTING, { ...stable({ desired: 12 }), ...canary({ desired: 24, healthy: 24 }) });
    expect(action).toEqual({ kind: 'update-stable', taskDefinition: TO, tasks: 24 });
  });

  it('gives stable back the tasks that somebody has taken from it', () => {
    expect(on(PROMOTING, stable({ desired: 4 })).action).toMatchObject({ tasks: 10 });
  });

  it.each<[string, Partial<Observation['stable']>]>([
    ['its deployment is still going on', { ...NEW, deployment: 'in-progress' }],
    ['a task is not healthy', { ...NEW, healthy: 9 }],
    ['a task is not running', { ...NEW, running: 9 }],
    ['it has fewer tasks than it had', { ...NEW, desired: 8, running: 8, healthy: 8 }],
    ['the change does not show yet', {}],
  ])('promotes only when every task of stable runs the new revision: waits while %s', (_, of) => {
    expect(doing(on(UPDATED, { ...stable(of), now: NOON + 10_000 }))).toEqual(['promoting', 'hold']);
  });

  it('brings the traffic back to stable when every task of it runs the new revision', () => {
    expect(on(UPDATED, stable(NEW))).toMatchObject({
      phase: { kind: 'cleaning', outcome: 'promoted' },
      action: { kind: 'restore-traffic' },
    });
  });

  it('is over at once where stable runs the revision already', () => {
    const same = rolls({ from: TO });
    expect(doing(decide(same, PROMOTING, seen({ share: 100, ...stable(NEW) })))).toEqual([
      'cleaning',
      'restore-traffic',
    ]);
  });

  it.each<[string, Partial<Observation>, string]>([
    [
      "stable's circuit breaker gives up",
      stable({ ...NEW, deployment: 'failed', deploymentReason: 'tasks failed to start', healthy: 10 }),
      "the service's own deployment failed: tasks failed to start",
    ],
    [
      "stable's circuit breaker has taken it back",
      { ...stable({ deploymentReason: 'rolled back by the circuit breaker' }), now: NOON + 31_000 },
      "ECS took the service's own deployment back: rolled back by the circuit breaker",
    ],
    [
      'stable is set to something else',
      stable({ taskDefinition: OTHER }),
      `somebody else has deployed ${OTHER} to the service`,
    ],
    ['the canary dies', canary({ healthy: 0 }), 'the canary has 100% of the traffic and no healthy task'],
    ['the canary is deleted', canary({ draining: true }), 'somebody else has deleted the canary service'],
    ['the canary is gone', gone(), 'the canary service is gone'],
    [
      'the canary does not carry the traffic',
      { share: 50 },
      'the canary has 50.0% of the traffic, and the service can be given the new revision only at 100%',
    ],
    [
      'somebody interferes',
      { interference: 'somebody else has changed rule 10' },
      'somebody else has changed rule 10',
    ],
  ])('is taken back when %s', (_, of, reason) => {
    const { canary: ours, ...rest } = seen({ share: 100, ...of });
    const there = 'targetGroups' in of ? undefined : ours;
    const decision = decide(ROLLOUT, UPDATED, { ...rest, ...(there && { canary: there }) });
    expect(doing(decision)).toEqual(['rolling-back', 'restore-traffic']);
    expect(whyOf(decision)).toBe(reason);
  });

  it('is taken back where stable itself fails only when stable can carry the traffic', () => {
    const late = { share: 100, now: NOON + 30 * MINUTE + 1 };
    const failing = { ...stable({ ...NEW, deployment: 'in-progress', healthy: 3 }), ...late } as const;
    const first = decide(ROLLOUT, UPDATED, seen(failing));
    expect(whyOf(first)).toBe('the service had 3 of 10 healthy tasks 30m after its promotion began');
    // Nothing speaks against the canary, which has all the tasks that the traffic needs.
    expect(first.action).toEqual({ kind: 'update-stable', taskDefinition: FROM, tasks: 10 });
    const old = { ...late, now: late.now + MINUTE };
    const few = seen({ ...stable({ deployment: 'in-progress', healthy: 9 }), ...old });
    expect(waitsFor(decide(ROLLOUT, first.phase, few))).toMatch(/healthy task/);
    const enough = seen({ ...stable({ deployment: 'in-progress', healthy: 10 }), ...old });
    expect(decide(ROLLOUT, first.phase, enough).action.kind).toBe('restore-traffic');
    for (const of of [{ hurried: true }, { interrupted: 'cancelled' }, { now: late.now + 31 * MINUTE }]) {
      expect(decide(ROLLOUT, first.phase, { ...few, ...of }).action.kind).toBe('restore-traffic');
    }
  });

  it('does not give a release to stable that lost its traffic while its run was dead', () => {
    expect(doing(on(PROMOTING, { share: 0, routes: 'original' }))[0]).toBe('cleaning');
    expect(on(PROMOTING, { share: 0, routes: 'original' }).phase).toMatchObject({ outcome: 'rolled-back' });
  });
});

describe('a rollback', () => {
  const back = (of: Partial<Observation>, phase: Phase = GOING_BACK) => decide(ROLLOUT, phase, seen(of));
  const HOME = { routes: 'original', share: 0 } as const;
  const NEW = { taskDefinition: TO };

  it.each<[string, Partial<Observation>]>([
    ['the canary has traffic', { share: 25 }],
    ['a rule still names the canary', { share: 0 }],
    ['a rule is not restored', { routes: 'partly', share: 0 }],
    [
      'stable is half-way through a revision that it has to give back',
      { share: 100, ...stable({ ...NEW, healthy: 4 }) },
    ],
    [
      'neither has a healthy task',
      { share: 100, ...stable({ ...NEW, healthy: 0 }), ...canary({ healthy: 0 }) },
    ],
  ])('restores the traffic first when %s', (_, of) => {
    expect(back(of).action).toEqual({ kind: 'restore-traffic' });
  });

  it('gives stable its own revision before the traffic where stable has no healthy task and the canary has', () => {
    const down = { share: 100, ...stable({ ...NEW, healthy: 0 }) };
    const update = back(down);
    expect(update.action).toEqual({ kind: 'update-stable', taskDefinition: FROM, tasks: 10 });
    const given = { ...down, ...stable({ healthy: 0, deployment: 'in-progress' }), now: NOON + MINUTE };
    expect(waitsFor(back(given, update.phase))).toBe('the service to have a healthy task again');
    expect(back({ ...given, hurried: true }, update.phase).action.kind).toBe('hold');
    expect(back({ ...given, ...stable({ healthy: 1 }) }, update.phase).action.kind).toBe('restore-traffic');
  });

  it('does so too when the promotion is taken back by the run that goes on with it', () => {
    const down = {
      share: 100,
      ...stable({ taskDefinition: OTHER, healthy: 0 }),
      interference: 'somebody else',
    };
    expect(doing(decide(ROLLOUT, PROMOTING, seen(down)))).toEqual(['rolling-back', 'hold']);
  });

  it('leaves the traffic on the canary rather than on nothing, and says so', () => {
    const { phase } = back({ share: 100, ...stable({ healthy: 0 }), now: NOON + 31 * MINUTE });
    expect(phase).toEqual({
      kind: 'done',
      outcome: 'rolled-back',
      reason: 'too slow; the canary keeps its traffic, because the service has no healthy task',
      leftovers: true,
    });
  });

  it('does not believe that stable is down where nobody has looked', () => {
    const cancelled = { interrupted: 'cancelled', ...stable({ healthy: 0 }) };
    expect(decide(ROLLOUT, BAKING, seen(cancelled)).action.kind).toBe('restore-traffic');
    expect(decide(ROLLOUT, UPDATED, seen({ share: 100, ...cancelled })).action.kind).toBe('restore-traffic');
  });

  it('gives stable its former revision once the traffic is back', () => {
    const changed = { ...HOME, ...stable({ ...NEW, desired: 14 }) };
    const update = back(changed);
    expect(update).toMatchObject({
      phase: { kind: 'rolling-back', updatedAt: NOON },
      action: { kind: 'update-stable', taskDefinition: FROM, tasks: 14 },
    });
    expect(waitsFor(back({ ...changed, now: NOON + 29_000 }, update.phase))).toBe(
      'the service to take its former revision back',
    );
    expect(back({ ...changed, now: NOON + 30_000 }, update.phase).action.kind).toBe('update-stable');
  });

  it('does not take a change that failed for done, however little time is left', () => {
    const changed = { ...HOME, ...stable(NEW), hurried: true };
    const { phase } = back(changed);
    expect(doing(back({ ...changed, now: NOON + 1_000 }, phase))).toEqual(['rolling-back', 'hold']);
    expect(doing(back({ ...changed, now: NOON + 2_000 }, phase))).toEqual(['rolling-back', 'update-stable']);
  });

  it('gives up on a service that never takes its former revision, and says so', () => {
    const { phase } = back({ ...HOME, ...stable(NEW), now: NOON + 31 * MINUTE });
    expect(phase).toMatchObject({ kind: 'done', leftovers: true, outcome: 'rolled-back' });
    expect(phase).toMatchObject({ reason: `too slow; the service could not be given ${FROM} back` });
  });

  it('takes a change of stable back whose answer was lost and that does not show yet', () => {
    const lost = decide(
      ROLLOUT,
      UPDATED,
      seen({ share: 100, interrupted: 'an error inside: socket hang up' }),
    );
    expect(lost).toMatchObject({ phase: { touchedAt: NOON }, action: { kind: 'restore-traffic' } });
    expect(back({ ...HOME, now: NOON + 5_000 }, lost.phase).action).toEqual({
      kind: 'update-stable',
      taskDefinition: FROM,
      tasks: 10,
    });
  });

  it('waits until stable runs its former revision everywhere, unless there is no time', () => {
    const phase = { ...GOING_BACK, updatedAt: NOON };
    const moving = { ...HOME, ...stable({ deployment: 'in-progress' }), now: NOON + MINUTE };
    expect(waitsFor(back(moving, phase))).toBe('the service to run its former revision everywhere');
    expect(back({ ...moving, hurried: true }, phase).action.kind).toBe('release-scaling');
    expect(back({ ...moving, now: NOON + 31 * MINUTE }, phase).action.kind).toBe('release-scaling');
    expect(back({ ...moving, ...stable({ deployment: 'failed' }) }, phase).action.kind).toBe(
      'release-scaling',
    );
  });

  it('leaves a revision alone that somebody else has deployed', () => {
    expect(back({ ...HOME, ...stable({ taskDefinition: OTHER }) }).action.kind).toBe('release-scaling');
  });

  it('makes sure that such a revision came after the change of its own', () => {
    const foreign = { ...HOME, ...stable({ taskDefinition: OTHER }) };
    const phase = { ...GOING_BACK, touchedAt: NOON };
    expect(waitsFor(back({ ...foreign, now: NOON + 29_000 }, phase))).toBe(
      'the service to show which revision it was given last',
    );
    expect(back({ ...foreign, now: NOON + 30_000 }, phase).action.kind).toBe('release-scaling');
    expect(back({ ...HOME, ...stable(NEW), now: NOON + 5_000 }, phase).action.kind).toBe('update-stable');
  });

  it('does not touch stable where it has not been changed', () => {
    expect(back(HOME)).toMatchObject({
      phase: { ...CLEANING, since: NOON },
      action: { kind: 'release-scaling' },
    });
  });

  it('keeps the reason it began with', () => {
    expect(whyOf(back({ interrupted: 'the run was cancelled', evidence: ABORTING }))).toBe('too slow');
  });
});

describe('a cancelled run', () => {
  const cancelled = { interrupted: 'the run was cancelled', hurried: true };

  it('leaves nothing where nothing was made', () => {
    const nothing = without({
      ...cancelled,
      targetGroups: 'none',
      routes: 'original',
      scaling: 'free',
      share: 0,
    });
    expect(decide(ROLLOUT, PREPARING, nothing)).toMatchObject({
      phase: { kind: 'done', outcome: 'rolled-back', reason: 'the run was cancelled', leftovers: false },
      action: { kind: 'finish' },
    });
  });

  it.each<[string, Phase, Partial<Observation>]>([
    ['it prepares', PREPARING, { share: 0 }],
    ['it waits for the canary', STEPPING, { share: 0, ...canary({ healthy: 0 }) }],
    ['it shifts', SHIFTED, { share: 0 }],
    ['it bakes', BAKING, { share: 5 }],
    ['it moves on to the next step', { ...STEPPING, step: 1 }, { share: 5 }],
    ['it begins to promote', PROMOTING, { share: 100 }],
    ['it promotes', UPDATED, { share: 100, ...stable({ taskDefinition: TO, healthy: 5 }) }],
  ])('takes the traffic back at once while %s', (_, phase, of) => {
    const decision = decide(ROLLOUT, phase, seen({ ...of, ...cancelled }));
    expect(doing(decision)).toEqual(['rolling-back', 'restore-traffic']);
    expect(whyOf(decision)).toBe('the run was cancelled');
  });

  it('goes on rolling back while it rolls back', () => {
    expect(doing(decide(ROLLOUT, GOING_BACK, seen(cancelled)))).toEqual(['rolling-back', 'restore-traffic']);
  });

  it('stays promoted once stable runs the new revision everywhere', () => {
    const phase: Phase = { ...CLEANING, outcome: 'promoted' };
    const decision = decide(
      ROLLOUT,
      phase,
      seen({ ...cancelled, share: 100, ...stable({ taskDefinition: TO }) }),
    );
    expect(decision).toMatchObject({ phase: { outcome: 'promoted' }, action: { kind: 'restore-traffic' } });
  });

  it('does not wait for the canary to drain, but leaves the ledger to whoever comes next', () => {
    const draining = canary({ draining: true, running: 0, healthy: 0 });
    const decision = decide(
      ROLLOUT,
      CLEANING,
      seen({ ...cancelled, ...draining, routes: 'original', share: 0, scaling: 'free' }),
    );
    expect(decision).toMatchObject({ phase: { kind: 'done', leftovers: true }, action: { kind: 'finish' } });
  });

  it('is done when it is done', () => {
    const phase: Phase = { kind: 'done', outcome: 'promoted', reason: 'x', leftovers: false };
    expect(decide(ROLLOUT, phase, seen(cancelled))).toMatchObject({ phase, action: { kind: 'finish' } });
  });
});

describe('interference', () => {
  it.each<[string, Partial<Observation>, string]>([
    [
      'the weights',
      { share: 30 },
      'somebody else has changed the weights: the canary has 30.0% of the traffic instead of 5%',
    ],
    [
      'the rules',
      { share: 0, routes: 'original' },
      'somebody else has changed the weights: the canary has 0.0% of the traffic instead of 5%',
    ],
    [
      'what the engine watches',
      { interference: 'somebody else has changed rule 10' },
      'somebody else has changed rule 10',
    ],
    ['the canary service', canary({ draining: true }), 'somebody else has deleted the canary service'],
  ])('with %s ends the rollout', (_, of, reason) => {
    expect(whyOf(decide(ROLLOUT, BAKING, seen({ now: NOON + MINUTE, ...of })))).toBe(reason);
  });

  it.each<[string, Observation]>([
    ['is gone', without({ share: 5 })],
    ['has no running task', seen(canary({ running: 0 }))],
    ['has no healthy task', seen(canary({ healthy: 0 }))],
  ])('takes the traffic from a canary that %s, whoever drives the rollout', (_, observation) => {
    for (const phase of [PREPARING, STEPPING, BAKING, { ...UPDATED }]) {
      const share = phase.kind === 'promoting' ? 100 : 5;
      expect(doing(decide(ROLLOUT, phase, { ...observation, share }))).toEqual([
        'rolling-back',
        'restore-traffic',
      ]);
    }
  });

  it('with the number of canary tasks is put right during the bake', () => {
    const scaled = seen({ ...canary({ desired: 1 }), share: 50, now: NOON + MINUTE });
    const { phase, action } = decide(ROLLOUT, { ...BAKING, step: 1 }, scaled);
    expect(action).toEqual({ kind: 'scale-canary', tasks: 5 });
    // The bake goes on meanwhile, also where it is not let put right.
    const later = { ...scaled, now: NOON + MINUTE + 1_000 };
    expect(decide(ROLLOUT, phase, later).action).toMatchObject({ until: NOON + 15 * MINUTE });
  });
});

describe('a service that is scaled automatically', () => {
  it('is never asked for more tasks than its scaler allows', () => {
    const grown = { ...stable({ desired: 40 }), ...canary({ desired: 20 }), share: 50 };
    const phase: Phase = { kind: 'stepping', step: 2, since: NOON, load: { stable: 10, total: 20 } };
    const free = decide(
      { ...ROLLOUT, plan: complete(parseSteps('5% for 15m\n50% for 15m')) },
      phase,
      seen(grown),
    );
    expect(free.action).toEqual({ kind: 'scale-canary', tasks: 80 });
    const bounded = decide({ ...ROLLOUT, maxTasks: 50 }, phase, seen(grown));
    expect(bounded.action).toEqual({ kind: 'scale-canary', tasks: 50 });
    // A schedule has lowered or raised the limit meanwhile.
    const later = seen({ ...grown, bounds: { min: 2, max: 60 } });
    expect(decide({ ...ROLLOUT, maxTasks: 50 }, phase, later).action).toEqual({
      kind: 'scale-canary',
      tasks: 60,
    });
  });

  it('is given the tasks that its scaler would have given it for all the traffic, each number once', () => {
    const phase: Phase = { kind: 'stepping', step: 2, since: NOON, load: { stable: 10, total: 16 } };
    const own = { ...ROLLOUT, initialTasks: 10, plan: complete(parseSteps('5% for 15m\n50% for 15m')) };
    const grown = { ...canary({ desired: 99 }), share: 50, bounds: { min: 2, max: 60 } };
    const first = decide(own, phase, seen({ ...grown, ...stable({ desired: 10 }) }));
    expect(first.action).toEqual({ kind: 'scale-stable', tasks: 16 });
    expect(decide(own, first.phase, seen({ ...grown, ...stable({ desired: 10 }) })).action.kind).not.toBe(
      'scale-stable',
    );
    const { phase: later } = decide(own, first.phase, seen({ ...grown, ...stable({ desired: 16 }) }));
    expect(later).toMatchObject({ load: { stable: 16, total: 16 } });
    // Without a scaler, nobody would have.
    const { bounds: _, ...fixed } = grown;
    expect(decide(own, phase, seen({ ...fixed, ...stable({ desired: 10 }) })).action.kind).not.toBe(
      'scale-stable',
    );
  });

  it('is not waited for tasks that requests ask for after its promotion has begun', () => {
    const requests = minutes(15, {});
    const grown = { ...requests, stable: requests.canary };
    const usual = { ...ROLLOUT, usualRequests: 1_000 };
    const load = { stable: 10, total: 10 };
    const bounds = { bounds: { min: 2, max: 60 }, evidence: grown };
    const before = decide(usual, { ...PROMOTING, load }, seen({ share: 100, ...bounds, ...stable({}) }));
    expect(before.action).toMatchObject({ kind: 'update-stable', tasks: 20 });
    const all = {
      taskDefinition: TO,
      desired: 10,
      running: 10,
      healthy: 10,
      deployment: 'completed',
    } as const;
    const after = decide(usual, { ...UPDATED, load }, seen({ share: 100, ...bounds, ...stable(all) }));
    expect(after).toMatchObject({ phase: { kind: 'cleaning', outcome: 'promoted' } });
  });

  it.each<[string, Phase]>([
    ['in a step', { kind: 'stepping', step: 2, since: NOON, verifiedAt: NOON }],
    ['in a promotion', { kind: 'promoting', since: NOON, updatedAt: NOON }],
  ])('is held anew %s where its schedule asks for it', (_, phase) => {
    for (const scaling of ['behind', 'maybe-held'] as const) {
      const { action, phase: next } = decide(
        ROLLOUT,
        phase,
        seen({ scaling, share: phase.kind === 'promoting' ? 100 : 50 }),
      );
      expect([action.kind, next.kind]).toEqual(['hold-scaling', phase.kind]);
    }
  });

  it('is given free whatever its schedule asks for', () => {
    const observation = seen({ scaling: 'behind', routes: 'original', share: 0 });
    expect(decide(ROLLOUT, CLEANING, observation).action).toEqual({ kind: 'release-scaling' });
  });
});

describe('cleaning up', () => {
  const clean = (of: Partial<Observation>, phase: Phase = CLEANING) =>
    decide(ROLLOUT, phase, seen({ routes: 'original', share: 0, ...of }));
  const draining = canary({ draining: true, running: 0, healthy: 0 });

  it('does one thing after the other, the target groups last', () => {
    expect(clean({ share: 1 }).action.kind).toBe('restore-traffic');
    expect(clean({ routes: 'attached' }).action.kind).toBe('restore-traffic');
    expect(clean({}).action.kind).toBe('release-scaling');
    expect(clean({ scaling: 'maybe-held' }).action.kind).toBe('release-scaling');
    expect(waitsFor(clean({ scaling: 'free' }))).toBe('the canary to finish its last requests');
    const quiet = { ...CLEANING, restoredAt: NOON - 5 * MINUTE };
    expect(clean({ scaling: 'free' }, quiet).action.kind).toBe('delete-canary');
    expect(waitsFor(clean({ ...draining, scaling: 'free' }, quiet))).toBe(
      'the load balancer to let go of the canary',
    );
    const idle = { ...canary({ ...draining.canary, targets: 0 }), scaling: 'free' } as const;
    expect(clean(idle).action.kind).toBe('delete-target-groups');
    expect(waitsFor(clean({ ...idle, targetGroups: 'none' }))).toBe('the canary service to be gone');
    const alone = without({ routes: 'original', share: 0, scaling: 'free' });
    expect(decide(ROLLOUT, CLEANING, alone).action.kind).toBe('delete-target-groups');
    expect(decide(ROLLOUT, CLEANING, { ...alone, targetGroups: 'some' }).action.kind).toBe(
      'delete-target-groups',
    );
    expect(decide(ROLLOUT, CLEANING, { ...alone, targetGroups: 'none' })).toMatchObject({
      phase: { kind: 'done', outcome: 'rolled-back', reason: 'too slow', leftovers: false },
    });
  });

  it('leaves the canary alone for its last requests, from when no route led to it any more', () => {
    const first = clean({ scaling: 'free' });
    expect(first.phase).toMatchObject({ kind: 'cleaning', restoredAt: NOON });
    expect(first.action).toMatchObject({ kind: 'hold', until: NOON + ROLLOUT.drainMs });
    const early = { scaling: 'free', now: NOON + ROLLOUT.drainMs - 1 } as const;
    expect(clean(early, first.phase).action.kind).toBe('hold');
    expect(clean({ ...early, now: NOON + ROLLOUT.drainMs }, first.phase).action.kind).toBe('delete-canary');
    const back = clean({ ...early, share: 5 }, first.phase);
    expect(back.action.kind).toBe('restore-traffic');
    expect(back.phase).not.toHaveProperty('restoredAt');
  });

  it('waits for no requests where the canary had none, and for few where there is no time', () => {
    expect(clean({ scaling: 'free', served: false }).action.kind).toBe('delete-canary');
    const hurried = clean({ scaling: 'free', hurried: true });
    expect(hurried.phase).toMatchObject({ kind: 'done', leftovers: true });
    const later = { scaling: 'free', hurried: true, now: NOON + 10_000 } as const;
    expect(clean(later, { ...CLEANING, restoredAt: NOON }).action.kind).toBe('delete-canary');
  });

  it('leaves a canary that is not let go of for too long to the next run', () => {
    const phase = { ...CLEANING, restoredAt: NOON };
    const long = { ...draining, scaling: 'none', now: NOON + ROLLOUT.drainMs + 15 * MINUTE + 1 } as const;
    expect(clean(long, phase).phase).toMatchObject({ kind: 'done', leftovers: true });
  });

  it('leaves tasks without requests that do not end to ECS', () => {
    const phase = { ...CLEANING, restoredAt: NOON };
    const long = { ...draining, scaling: 'none', targetGroups: 'none', now: NOON + 21 * MINUTE } as const;
    expect(clean(long, phase).phase).toMatchObject({ kind: 'done', leftovers: false });
  });
});

describe('in a world that works', () => {
  const WORLD: Scenario = {
    plan: STRATEGIES.canary,
    capacity: { mode: 'auto', atLeast: 1 },
    onNoEvidence: 'hold',
    afterHold: 'roll-back',
    preTrafficTest: true,
    initialTasks: 4,
    routes: [
      [{ arn: STABLE, weight: 1 }],
      [
        { arn: 'arn:other/1', weight: 30 },
        { arn: STABLE, weight: 70 },
      ],
    ],
    autoscaled: true,
    release: {
      startMs: 40_000,
      healthy: true,
      errors: { percent: 0, fromMs: 0 },
      requestsPerMinute: 1000,
      asStable: 'fine',
    },
    stopsFirst: false,
    lagMs: 3_000,
    drainMs: 60_000,
    events: [],
    faults: [],
    reruns: [],
  };
  const releaseOf = (release: Partial<Scenario['release']>): Scenario => ({
    ...WORLD,
    release: { ...WORLD.release, ...release },
  });

  it.each(STRATEGY_NAMES)('%s promotes a good release through all of its steps', (name) => {
    const ran = play({ ...WORLD, plan: STRATEGIES[name] });
    expect([ran.outcome, ran.violations, ran.world.isClean, ran.world.stable.revision]).toEqual([
      'promoted',
      [],
      true,
      TO,
    ]);
    expect(ran.world.rollout.plan.filter((step) => !baked(ran, step))).toEqual([]);
  });

  it.each<[string, Scenario, RegExp]>([
    ['fails every second request', releaseOf({ errors: { percent: 50, fromMs: 0 } }), /^error-rate .* abort/],
    ['fails some of its requests', releaseOf({ errors: { percent: 5, fromMs: 0 } }), /^error-rate/],
    ['breaks later', releaseOf({ errors: { percent: 50, fromMs: 25 * MINUTE } }), /^error-rate/],
    ['does not become healthy', releaseOf({ healthy: false }), /canary tasks were healthy/],
    ['has no traffic', releaseOf({ requestsPerMinute: 0 }), /no evidence/],
    [
      'works as canary only, with a circuit breaker',
      releaseOf({ asStable: 'breaker-rolls-back' }),
      /^ECS took/,
    ],
    [
      'works as canary only, with one that stops',
      releaseOf({ asStable: 'breaker-fails' }),
      /own deployment failed/,
    ],
    ['works as canary only, without one', releaseOf({ asStable: 'stuck' }), /after its promotion began/],
    [
      'works as canary only, where ECS stops the old tasks first',
      { ...releaseOf({ asStable: 'stuck' }), stopsFirst: true },
      /after its promotion began/,
    ],
  ])('takes a release back that %s', (_, scenario, reason) => {
    const ran = play(scenario);
    expect([ran.outcome, ran.violations, ran.world.isClean, ran.world.stable.revision]).toEqual([
      'rolled-back',
      [],
      true,
      FROM,
    ]);
    expect(ran.reason).toMatch(reason);
  });

  it('ends well when its run is killed at any call and the same release comes again', () => {
    const quick = { ...WORLD, plan: complete([{ weight: 50, bakeMs: 3 * MINUTE }]) };
    for (let call = 1; call <= 40; call++) {
      for (const kind of ['kill-before', 'kill-halfway', 'kill-after'] as const) {
        const ran = play({ ...quick, faults: [{ call, kind }] });
        const runs = ran.outcome === 'promoted' ? TO : FROM;
        expect([call, kind, ran.violations, ran.world.isClean, ran.world.stable.revision]).toEqual([
          call,
          kind,
          [],
          true,
          runs,
        ]);
      }
    }
  });

  it('is taken back when its run is killed at any call and only a rollback comes', () => {
    const quick = { ...WORLD, plan: complete([{ weight: 50, bakeMs: 3 * MINUTE }]) };
    for (let call = 1; call <= 40; call++) {
      for (const rerun of ['other', 'post', 'rollback'] as const) {
        const ran = play({ ...quick, faults: [{ call, kind: 'kill-after' }], reruns: [rerun, rerun, rerun] });
        const runs = ran.outcome === 'promoted' ? TO : FROM;
        expect([call, rerun, ran.violations, ran.world.isClean, ran.world.stable.revision]).toEqual([
          call,
          rerun,
          [],
          true,
          runs,
        ]);
      }
    }
  });
});
