import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DESCRIPTION_LIMIT, deploymentStatus, statusOfRollout } from '../../src/report/deployment-status.ts';
import type { Action, Phase } from '../../src/rollout/controller.ts';
import type { Finding, Verdict } from '../../src/rollout/judge/finding.ts';

const TO = 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2';
const PLAN = [
  { weight: 25, bakeMs: 900_000 },
  { weight: 100, bakeMs: 0 },
] as const;
const AT = Date.UTC(2026, 0, 5, 12, 1);
const HOLD: Action = { kind: 'hold', waitingFor: 'the end of the step 25% for 15m' };

const status = (
  phase: Phase,
  action: Action = HOLD,
  findings: readonly Finding[] = [],
  share = 25,
): string => {
  const { state, description } = statusOfRollout({ plan: PLAN, to: TO }, phase, action, { share }, findings);
  return `${state}: ${description}`;
};
const finding = (verdict: Verdict, warnOnly = false): Finding => ({
  gate: 'g',
  text: 't',
  verdict,
  warnOnly,
});
const BAKING: Phase = { kind: 'stepping', step: 0, since: AT, verifiedAt: AT };

describe('what GitHub is told of a rollout', () => {
  it.each<readonly [string, Phase]>([
    ['in_progress: web:2: the canary is being made', { kind: 'preparing', startAt: 0 }],
    [
      "in_progress: 100% as soon as the canary's tasks are healthy, 25% until then",
      { kind: 'stepping', step: 1, since: AT },
    ],
    ['in_progress: All steps are passed, the service itself takes web:2', { kind: 'promoting', since: AT }],
    ['in_progress: Being taken back: too slow', { kind: 'rolling-back', reason: 'too slow', since: AT }],
    [
      'in_progress: Being taken back: too slow',
      { kind: 'cleaning', outcome: 'rolled-back', reason: 'too slow', since: AT },
    ],
    [
      'failure: Taken back: too slow',
      { kind: 'cleaning', outcome: 'rolled-back', reason: 'too slow', since: AT, restoredAt: AT },
    ],
    [
      'in_progress: The service runs web:2 and takes the traffic back from the canary',
      { kind: 'cleaning', outcome: 'promoted', reason: '', since: AT },
    ],
    [
      'success: web:2 is promoted and has all the traffic',
      { kind: 'cleaning', outcome: 'promoted', reason: '', since: AT, restoredAt: AT },
    ],
    [
      'failure: Taken back: too slow',
      { kind: 'done', outcome: 'rolled-back', reason: 'too slow', leftovers: true },
    ],
  ])('is "%s"', (expected, phase) => {
    expect(status(phase)).toBe(expected);
  });

  it.each<readonly [string, readonly Finding[]]>([
    ['judged good so far', [finding('pass'), finding('no-evidence', true)]],
    ['not found worse so far', [finding('pass'), finding('undecided')]],
    ['too early to judge', [finding('pass'), finding('undecided'), finding('no-evidence')]],
    ['too early to judge', []],
    ['a gate does not hold so far', [finding('no-evidence'), finding('fail')]],
  ])('in a bake ends with "%s"', (expected, findings) => {
    expect(status(BAKING, HOLD, findings)).toBe(`in_progress: 25% since 12:01 UTC, ${expected}`);
  });

  it('says when a step is held for want of evidence', () => {
    const action: Action = { kind: 'hold', waitingFor: 'evidence for error-rate: no evidence' };
    expect(status(BAKING, action, [finding('no-evidence')])).toMatch(/held until more is known$/);
  });
});

describe('a description', () => {
  it('tells no account, and is one line', () => {
    const { description } = deploymentStatus('failure', `${TO}\n::error::x`);
    expect(description).toBe('arn:aws:ecs:eu-west-1:ACCOUNT:task-definition/web:2 ::error::x');
  });

  it('is as long as GitHub takes, whatever it is made of', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    fc.assert(
      fc.property(text, (given) => {
        const { description } = deploymentStatus('error', given);
        expect(description.length).toBeLessThanOrEqual(DESCRIPTION_LIMIT);
        expect(description.isWellFormed()).toBe(true);
      }),
    );
  });
});
