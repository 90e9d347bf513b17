import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Phase } from '../../src/rollout/controller.ts';
import {
  decodeOriginal,
  encodeOriginal,
  fromTags,
  type Ledger,
  resume,
  toTags,
} from '../../src/rollout/ledger.ts';

const NOW = Date.UTC(2026, 0, 5, 10, 0);

const LEDGER: Ledger = {
  rolloutId: '1001-1-canary',
  service: 'prod/web',
  holder: 'https://github.com/org/web/actions/runs/1001/attempts/1',
  leaseUntil: NOW,
  from: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1',
  to: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2',
  phase: 'stepping',
  weight: 25,
  initialTasks: 4,
};

const tagCharacter = fc.constantFrom(...'abcXYZ0123456789 +-=._:/@äßж中'.split(''));
const tagText = (maxLength: number) => fc.string({ unit: tagCharacter, minLength: 1, maxLength });

const anyLedger: fc.Arbitrary<Ledger> = fc
  .record(
    {
      rolloutId: tagText(40),
      service: tagText(300),
      holder: tagText(300),
      leaseUntil: fc.integer({ min: 1, max: 4_000_000_000_000 }),
      from: tagText(300),
      to: tagText(300),
      phase: fc.constantFrom<Phase['kind']>(
        'preparing',
        'stepping',
        'promoting',
        'rolling-back',
        'cleaning',
        'done',
      ),
      weight: fc.constantFrom(0, 0.5, 5, 33.3, 100),
      initialTasks: fc.integer({ min: 1, max: 5000 }),
      outcome: fc.constantFrom('promoted', 'rolled-back'),
      reason: fc.oneof(tagText(1024), fc.constantFrom('x'.repeat(255), 'x'.repeat(256), 'x'.repeat(512))),
      scaling: tagText(300),
    },
    {
      requiredKeys: [
        'rolloutId',
        'service',
        'holder',
        'leaseUntil',
        'from',
        'to',
        'phase',
        'weight',
        'initialTasks',
      ],
    },
  )
  .map((ledger): Ledger => ledger);

describe('a ledger in tags', () => {
  it('comes back as it was', () => {
    expect(fromTags(toTags(LEDGER))).toEqual(LEDGER);
    fc.assert(
      fc.property(anyLedger, (ledger) => {
        expect(fromTags(toTags(ledger))).toEqual(ledger);
      }),
    );
  });

  it('has values that AWS takes, and leaves the user most of the 50 tags', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 3000 });
    fc.assert(
      fc.property(anyText, anyText, (reason, holder) => {
        const tags = toTags({ ...LEDGER, reason, holder, scaling: reason });
        for (const [key, value] of Object.entries(tags)) {
          expect(key).toMatch(/^deploy-actions:[A-Za-z]+(:\d)?$/);
          expect(value).toMatch(/^[\p{L}\p{N} +\-=._:/@]{0,256}$/u);
          expect(value.isWellFormed()).toBe(true);
        }
        expect(Object.keys(tags).length).toBeLessThan(25);
      }),
    );
  });

  it.each([
    [
      'error-rate < 1%: 5 of 100 requests (5.00%) answered 5xx',
      'error-rate - 1-: 5 of 100 requests -5.00-- answered 5xx',
    ],
    ['two\nlines', 'two-lines'],
    ['a 🚀 and 𝒜', 'a - and -'],
  ])('writes %j as %j', (reason, written) => {
    expect(fromTags(toTags({ ...LEDGER, reason }))?.reason).toBe(written);
  });

  it.each([
    [700, 300],
    [700, 256],
    [700, 512],
    [1024, 255],
    [1024, 1],
    [256, 257],
    [3000, 768],
  ])('forgets a value of %i characters for one of %i', (longer, shorter) => {
    const reason = 'y'.repeat(shorter);
    const tags = { ...toTags({ ...LEDGER, reason: 'x'.repeat(longer) }), ...toTags({ reason }) };
    expect(fromTags(tags)?.reason).toBe(reason);
  });

  it('forgets a value for an empty one', () => {
    const tags = { ...toTags({ ...LEDGER, scaling: 's'.repeat(600) }), ...toTags({ scaling: '' }) };
    expect(fromTags(tags)).toEqual(LEDGER);
  });

  it('cuts off what is longer than four tags', () => {
    expect(fromTags(toTags({ ...LEDGER, reason: 'x'.repeat(3000) }))?.reason).toBe('x'.repeat(1024));
  });

  it('writes only the fields that are given', () => {
    expect(toTags({ weight: 50 })).toEqual({ 'deploy-actions:weight': '50' });
    expect(toTags({})).toEqual({});
  });

  it.each([
    ['no tags', {}],
    ['tags of others', { Name: 'web', team: 'shop' }],
    ['a rollout without a phase, as on a canary service', toTags({ rolloutId: '1001' })],
    ['a phase that nobody knows', { ...toTags(LEDGER), 'deploy-actions:phase': 'dancing' }],
    ['a rollout without an id', { ...toTags(LEDGER), 'deploy-actions:rolloutId': '' }],
  ])('is not read from %s', (_, tags) => {
    expect(fromTags(tags)).toBeUndefined();
  });

  it('is read as dead and weightless where its numbers cannot be understood', () => {
    const broken = {
      ...toTags(LEDGER),
      'deploy-actions:leaseUntil': 'tomorrow',
      'deploy-actions:weight': 'half',
      'deploy-actions:initialTasks': '',
      'deploy-actions:outcome': 'fine',
    };
    expect(fromTags(broken)).toEqual({ ...LEDGER, leaseUntil: 0, weight: 0, initialTasks: 1 });
  });
});

describe('resume', () => {
  const WEIGHTS = [5, 25, 50, 100];
  const goesBack = (reason: string): Phase => ({ kind: 'rolling-back', reason, since: NOW });
  const NO_REASON = 'its run ended before it had finished';
  type Given = Partial<Ledger> & { share?: number; target?: string | undefined };

  it.each<[string, Given, Phase]>([
    ['a rollback', { phase: 'rolling-back', reason: 'too slow', share: 25 }, goesBack('too slow')],
    ['a rollback without a reason', { phase: 'rolling-back' }, goesBack(NO_REASON)],
    [
      'the clean-up of a promotion',
      { phase: 'cleaning', outcome: 'promoted', reason: 'fine', share: 100 },
      { kind: 'cleaning', outcome: 'promoted', reason: 'fine', since: NOW },
    ],
    [
      'the clean-up of a rollback',
      { phase: 'cleaning', outcome: 'rolled-back', reason: 'slow' },
      { kind: 'cleaning', outcome: 'rolled-back', reason: 'slow', since: NOW },
    ],
    [
      'a rollout that ended with leftovers',
      { phase: 'done', outcome: 'rolled-back', reason: 'slow' },
      { kind: 'cleaning', outcome: 'rolled-back', reason: 'slow', since: NOW },
    ],
    [
      'a clean-up whose outcome is not known',
      { phase: 'cleaning' },
      { kind: 'cleaning', outcome: 'rolled-back', reason: NO_REASON, since: NOW },
    ],
    [
      'a rollback that had to leave traffic on the canary',
      { phase: 'done', outcome: 'rolled-back', reason: 'slow', share: 100 },
      goesBack('slow'),
    ],
    [
      'a rollback of a release that may have reached stable',
      { phase: 'rolling-back', reason: 'slow', weight: 100 },
      { kind: 'rolling-back', reason: 'slow', since: NOW, touchedAt: NOW },
    ],
    [
      'a promotion that was under way and is only to be ended',
      { phase: 'promoting', weight: 100, share: 100, target: undefined },
      { kind: 'rolling-back', reason: NO_REASON, since: NOW, touchedAt: NOW },
    ],
    ['preparations', { phase: 'preparing', weight: 0, share: 0 }, { kind: 'preparing', startAt: 0 }],
    ['the step that was asked for', { share: 25 }, { kind: 'preparing', startAt: 1 }],
    ['a step that was asked for and not yet made', { share: 5 }, { kind: 'preparing', startAt: 1 }],
    [
      'a step whose weights came out larger than asked',
      { weight: 5, share: 5.9 },
      { kind: 'preparing', startAt: 0 },
    ],
    ['the last step', { weight: 100, share: 100 }, { kind: 'preparing', startAt: 3 }],
    ['a weight that this plan does not have', { weight: 30, share: 30 }, { kind: 'preparing', startAt: 2 }],
    ['a share that nobody has written down', { weight: 0, share: 10 }, { kind: 'preparing', startAt: 1 }],
    ['a run that died while it took the release back', { weight: 25, share: 0 }, goesBack(NO_REASON)],
    ['a promotion', { phase: 'promoting', weight: 100, share: 100 }, { kind: 'promoting', since: NOW }],
    [
      'preparations for another release',
      { phase: 'preparing', weight: 0, share: 0, target: 'x' },
      goesBack(NO_REASON),
    ],
    ['a step of another release', { share: 25, target: 'x' }, goesBack(NO_REASON)],
    ['a promotion of another release', { phase: 'promoting', share: 100, target: 'x' }, goesBack(NO_REASON)],
    [
      'a promotion that is only to be ended',
      { phase: 'promoting', share: 100, target: undefined },
      goesBack(NO_REASON),
    ],
  ])('goes on with %s', (_, { share = 0, ...given }, phase) => {
    const target = 'target' in given ? given.target : LEDGER.to;
    const { target: __, ...fields } = given;
    expect(resume({ ...LEDGER, ...fields }, WEIGHTS, share, target, NOW)).toEqual(phase);
  });

  it('never goes on forward but with the same release, whatever else is known', () => {
    fc.assert(
      fc.property(anyLedger, fc.integer({ min: 0, max: 100 }), (ledger, share) => {
        const phase = resume(ledger, WEIGHTS, share, undefined, NOW);
        expect(['rolling-back', 'cleaning']).toContain(phase.kind);
      }),
    );
  });
});

describe('the original weights of a rule', () => {
  const arn = (id: string) =>
    `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${id}/${id}0123456789abcdef`;

  it('come back from one tag, five groups and stickiness included', () => {
    const original = {
      groups: ['a', 'b', 'c', 'd', 'e'].map((id, index) => ({ arn: arn(id), weight: index * 249 })),
      stickinessSeconds: 604_800,
    };
    const text = encodeOriginal(original);
    expect(text).toMatch(/^[\p{L}\p{N} +\-=._:/@]{1,256}$/u);
    expect(
      decodeOriginal(
        text,
        original.groups.map((group) => group.arn),
      ),
    ).toEqual(original);
  });

  it('come back without stickiness where there was none', () => {
    const original = { groups: [{ arn: arn('a'), weight: 1 }], stickinessSeconds: undefined };
    expect(decodeOriginal(encodeOriginal(original), [arn('a'), arn('b')])).toEqual(original);
  });

  it('come back with a duration that stands beside a stickiness that is off', () => {
    const original = { groups: [{ arn: arn('a'), weight: 1 }], stickinessSeconds: { off: 604_800 } };
    const text = encodeOriginal(original);
    expect(text).toMatch(/^[\p{L}\p{N} +\-=._:/@]{1,256}$/u);
    expect(decodeOriginal(text, [arn('a'), arn('b')])).toEqual(original);
  });

  it('leave out groups that the rule does not name any more', () => {
    const original = {
      groups: [
        { arn: arn('a'), weight: 1 },
        { arn: arn('b'), weight: 3 },
      ],
      stickinessSeconds: 60,
    };
    expect(decodeOriginal(encodeOriginal(original), [arn('b')])).toEqual({
      groups: [{ arn: arn('b'), weight: 3 }],
      stickinessSeconds: 60,
    });
  });
});
