import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

/** The runner harness deals with real processes and signals, in real time. */
const ALLOWED = new Set(['clock.ts', 'runner/start-action.ts']);

it('reads the time nowhere but in the clock', () => {
  const readers = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !ALLOWED.has(file))
    .filter((file) =>
      /\bDate\.now\(|new Date\(\)|\bset(Timeout|Interval)\(|\bperformance\.now\(|from '(node:)?timers\/promises'/.test(
        readFileSync(join(SRC, file), 'utf8'),
      ),
    );
  expect(readers).toEqual([]);
});
