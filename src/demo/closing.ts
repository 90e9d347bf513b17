import { styleText } from 'node:util';
import { formatDuration } from '../rollout/duration.ts';
import { count, realTime } from './numbers.ts';
import type { StoryReport } from './play.ts';

/** The table at the end: one line per story. */
export function closing(reports: readonly StoryReport[], realMs: number): string[] {
  const head = `    ${'story'.padEnd(12)}${'outcome'.padEnd(14)}${'runs'.padEnd(8)}${'AWS time'.padEnd(10)}${'users hurt'.padStart(10)}${'if unwatched'.padStart(15)}`;
  const missed = reports.filter(({ misses }) => misses.length > 0);
  return [
    '',
    styleText('bold', head),
    ...reports.map(row),
    '',
    missed.length === 0
      ? styleText(
          'green',
          `  ✔ ${reports.length === 1 ? 'The story' : `All ${reports.length} stories`} ended as expected, in ${realTime(realMs)}.`,
        )
      : styleText('red', `  ✘ Not as expected: ${missed.map(({ story }) => story.name).join(', ')}.`),
    '',
  ];
}

function row({ story, misses, took, users, plain }: StoryReport): string {
  const { name, expected, harm } = story;
  const cells = [
    name.padEnd(12),
    expected.outcome.padEnd(14),
    expected.runs.padEnd(8),
    formatDuration(Math.round(took / 1_000) * 1_000).padEnd(10),
    count(users[harm]).padStart(10),
    (plain === undefined ? '' : count(plain.users[harm])).padStart(15),
  ]
    .join('')
    .trimEnd();
  return misses.length === 0 ? `  ${styleText('green', '✔')} ${cells}` : styleText('red', `  ✘ ${cells}`);
}
