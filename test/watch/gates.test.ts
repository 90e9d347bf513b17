import { describe, expect, it } from 'vitest';
import { parseGates } from '../../src/rollout/gate-syntax.ts';
import { DEFAULT_WATCH_GATES, giveWay, parseWatchGates, whileWatching } from '../../src/watch/gates.ts';
import { problemsOf } from '../rollout/problems-of.ts';
import { minute } from './watching.ts';

const DEFAULTS = parseWatchGates(DEFAULT_WATCH_GATES, []);
const unmet = [
  { gate: 'error-rate < 0.1%', verdict: 'fail', text: '20 of 1000 requests (2%)', warnOnly: false } as const,
];

describe('gates of a watch', () => {
  it('are those of canary, but for what needs a stable service beside it', () => {
    expect(parseWatchGates('error-rate vs stable\nlatency-p95 < 300ms', [])).toHaveLength(2);
    expect(problemsOf(() => parseWatchGates('crashes vs stable', []))).toEqual([
      'gates: "crashes vs stable": there is no stable any more whose crashes could be counted, and ECS forgets stopped tasks after an hour; write crashes = 0, or how many are too many: crashes < 3',
    ]);
  });

  it.each([
    ['error-rate < 1%', { comparison: '>=', value: 0.01 }],
    ['error-rate <= 1%', { comparison: '>', value: 0.01 }],
    ['latency-p95 < 300ms', { comparison: '>=', value: 300 }],
    ['error-rate < 1% abort > 2%', { comparison: '>', value: 0.02 }],
  ])('%s takes a release back as soon as it surely is not met', (line, abort) => {
    const [gate] = parseGates(line);
    expect(whileWatching(gate ?? expect.unreachable())).toHaveProperty('abort', abort);
  });

  it.each(['error-rate < 1% exact', 'cpu < 80%', 'latency-avg < 1s', 'crashes = 0', 'error-rate vs stable'])(
    '%s is asked as it is',
    (line) => {
      const [gate] = parseGates(line);
      expect(whileWatching(gate ?? expect.unreachable())).toBe(gate);
    },
  );
});

describe('default gates give way', () => {
  const quick = [minute(-10), minute(-9)];
  const ways = (...given: Parameters<typeof giveWay>) =>
    giveWay(...given).map(({ gate, instead, why }) => [gate.text, instead?.text, why]);

  it('not where the service met them before the release', () => {
    expect(ways(DEFAULTS, quick, [])).toEqual([]);
  });

  it('to a comparison where it had more errors before', () => {
    expect(ways(DEFAULTS, quick, unmet)).toEqual([
      [
        'error-rate < 0.1%',
        'error-rate vs stable',
        'the service did not meet it before the release (20 of 1000 requests (2%))',
      ],
    ]);
  });

  it('to a longer time where it was slow before', () => {
    const slow = [minute(-10, { slower: { 300: 500, 1000: 10 } })];
    expect(ways(DEFAULTS, slow, [])).toEqual([
      [
        'slower-than 300ms vs stable',
        'slower-than 1s vs stable',
        '50% of its requests were that slow before the release',
      ],
    ]);
  });

  it('to nothing where there is nothing to compare with', () => {
    expect(ways(DEFAULTS, [], [])).toEqual([
      [
        'slower-than 300ms vs stable',
        undefined,
        'no request is known from before the release to compare with',
      ],
    ]);
  });
});
