import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { DeployError } from '../../src/errors.ts';
import type { LogLine, LogPlace, Logs, Reporter } from '../../src/ports.ts';
import { CallBudget } from '../../src/task-run/call-budget.ts';
import { LogFollower } from '../../src/task-run/follow-log.ts';
import { QUIET } from '../actions/quiet-reporter.ts';

const PLACE: LogPlace = {
  partition: 'aws',
  region: 'eu-west-1',
  account: '111122223333',
  group: 'g',
  stream: 's',
};

/** A clock on which nobody waits. */
function quickClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    async sleep(ms, signal) {
      if (!signal?.aborted) now += Math.max(0, ms);
      await Promise.resolve();
    },
    scale: 1,
  };
}

type Update = { readonly lines: readonly LogLine[]; readonly sampled: boolean };

/** A log that is readable more and more, call by call, and a live side that does what it is told. */
function logsOf(
  log: readonly LogLine[],
  sessions: readonly (readonly Update[])[],
  pageSize: number,
  hidden: number,
) {
  let reads = 0;
  const left = [...sessions];
  const logs: Logs = {
    async read(_, from) {
      reads += 1;
      const readable = Math.max(0, Math.min(log.length, log.length - hidden + (reads - 1) * 10));
      const start = Number(from ?? 0);
      const end = Math.min(start + pageSize, Math.max(start, readable));
      return { lines: log.slice(start, end), next: String(end) };
    },
    async *live(_, signal) {
      const updates = left.shift();
      for (const update of updates ?? []) {
        await new Promise(setImmediate);
        if (signal.aborted) return;
        yield update;
      }
      if (left.length > 0) throw new Error('cut');
      if (!signal.aborted) await new Promise((settle) => signal.addEventListener('abort', settle));
    },
  };
  return logs;
}

function follow(logs: Logs, container: 'to-come' | 'running' | 'ended' = 'running') {
  const shown: string[] = [];
  const warnings: string[] = [];
  const reporter: Reporter = {
    ...QUIET,
    info: (line) => void shown.push(line),
    warning: (line) => void warnings.push(line),
  };
  const follower = new LogFollower(PLACE, container, {
    logs,
    clock: quickClock(),
    reporter,
    budget: new CallBudget(),
  });
  return { follower, shown, warnings };
}

const never = new AbortController().signal;
const settled = async (turns: number) => {
  for (let i = 0; i < turns; i++) await new Promise(setImmediate);
};

describe('a log that is followed', () => {
  it('shows every line exactly once, whatever sessions tell, repeat, mix, leave out or break', async () => {
    const lines = fc
      .array(fc.tuple(fc.nat(2), fc.constantFrom('a', 'b', 'c')), { maxLength: 25 })
      .map((steps) => {
        let at = 0;
        return steps.map(([later, text]) => {
          at += later;
          return { at, takenInAt: at, text };
        });
      });
    const worlds = lines.chain((log) => {
      const line = fc
        .shuffledSubarray([...log.keys()], { maxLength: Math.min(5, log.length) })
        .map((indices) => indices.flatMap((index) => log[index] ?? []));
      const update = fc.record({ lines: line, sampled: fc.boolean() });
      return fc.record({
        log: fc.constant(log),
        sessions: fc.array(fc.array(update, { maxLength: 4 }), { maxLength: 3 }),
        pageSize: fc.integer({ min: 1, max: 30 }),
        hidden: fc.nat(10),
        polls: fc.array(fc.nat(3), { maxLength: 4 }),
      });
    });
    await fc.assert(
      fc.asyncProperty(worlds, async ({ log, sessions, pageSize, hidden, polls }) => {
        const { follower, shown } = follow(logsOf(log, sessions, pageSize, hidden));
        for (const turns of polls) {
          await settled(turns);
          if (follower.due) await follower.poll();
        }
        const { output, complete } = await follower.finish(never, 'patient');
        const texts = log.map(({ text }) => text);
        const own = shown.filter((line) => line.length === 1);
        expect(own.toSorted()).toEqual(texts.toSorted());
        expect({ output, complete }).toEqual({ output: texts.join('\n'), complete: true });
      }),
      { numRuns: 150 },
    );
  });

  it('keeps its order when a flood leaves the live side with a sample', async () => {
    const log = Array.from({ length: 40 }, (_, i) => ({ at: i, takenInAt: i, text: `line ${i}` }));
    const sample = log.filter((_, i) => i % 3 === 0);
    const { follower, shown } = follow(logsOf(log, [[{ lines: sample, sampled: true }]], 100, 0), 'to-come');
    await settled(5);
    expect(shown).toEqual([]);
    expect(follower.due).toBe(true);
    await follower.poll();
    expect(shown).toEqual(log.map(({ text }) => text));
    expect(follower.due).toBe(false);
  });

  it('is read where it may not be followed live, and said which permission is missing', async () => {
    const log = [{ at: 1, takenInAt: 1, text: 'x' }];
    const denied: Logs = {
      ...logsOf(log, [], 10, 0),
      // biome-ignore lint/correctness/useYield: it is refused before anything comes.
      async *live() {
        throw new DeployError('AWS does not allow logs:StartLiveTail', { next: 'Allow logs:StartLiveTail.' });
      },
    };
    const { follower, shown, warnings } = follow(denied);
    await settled(3);
    expect(warnings.join()).toContain('Allow logs:StartLiveTail.');
    expect(follower.due).toBe(true);
    await follower.poll();
    expect(shown).toEqual(['x']);
    expect(follower.due).toBe(true);
  });

  it('shows what it has when it may not be read at the end', async () => {
    const unreadable: Logs = {
      ...logsOf([], [[{ lines: [{ at: 1, takenInAt: 1, text: 'live' }], sampled: false }]], 10, 0),
      async read() {
        throw new DeployError('AWS does not allow logs:GetLogEvents', { next: 'Allow logs:GetLogEvents.' });
      },
    };
    const { follower, shown, warnings } = follow(unreadable, 'to-come');
    await settled(5);
    expect(await follower.finish(never, 'patient')).toEqual({ output: 'live', complete: false });
    expect(shown).toEqual(['live']);
    expect(warnings.join()).toContain('log group g, stream s');
  });

  it('is given up at once when there is no time', async () => {
    const enough = new AbortController();
    enough.abort();
    const { follower } = follow(logsOf([{ at: 1, takenInAt: 1, text: 'x' }], [], 10, 0), 'ended');
    expect(await follower.finish(enough.signal, 'hurried')).toEqual({ output: '', complete: false });
  });
});
