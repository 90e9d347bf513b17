import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  complete,
  formatStep,
  type Plan,
  parseBake,
  parseSteps,
  STRATEGIES,
  STRATEGY_NAMES,
} from '../../src/rollout/plan.ts';
import { problemsOf } from './problems-of.ts';

const MINUTE = 60_000;

describe('parseSteps', () => {
  it.each<[string, [number, number][]]>([
    ['5% for 15m', [[5, 15 * MINUTE]]],
    [
      '5% for 15m\n25% for 15m\n100% for 5m',
      [
        [5, 15 * MINUTE],
        [25, 15 * MINUTE],
        [100, 5 * MINUTE],
      ],
    ],
    ['\n# a comment\n  0.5 %  FOR  90s  \r\n\n', [[0.5, 90_000]]],
    [
      '- 1% for 1m\n- 2.5% for 0',
      [
        [1, MINUTE],
        [2.5, 0],
      ],
    ],
  ])('reads %j', (text, steps) => {
    expect(parseSteps(text)).toEqual(steps.map(([weight, bakeMs]) => ({ weight, bakeMs })));
  });

  it.each<[string, string[]]>([
    [
      '5 for 15m',
      ['steps line 1: "5 for 15m" is not a step; write a share and how long it bakes: 5% for 15m'],
    ],
    ['5%', ['steps line 1: "5%" is not a step; write a share and how long it bakes: 5% for 15m']],
    [
      '-5% for 1m',
      ['steps line 1: "-5% for 1m" is not a step; write a share and how long it bakes: 5% for 15m'],
    ],
    [
      '5% for 15m then',
      ['steps line 1: "5% for 15m then" is not a step; write a share and how long it bakes: 5% for 15m'],
    ],
    ['5% for 15', ['steps line 1: "15" is not a duration; write a number with a unit: 90s, 15m or 1h30m']],
    ['0% for 1m', ['steps line 1: "0% for 1m" gives 0%; a share is above 0% and at most 100%']],
    ['101% for 1m', ['steps line 1: "101% for 1m" gives 101%; a share is above 0% and at most 100%']],
    ['5% for 1m\n5% for 1m', ['steps line 2: "5% for 1m" does not rise above the 5% of the step before it']],
    [
      '50% for 1m\n\n25% for 1m',
      ['steps line 3: "25% for 1m" does not rise above the 50% of the step before it'],
    ],
    ['# nothing\n', ['steps: holds no step; write one per line, such as 5% for 15m, or leave it out']],
  ])('refuses %j, naming the line, the value and what to write', (text, problems) => {
    expect(problemsOf(() => parseSteps(text))).toEqual(problems);
  });

  it('reports the problems of all lines at once, and none that only follows from another', () => {
    expect(
      problemsOf(() => parseSteps('x\n150% for 1m\n100% for 5\n')).map((line) => line.slice(0, 13)),
    ).toEqual(['steps line 1:', 'steps line 2:', 'steps line 3:']);
  });

  it('reads what formatStep writes', () => {
    const anyStep = fc.record({
      weight: fc.integer({ min: 1, max: 1000 }).map((tenths) => tenths / 10),
      bakeMs: fc.integer({ min: 0, max: 10_000 }).map((seconds) => seconds * 1000),
    });
    fc.assert(
      fc.property(fc.uniqueArray(anyStep, { minLength: 1, selector: ({ weight }) => weight }), (steps) => {
        const rising = steps.sort((a, b) => a.weight - b.weight);
        expect(parseSteps(rising.map(formatStep).join('\n'))).toEqual(rising);
      }),
    );
  });
});

describe('the plans that have a name', () => {
  it.each(STRATEGY_NAMES)('%s rises, bakes at every step and can be written as steps', (name) => {
    const plan: Plan = STRATEGIES[name];
    expect(parseSteps(plan.map(formatStep).join('\n'))).toEqual(plan);
    expect(plan.every(({ bakeMs }) => bakeMs > 0)).toBe(true);
  });
});

describe('parseBake', () => {
  const plan = complete(parseSteps('5% for 15m\n50% for 2m'));

  it.each<[string, [number, number][]]>([
    [
      'until-confident',
      [
        [3, 15],
        [2, 2],
      ],
    ],
    [
      'Until-Confident (min 5m, max 10m)',
      [
        [5, 10],
        [5, 10],
      ],
    ],
    [
      'until-confident(max 2m, min 1m)',
      [
        [1, 2],
        [1, 2],
      ],
    ],
    [
      'until-confident (min 2m)',
      [
        [2, 15],
        [2, 2],
      ],
    ],
    [
      'until-confident ()',
      [
        [3, 15],
        [2, 2],
      ],
    ],
  ])('%s', (text, minutes) => {
    const [first, second, last] = parseBake(text)(plan);
    expect([first, second].map((step) => [step?.leastMs, step?.bakeMs].map((ms = 0) => ms / MINUTE))).toEqual(
      minutes,
    );
    expect(last).toEqual({ weight: 100, bakeMs: 0 });
  });

  it.each<[string, string]>([
    ['until-sure', 'bake: "until-sure": write until-confident (min 3m, max 15m), or leave it out'],
    ['15m', 'bake: "15m": write until-confident'],
    ['until-confident (min 3m; max 15m)', '"min 3m; max 15m" is neither min DURATION nor max DURATION'],
    ['until-confident (least 3m)', '"least 3m" is neither min DURATION nor max DURATION'],
    ['until-confident (min 3)', 'bake: "3" is not a duration'],
    ['until-confident (min 4m)', 'the shortest bake, 4m, is longer than the step 50% for 2m'],
    ['until-confident (min 0)', 'min is less than a minute, and metrics come per minute'],
    ['until-confident (min 5m, min 6m)', 'min stands there twice'],
    ['until-confident (max 2m)', 'the longest bake, 2m, is shorter than the shortest, 3m'],
  ])('refuses %s', (text, message) => {
    expect(problemsOf(() => parseBake(text)(plan))[0]).toContain(message);
  });

  it('is told with the step', () => {
    expect(formatStep({ weight: 5, bakeMs: 15 * MINUTE, leastMs: 3 * MINUTE })).toBe('5% for 3m to 15m');
  });
});

describe('complete', () => {
  it('ends at 100% without a bake where the plan stops short of it', () => {
    expect(complete([{ weight: 5, bakeMs: MINUTE }])).toEqual([
      { weight: 5, bakeMs: MINUTE },
      { weight: 100, bakeMs: 0 },
    ]);
  });

  it('leaves a plan that bakes at 100% as it is', () => {
    expect(complete(STRATEGIES['all-at-once'])).toEqual(STRATEGIES['all-at-once']);
  });
});
