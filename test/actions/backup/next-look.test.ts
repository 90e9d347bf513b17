import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextLook } from '../../../src/actions/backup/take.ts';

const MINUTE = 60_000;

test('one call a look is made every five seconds', () => {
  expect(nextLook([0, 1_000], 1, 1_000)).toBe(6_000);
});

test('no minute holds more than 20 calls, and looks go on', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: 900 }),
      (costs, atFirst, apart) => {
        const calls = Array.from({ length: atFirst }, (_, index) => index * 10);
        let now = calls.at(-1) ?? 0;
        for (const cost of costs) {
          const next = nextLook(calls, cost, now);
          expect(next).toBeGreaterThan(now);
          expect(next - now).toBeLessThanOrEqual(MINUTE);
          now = next;
          for (let call = 0; call < cost; call++) {
            if (call > 0) now += apart;
            calls.push(now);
          }
        }
        for (const [index, from] of calls.entries()) {
          const within = calls.slice(index).filter((at) => at < from + MINUTE).length;
          expect(within).toBeLessThanOrEqual(20);
        }
      },
    ),
    { numRuns: 300 },
  );
});
