/**
 * Measures how good the canary's judge is, against others and against the best that is possible: how many healthy
 * releases it takes back, and how soon it does so with regressions. Writes `.github/bench/judge.md` and `judge.svg`
 * there. Exits with 1 when the judge does not meet a criterion.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { CELLS } from './cells.ts';
import { criteria, information } from './criteria.ts';
import { plot } from './plot.ts';
import { report } from './report.ts';
import { type Result, resultOf } from './results.ts';
import { simulateAll } from './workers.ts';

const RUNS = 2000;
const DIRECTORY = resolve(import.meta.dirname, '../../../.github/bench');

const began = performance.now();
const tasks = CELLS.map((cell) => ({ cell, from: 0, to: RUNS }));
const tallies = await simulateAll(tasks, availableParallelism(), progress);
const results = CELLS.flatMap((cell, index): readonly Result[] => {
  const judges = tallies[index];
  return judges ? [resultOf(cell, judges)] : [];
});

const found = criteria(results);
const markdown = report(results, RUNS, found, information(results));
mkdirSync(DIRECTORY, { recursive: true });
writeFileSync(join(DIRECTORY, 'judge.md'), markdown);
writeFileSync(join(DIRECTORY, 'judge.svg'), plot(results, RUNS));
process.stdout.write(markdown);
process.stderr.write(`${Math.round((performance.now() - began) / 1000)} seconds\n`);
if (found.some(({ met }) => !met)) process.exitCode = 1;

function progress(done: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${CELLS.length} cells `);
}
