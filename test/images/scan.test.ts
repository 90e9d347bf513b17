import { describe, expect, test } from 'vitest';
import { judgeScan, readExceptions, SEVERITIES, type Vulnerability } from '../../src/images/scan.ts';
import { listLines } from '../../src/rollout/list-lines.ts';

const NOON = Date.UTC(2026, 0, 5, 12);

const read = (text: string) => readExceptions(listLines(text));
const found = (id: string, severity: Vulnerability['severity']): Vulnerability => ({ id, severity });
const ids = (all: readonly Vulnerability[]) => all.map(({ id }) => id);

const ALL = [
  found('info', 'informational'),
  found('low', 'low'),
  found('medium', 'medium'),
  found('high', 'high'),
  found('critical', 'critical'),
  found('unrated', 'undefined'),
];

describe('the findings of a scan', () => {
  test.each(SEVERITIES.map((severity, index) => [severity, index + 2] as const))(
    'from %s on fail, and what nobody rates counts as the worst',
    (failOn, failing) => {
      const judged = judgeScan(ALL, failOn, [], NOON);
      expect(judged.failing).toHaveLength(failing);
      expect(judged.failing.length + judged.below.length).toBe(ALL.length);
      expect(ids(judged.failing)).toContain('unrated');
    },
  );

  test('are told from the worst on', () => {
    const order = ['critical', 'unrated', 'high', 'medium', 'low', 'info'];
    expect(ids(judgeScan(ALL, 'informational', [], NOON).failing)).toEqual(order);
  });

  test('may pass to the end of the last day, in UTC', () => {
    const { exceptions } = read('high until 2026-01-05\ncritical until 2026-01-04\ngone until 2026-02-01');
    const before = judgeScan(ALL, 'high', exceptions, Date.UTC(2026, 0, 6) - 1);
    expect(ids(before.failing)).toEqual(['critical', 'unrated']);
    expect(before.excepted.map(({ exception }) => exception.day)).toEqual(['2026-01-05']);
    expect(before.expired.map(({ id }) => id)).toEqual(['critical']);
    expect(before.needless.map(({ id }) => id)).toEqual(['gone']);
    const after = judgeScan(ALL, 'high', exceptions, Date.UTC(2026, 0, 6));
    expect(ids(after.failing)).toEqual(['critical', 'unrated', 'high']);
  });

  test('pass by the longer of two exceptions, in whatever order', () => {
    const lines = ['high until 2026-03-01', 'high until 2026-02-01', 'high until 2026-01-01'];
    for (const text of [lines.join('\n'), lines.toReversed().join('\n')]) {
      const judged = judgeScan(ALL, 'high', read(text).exceptions, NOON);
      expect(judged.excepted.map(({ exception }) => exception.day)).toEqual(['2026-03-01']);
      expect(judged.expired).toEqual([]);
    }
  });

  test('that are mild need no exception, and an exception for them is none that failed to hold', () => {
    const judged = judgeScan(ALL, 'high', read('low until 2026-02-01').exceptions, NOON);
    expect(judged.excepted).toEqual([]);
    expect(judged.needless).toEqual([]);
    expect(ids(judged.below)).toContain('low');
  });
});

describe('an allow list', () => {
  test('has a line for each finding, with its last day and a reason behind a number sign', () => {
    expect(
      read('- CVE-2024-1234 until 2026-12-31 # not reachable\n\n# nothing\nGHSA-x UNTIL 2026-02-28\r'),
    ).toEqual({
      exceptions: [
        { id: 'CVE-2024-1234', day: '2026-12-31', until: Date.UTC(2027, 0, 1) - 1 },
        { id: 'GHSA-x', day: '2026-02-28', until: Date.UTC(2026, 2, 1) - 1 },
      ],
      problems: [],
    });
  });

  test('has no line that never ends, and no day that does not exist', () => {
    const { exceptions, problems } = read(
      'CVE-1\nCVE-2 until 2026-02-30\nCVE-3 until 31.12.2026\nCVE-4 until 2026-13-01\nCVE 5 until 2026-01-01',
    );
    expect(exceptions).toEqual([]);
    expect(problems.map(({ input }) => input)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `allow-findings line ${n}`),
    );
    expect(problems[0]?.message).toContain('CVE-2024-1234 until 2026-12-31');
    expect(problems[1]?.message).toContain('there is no day 2026-02-30');
  });
});
