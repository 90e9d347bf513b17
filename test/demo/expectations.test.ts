import { expect, test } from 'vitest';
import { type Ending, missesOf } from '../../src/demo/expectations.ts';
import { STORIES, type Story } from '../../src/demo/stories.ts';

const story = STORIES.find(({ name }) => name === 'errors') as Story;

const asExpected: Ending = {
  result: {
    code: 1,
    signal: null,
    log: '',
    outputs: { outcome: 'rolled-back', reason: 'error-rate < 1% abort > 2%: 9 of 100 requests' },
    state: {},
    summary: '',
    ms: 1_000,
  },
  state: {
    runs: 'web:1',
    desired: 4,
    running: 4,
    healthy: 4,
    settled: true,
    routes: ['100% web', '100% web'],
    otherServices: [],
    otherTargetGroups: [],
  },
  trafficBackMs: 12,
  bugs: [],
};

const withState = (state: Partial<Ending['state']>): Ending => ({
  ...asExpected,
  state: { ...asExpected.state, ...state },
});

const withOutputs = (outputs: Record<string, string>): Ending => ({
  ...asExpected,
  result: { ...asExpected.result, outputs: { ...asExpected.result.outputs, ...outputs } },
});

test('finds nothing amiss in a release that was taken back', () => {
  expect(missesOf(story, asExpected)).toEqual([]);
});

test.each([
  { ending: { ...asExpected, result: { ...asExpected.result, code: 0 } }, miss: 'exit code 1; found: 0' },
  { ending: withOutputs({ outcome: 'promoted' }), miss: 'outcome is rolled-back; found: promoted' },
  { ending: withOutputs({ reason: 'crashes = 0: 1' }), miss: 'found: crashes = 0: 1' },
  { ending: withState({ runs: 'web:2' }), miss: 'runs web:1; found: web:2' },
  { ending: withState({ healthy: 3 }), miss: 'found: desired 4, running 4, healthy 3' },
  { ending: withState({ settled: false }), miss: 'no deployment is under way' },
  { ending: withState({ routes: ['100% web', '95% web, 5% web-canary'] }), miss: '95% web, 5% web-canary' },
  { ending: withState({ routes: ['100% web', '100% web, 0% web-canary'] }), miss: '0% web-canary' },
  { ending: withState({ otherServices: ['web-canary (ACTIVE)'] }), miss: 'web-canary (ACTIVE)' },
  {
    ending: withState({ otherTargetGroups: ['web-canary'] }),
    miss: 'target group is left; found: web-canary',
  },
  { ending: { ...asExpected, trafficBackMs: 2_500 }, miss: 'found: 2500 ms' },
  { ending: { ...asExpected, bugs: ['ECS X is not simulated'] }, miss: 'ECS X is not simulated' },
])('names what is not as it has to be: $miss', ({ ending, miss }) => {
  expect(missesOf(story, ending)).toEqual([expect.stringContaining(miss)]);
});
