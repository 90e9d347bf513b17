import { FALSE_ROLLBACKS } from '../../../src/rollout/judge/judge.ts';
import { describe, KINDS, LEAK_AFTER } from './cells.ts';
import { type Name, OURS, OWN, RIVALS } from './contestants.ts';
import { LEAK_MINUTES } from './release.ts';
import { clear, counterpart, falseRollbacks, mean, median, quicker, type Result } from './results.ts';
import { table } from './table.ts';
import { minutesToCatch, minutesToPromote } from './tally.ts';
import { inMinutes, listed, minutes, percent } from './wording.ts';

/** From then on, a leak is there in its whole extent. */
const LEAK_UNTIL = LEAK_AFTER + LEAK_MINUTES;

/** Where ours is not good, in plain words; all of it about regressions of 4 times the usual rate and more. */
export const shortcomings = (results: readonly Result[]): string =>
  [
    [...OWN.map((name) => missed(results, name)), ...RIVALS.map((name) => slower(results, name))]
      .flat()
      .map((line) => `- ${line}`)
      .join('\n'),
    'Where another judge is quicker than ours:',
    quickerByKind(results),
  ].join('\n\n');

const isMissed =
  (name: Name) =>
  ({ judges }: Result) =>
    !Number.isFinite(minutesToCatch(judges[name]));

/** Regressions that ours mostly promotes. */
function missed(results: readonly Result[], name: Name): readonly string[] {
  const all = clear(results);
  const never = all.filter(isMissed(name));
  const hopeless = never.filter(({ optimum }) => !Number.isFinite(optimum));
  const inTime = never.filter((result) => !hopeless.includes(result));
  const early = inTime.filter(
    (result) => result.cell.kind === 'leak' && promotion(name)(result) <= LEAK_UNTIL,
  );
  const late = inTime.filter((result) => !early.includes(result));
  const promotes = `${name}: promotes most of the releases`;
  return [
    `${promotes} in ${never.length} of ${all.length} cells.`,
    hopeless.length > 0 &&
      `${promotes} in ${hopeless.length} cells in which the whole plan has too few requests even for a judge that knew both rates: ${cellsOf(hopeless)}.`,
    early.length > 0 &&
      `${promotes} in ${early.length} cells because it ends the last step before the leak shows, after ${minutes(Math.min(...early.map(promotion(name))))} to ${inMinutes(Math.max(...early.map(promotion(name))))}: ${cellsOf(early)}.`,
    late.length > 0 &&
      `${promotes} in ${late.length} cells in which a judge that knew both rates would decide in time: ${late.map(withOptimum).join('; ')}.`,
  ].filter((line) => line !== false);
}

const cellsOf = (results: readonly Result[]): string => listed(results.map(({ cell }) => cell));

const promotion =
  (name: Name) =>
  ({ judges }: Result) =>
    minutesToPromote(judges[name]) ?? Number.NaN;

const withOptimum = ({ cell, optimum }: Result): string =>
  `${describe(cell)} (on average after ${inMinutes(optimum)})`;

/** What being quicker than ours costs the other judge. */
function slower(results: readonly Result[], rival: Name): string {
  const all = clear(results);
  const sooner = quicker(all, rival, OURS);
  if (sooner.length === 0) return `${rival}: quicker than ours in none of ${all.length} cells.`;
  const found = comparable(sooner);
  const [first] = found.toSorted((a, b) => gain(b, rival) - gain(a, rival));
  const most = first
    ? ` (${describe(first.cell)}: after ${minutes(minutesToCatch(first.judges[rival]))} instead of ${inMinutes(minutesToCatch(first.judges[OURS]))})`
    : '';
  const gains = found.map((result) => gain(result, rival));
  const sound = sooner.filter((result) => wrong(results, result, rival) <= FALSE_ROLLBACKS);
  const cost = mean(sooner.map((result) => wrong(results, result, rival)));
  return `${rival}: quicker than ours in ${sooner.length} of ${all.length} cells, by ${inMinutes(median(gains))} in the median and ${minutes(Math.max(...gains))} at most${most}. Of the healthy releases of these services it takes ${percent(cost)}% back. It takes at most ${100 * FALSE_ROLLBACKS}% of them back in ${sound.length} of these cells${sound.length > 0 ? `: ${sound.map((result) => withGain(results, result, rival)).join('; ')}` : ''}.`;
}

/** Those in which ours takes most releases back, if later. */
const comparable = (sooner: readonly Result[]): readonly Result[] =>
  sooner.filter((result) => !isMissed(OURS)(result));

const gain = ({ judges }: Result, rival: Name): number =>
  minutesToCatch(judges[OURS]) - minutesToCatch(judges[rival]);

/** Share of the healthy releases of the same service that the judge takes back. */
const wrong = (results: readonly Result[], result: Result, name: Name): number =>
  falseRollbacks(counterpart(results, result), name);

const withGain = (results: readonly Result[], result: Result, rival: Name): string =>
  `${describe(result.cell)} (after ${minutes(minutesToCatch(result.judges[rival]))} instead of ${inMinutes(minutesToCatch(result.judges[OURS]))}, ${percent(wrong(results, result, rival))}%)`;

function quickerByKind(results: readonly Result[]): string {
  const rows = RIVALS.flatMap((rival) =>
    KINDS.flatMap((kind) => {
      const ofKind = clear(results).filter(({ cell }) => cell.kind === kind);
      const sooner = quicker(ofKind, rival, OURS);
      if (sooner.length === 0) return [];
      const gains = comparable(sooner).map((result) => gain(result, rival));
      const costs = sooner.map((result) => wrong(results, result, rival));
      return [
        [
          rival,
          kind,
          `${sooner.length} of ${ofKind.length}`,
          minutes(median(gains)),
          gains.length === 0 ? '-' : minutes(Math.max(...gains)),
          String(sooner.length - gains.length),
          `${percent(mean(costs))}%`,
          `${percent(Math.min(...costs))}% to ${percent(Math.max(...costs))}%`,
        ],
      ];
    }),
  );
  const header = [
    'judge',
    'kind',
    'cells quicker',
    'minutes, median',
    'at most',
    'ours promotes',
    'its false rollbacks there',
    'from, to',
  ];
  return table(header, rows, 2);
}
