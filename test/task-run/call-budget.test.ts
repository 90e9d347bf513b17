import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CALLS_A_MINUTE, CallBudget } from '../../src/task-run/call-budget.ts';

it('lets RunTask, a live session and a look every 3 s from the 6th second on pass without a wait', () => {
  const budget = new CallBudget();
  budget.spend(0);
  budget.spend(300);
  for (let at = 6_000; at < 600_000; at += 3_000) {
    expect(budget.next(at)).toBe(at);
    budget.spend(at);
  }
});

it('never lets more than 20 calls into a minute', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9_000), { maxLength: 120 }), (pauses) => {
      const budget = new CallBudget();
      const calls: number[] = [];
      let now = 0;
      for (const pause of pauses) {
        now = budget.next(now + pause);
        budget.spend(now);
        calls.push(now);
      }
      for (const at of calls) {
        const minute = calls.filter((other) => other >= at && other < at + 60_000);
        expect(minute.length).toBeLessThanOrEqual(CALLS_A_MINUTE);
      }
    }),
  );
});
