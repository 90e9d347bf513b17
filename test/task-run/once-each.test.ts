import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../src/ports.ts';
import { OnceEach } from '../../src/task-run/once-each.ts';

const line = (at: number, text: string): LogLine => ({ at, takenInAt: at + 500, text });

/** A log, with equal lines at equal times now and then. */
const logs = fc
  .array(fc.tuple(fc.nat(3), fc.constantFrom('a', 'b', 'c', 'd')), { maxLength: 30 })
  .map((steps) => {
    let at = 0;
    return steps.map(([later, text]) => {
      at += later;
      return line(at, text);
    });
  });

/** What a live side makes of it: lines are left out, repeated by later updates, and mixed, in updates of any size. */
const liveSides = (log: readonly LogLine[]) =>
  fc
    .array(fc.shuffledSubarray([...log.keys()], { maxLength: Math.min(6, log.length) }), { maxLength: 8 })
    .map((updates) => updates.map((indices) => indices.flatMap((index) => log[index] ?? [])));

describe('every line of a log', () => {
  it('is shown exactly once, whatever the live side does, with readings before and after it', () => {
    const worlds = logs.chain((log) =>
      fc.tuple(
        fc.constant(log),
        liveSides(log),
        // Where an unfinished reading comes between, and how far it gets.
        fc.array(fc.tuple(fc.nat(8), fc.nat(log.length)), { maxLength: 2 }),
        fc.integer({ min: 1, max: 7 }),
      ),
    );
    fc.assert(
      fc.property(worlds, ([log, updates, partial, pageSize]) => {
        const once = new OnceEach();
        const shown: LogLine[] = [];
        updates.forEach((update, index) => {
          for (const [before, upTo] of partial) {
            if (before === index) shown.push(...once.reading().take(log.slice(0, upTo)));
          }
          shown.push(...once.live(update));
        });
        const reading = once.reading();
        for (let start = 0; start < log.length; start += pageSize) {
          shown.push(...reading.take(log.slice(start, start + pageSize)));
        }
        expect(reading.missing()).toBe(0);
        const sorted = (lines: readonly LogLine[]) => lines.map(({ at, text }) => `${at} ${text}`).sort();
        expect(sorted(shown)).toEqual(sorted(log));
        // A second complete reading has nothing to add.
        expect(once.reading().take(log)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its place when the live side shows everything in order', () => {
    const log = Array.from({ length: 50 }, (_, i) => line(i, `line ${i}`));
    const once = new OnceEach();
    const shown = [log.slice(0, 20), log.slice(20)].flatMap((update) => once.live(update));
    expect(shown).toEqual(log);
    expect(once.reading().take(log)).toEqual([]);
  });

  it('keeps its place beside an equal line of the same moment', () => {
    const log = [line(1, 'A'), line(1, 'same'), line(1, 'B'), line(1, 'same'), line(1, 'C')];
    const once = new OnceEach();
    expect(once.live(log)).toEqual(log);
    expect(once.live([line(1, 'same')])).toEqual([]);
    expect(once.reading().take(log)).toEqual([]);
  });

  it('is known to be missing while a reading does not give what was shown', () => {
    const once = new OnceEach();
    once.live([line(1, 'early'), line(2, 'late')]);
    const reading = once.reading();
    reading.take([line(1, 'early')]);
    expect(reading.missing()).toBe(1);
    reading.take([line(2, 'late')]);
    expect(reading.missing()).toBe(0);
  });
});
