import { describe, expect, it } from 'vitest';
import {
  lastGoodRevision,
  type PastRelease,
  previousRevision,
  wasTakenBack,
  wentBack,
} from '../../src/rollout/history.ts';

/** Newest first: `3+` ended well, `3-` did not. */
const history = (text: string): PastRelease[] =>
  text
    .split(' ')
    .filter((entry) => entry !== '')
    .map((entry) => ({
      taskDefinition: entry.slice(0, -1),
      status: entry.endsWith('+') ? 'SUCCESSFUL' : 'ROLLBACK_SUCCESSFUL',
    }));

describe('the previous revision', () => {
  it.each([
    ['is the one before', '3+ 2+ 1+', '3', '2'],
    ['is not one whose deployment failed', '3+ 2- 1+', '3', '1'],
    ['is the last good one while the present one fails', '3- 2+ 1+', '3', '2'],
    ['is not the present one deployed again', '3+ 3+ 2+', '3', '2'],
    ['is not one that was rolled back from', '1+ 3+ 1+ 0+', '1', '0'],
    ['goes back further after two rollbacks', '0+ 1+ 3+ 1+ 0+', '0', undefined],
    ['is a new one that followed a rollback', '4+ 1+ 3+ 1+', '4', '1'],
    ['is none where ECS remembers no other', '1+ 1+', '1', undefined],
    ['is none where ECS remembers nothing', '', '1', undefined],
  ])('%s', (_, past, current, expected) => {
    expect(previousRevision(history(past), current)).toBe(expected);
  });
});

describe('the last good revision', () => {
  it.each([
    ['may be the present one', '3+ 2+', '3'],
    ['is the one before while the present one fails', '3- 2- 1+', '1'],
    ['is none where none ended well', '2- 1-', undefined],
  ])('%s', (_, past, expected) => {
    expect(lastGoodRevision(history(past))).toBe(expected);
  });
});

describe('a revision', () => {
  it.each([
    ['was left for an older one', '1+ 2+ 1+', '1', true],
    ['is being left for an older one', '1- 2+ 1+', '1', true],
    ['was left for a new one', '3+ 2+ 1+', '3', false],
    ['runs', '2+ 1+', '2', false],
    ['was left for one that never ran before', '1+ 2+ 1-', '1', false],
    ['is not known', '1+', '1', false],
  ])('%s', (_, past, runs, expected) => {
    expect(wentBack(history(past), '2', runs)).toBe(expected);
  });

  it('was taken back by ECS, where that became of its newest deployment', () => {
    expect(wasTakenBack(history('2- 1+'), '2')).toBe(true);
    expect(wasTakenBack(history('2+ 2- 1+'), '2')).toBe(false);
    expect(wasTakenBack(history('1+'), '2')).toBe(false);
  });
});
