import { expect, it } from 'vitest';
import { deliver, type Tools } from '../../../src/actions/notify/deliver.ts';
import type { HttpTarget } from '../../../src/actions/notify/targets.ts';
import type { Verdict } from '../../../src/notifications/answer.ts';
import { movedClock } from '../../simulator/moved-clock.ts';

/** A target whose answers are given, and tools whose time passes only by waiting and asking. */
function made(verdicts: readonly Verdict[], { seconds = 30, takes = 0 } = {}) {
  const clock = movedClock();
  const started = clock.now();
  const cancelled = new AbortController();
  const asked: { readonly at: number; readonly limit: number }[] = [];
  const said: string[] = [];
  const target: HttpTarget = {
    name: 'webhook',
    place: 'Webhook (a.example)',
    request: () => ({ method: 'POST', url: new URL('https://a.example'), headers: [] }),
    judge: () => verdicts[Math.min(asked.length, verdicts.length) - 1] ?? { kind: 'sent' },
  };
  const tools: Tools = {
    client: {
      async send(_, limit) {
        asked.push({ at: clock.now() - started, limit });
        clock.move(Math.min(takes, limit));
        return { kind: 'unanswered', message: '', ms: 0 };
      },
    },
    clock: {
      ...clock,
      now: clock.now,
      sleep: async (ms) => clock.move(ms),
    },
    cancelled: cancelled.signal,
    say: (line) => said.push(line),
    deadline: started + seconds * 1_000,
  };
  return { target, tools, asked, said, cancelled };
}

const BUSY: Verdict = { kind: 'again', why: 'answered 503', afterMs: undefined };

it('tries again after longer and longer pauses, until it is sent', async () => {
  const { target, tools, asked, said } = made([BUSY, BUSY, BUSY, { kind: 'sent' }]);
  expect(await deliver(target, tools)).toEqual({ kind: 'sent' });
  expect(asked.map(({ at }) => at)).toEqual([0, 500, 1_500, 3_500]);
  expect(said).toHaveLength(3);
});

it('gives up when its time is up', async () => {
  const { target, tools, asked } = made([BUSY]);
  const outcome = await deliver(target, tools);
  expect(outcome).toEqual({ kind: 'failed', why: 'answered 503; the time is up (7 tries)' });
  expect(asked.at(-1)?.at).toBeLessThan(30_000);
});

it('waits as a target asks, and gives up at once where that is too long', async () => {
  const short = made([{ ...BUSY, afterMs: 12_000 }, { kind: 'sent' }]);
  expect(await deliver(short.target, short.tools)).toEqual({ kind: 'sent' });
  expect(short.asked.map(({ at }) => at)).toEqual([0, 12_000]);
  const long = made([{ ...BUSY, afterMs: 60_000 }]);
  expect(await deliver(long.target, long.tools)).toEqual({
    kind: 'failed',
    why: 'answered 503, and asks to wait for 1m; the time is up',
  });
});

it('does not ask without a pause where a target asks for none', async () => {
  const { target, tools, asked } = made([{ ...BUSY, afterMs: 0 }, { ...BUSY, afterMs: 0 }, { kind: 'sent' }]);
  expect(await deliver(target, tools)).toEqual({ kind: 'sent' });
  expect(asked.map(({ at }) => at)).toEqual([0, 500, 1_000]);
});

it('leaves time for another try to what hangs', async () => {
  const { target, tools, asked } = made([BUSY], { seconds: 25, takes: 60_000 });
  await deliver(target, tools);
  expect(asked.map(({ limit }) => limit)).toEqual([10_000, 10_000, 3_500]);
});

it('does not try again what was refused', async () => {
  const { target, tools, asked } = made([{ kind: 'failed', why: 'answered 404' }]);
  expect(await deliver(target, tools)).toEqual({ kind: 'failed', why: 'answered 404' });
  expect(asked).toHaveLength(1);
});

it('writes anew what is gone, and has failed where it cannot', async () => {
  const { target, tools } = made([
    { kind: 'gone', why: 'Slack says message_not_found' },
    { kind: 'sent', message: 'C1/1.2' },
  ]);
  expect(await deliver({ ...target, instead: target }, tools)).toEqual({ kind: 'sent', message: 'C1/1.2' });
  const alone = made([{ kind: 'gone', why: 'it is gone' }]);
  expect(await deliver(alone.target, alone.tools)).toEqual({ kind: 'failed', why: 'it is gone' });
});

it('stops between two tries when the run is cancelled', async () => {
  const { target, tools, asked, cancelled } = made([BUSY]);
  const sleep = async () => cancelled.abort();
  await expect(deliver(target, { ...tools, clock: { ...tools.clock, sleep } })).rejects.toThrow(/abort/i);
  expect(asked).toHaveLength(1);
});
