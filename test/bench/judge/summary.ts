import { describe } from './cells.ts';
import { NAMES, type Name, OURS } from './contestants.ts';
import {
  clear,
  falseRollbacks,
  healthy,
  mean,
  median,
  quicker,
  type Result,
  worstHealthy,
} from './results.ts';
import { table } from './table.ts';
import { meanFailed, minutesToCatch, promotedShare } from './tally.ts';
import { minutes, percent } from './wording.ts';

/** Every judge in one line. */
export function summary(results: readonly Result[]): string {
  const sound = healthy(results);
  const bad = clear(results);
  const row = (name: Name): readonly string[] => {
    const worst = worstHealthy(results, name);
    const above = sound.filter((result) => falseRollbacks(result, name) > 0.01);
    const missed = bad.map(({ judges }) => promotedShare(judges[name]));
    return [
      name,
      `${percent(falseRollbacks(worst, name))}% (${describe(worst.cell).replace(', healthy', '')})`,
      `${above.length} of ${sound.length}`,
      `${percent(mean(missed))}%`,
      `${missed.filter((share) => share > 0.5).length} of ${bad.length}`,
      minutes(median(bad.map(({ judges }) => minutesToCatch(judges[name])))),
      name === OURS ? '-' : `${quicker(bad, name, OURS).length} of ${bad.length}`,
      `${failedAgainstOurs(bad, name).toFixed(2)}x`,
    ];
  };
  const best = median(bad.map(({ optimum }) => Math.ceil(optimum)));
  return table(
    [
      'judge',
      'false rollbacks at worst',
      'healthy cells above 1%',
      'missed',
      'cells mostly missed',
      'minutes to take back',
      'cells quicker than ours',
      'requests failed',
    ],
    [...NAMES.map(row), ['optimum', '-', '-', '-', '-', minutes(best), '-', '-']],
    2,
  );
}

export const SUMMARY_NOTE = `From the fourth column on, of regressions of 4 times the usual rate and more. A cell is mostly missed when more than half
of its rollouts are promoted. The minutes are those of the middle one of all cells, and of the middle one of its
rollouts, where a promoted one never ends. Requests failed are those that users saw fail on the canary, as a multiple of
ours (geometric mean over the cells).`;

/** Cells differ by orders of magnitude, so their ratios are what is averaged. */
const failedAgainstOurs = (results: readonly Result[], name: Name): number =>
  Math.exp(mean(results.map(({ judges }) => Math.log(meanFailed(judges[name]) / meanFailed(judges[OURS])))));
