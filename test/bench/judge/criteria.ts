import { FALSE_ROLLBACKS } from '../../../src/rollout/judge/judge.ts';
import { describe } from './cells.ts';
import { type Name, OURS, OWN, RIVALS, UNTIL_CONFIDENT } from './contestants.ts';
import { optimum } from './optimum.ts';
import { PLAN } from './play.ts';
import {
  clear,
  counterpart,
  falseRollbacks,
  healthy,
  quicker,
  type Result,
  worstHealthy,
} from './results.ts';
import { minutesToCatch, minutesToPromote } from './tally.ts';
import { listed, minutes, percent } from './wording.ts';

/** Something that ours has to be good at. */
export interface Criterion {
  readonly text: string;
  readonly met: boolean;
  /** The figures that show it, and the cells that are against it. */
  readonly figures: readonly string[];
}

const LIMIT = `${100 * FALSE_ROLLBACKS}%`;
const WHOLE_PLAN = PLAN.reduce((sum, { minutesOfStep }) => sum + minutesOfStep, 0);

export const criteria = (results: readonly Result[]): readonly Criterion[] => [
  leavesHealthyAlone(results),
  isQuickest(results),
  isCloseToOptimum(results),
  endsHealthyEarly(results),
];

function leavesHealthyAlone(results: readonly Result[]): Criterion {
  const figures = OWN.map((name) => {
    const worst = worstHealthy(results, name);
    return `${name}: at worst ${percent(falseRollbacks(worst, name))}% (${describe(worst.cell)})`;
  });
  const against = OWN.flatMap((name) =>
    aboveOne(results, name).map(
      (result) => `too many: ${name} ${percent(falseRollbacks(result, name))}% (${describe(result.cell)})`,
    ),
  );
  return {
    text: `In every kind of service, bursts included, at most ${LIMIT} of the healthy releases are taken back.`,
    met: against.length === 0,
    figures: [...figures, ...against],
  };
}

const aboveOne = (results: readonly Result[], name: Name): readonly Result[] =>
  healthy(results).filter((result) => falseRollbacks(result, name) > FALSE_ROLLBACKS);

function isQuickest(results: readonly Result[]): Criterion {
  const figures = RIVALS.map((name) => {
    const wrong = aboveOne(results, name).length;
    const sooner = quicker(clear(results), name, OURS);
    const fair = sooner.filter((each) => falseRollbacks(counterpart(results, each), name) <= FALSE_ROLLBACKS);
    const where = fair.length === 0 ? '' : ` (${listed(fair.map(({ cell }) => cell))})`;
    return {
      met: wrong > 0 || sooner.length === 0,
      text: `${name}: above ${LIMIT} in ${wrong} of ${healthy(results).length} healthy cells; quicker in ${sooner.length} of ${clear(results).length}, in ${fair.length} of them with at most ${LIMIT} in the same service${where}`,
    };
  });
  return {
    text: `No other judge that leaves healthy releases alone as reliably is quicker to take a regression of 4 times and more back, in any cell.`,
    met: figures.every(({ met }) => met),
    figures: figures.map(({ text }) => text),
  };
}

/** How the minutes of a judge compare with what twice the evidence of the optimum takes. */
function againstOptimum(results: readonly Result[], name: Name) {
  const compared = results.map((result) => ({
    result,
    took: minutesToCatch(result.judges[name]),
    allowed: 1 + optimum(result.cell, 2),
  }));
  const decidable = compared.filter(({ allowed }) => allowed < Number.POSITIVE_INFINITY);
  const late = decidable.filter(({ took, allowed }) => took > allowed);
  return {
    late,
    figure: `${name}: in time in ${decidable.length - late.length} of ${decidable.length} cells`,
    lateFigures: late.map(
      ({ result, took, allowed }) =>
        `too late: ${name} after ${minutes(took)} minutes, allowed ${allowed.toFixed(1)} (${describe(result.cell)})`,
    ),
    undecidable: compared.filter((each) => !decidable.includes(each)).map(({ result }) => result.cell),
  };
}

function isCloseToOptimum(results: readonly Result[]): Criterion {
  const steady = clear(results).filter(({ cell }) => cell.kind === 'errors' || cell.kind === 'slow');
  const ours = againstOptimum(steady, OURS);
  return {
    text: `A regression of 4 times and more is taken back, in the median, at the latest one minute after twice the requests that the best possible judge would need (Wald's bound; errors and slow requests).`,
    met: ours.late.length === 0,
    figures: [
      ours.figure,
      ...ours.lateFigures,
      `not decidable, for the plan ends before that: ${ours.undecidable.length} cells: ${listed(ours.undecidable)}`,
    ],
  };
}

function endsHealthyEarly(results: readonly Result[]): Criterion {
  const found = busy(results, ['errors', 'slow']);
  return {
    text: `With until-confident, a healthy release of a service with 500 requests/s is promoted in half the time of the fixed plan (${WHOLE_PLAN} minutes).`,
    met: found.every(({ took }) => took <= WHOLE_PLAN / 2),
    figures: found.map(({ text }) => text),
  };
}

const busy = (results: readonly Result[], kinds: readonly string[]) =>
  healthy(results)
    .filter(({ cell }) => cell.rate === 500 && kinds.includes(cell.kind))
    .map(({ cell, judges }) => {
      const took = minutesToPromote(judges[UNTIL_CONFIDENT]) ?? Number.POSITIVE_INFINITY;
      return { took, text: `${minutes(took)} minutes (${describe(cell)})` };
    });

/** Figures beside the criteria, of which nothing is demanded. */
export function information(results: readonly Result[]): readonly string[] {
  const steady = clear(results).filter(({ cell }) => cell.kind === 'errors' || cell.kind === 'slow');
  const bursts = againstOptimum(
    clear(results).filter(({ cell }) => cell.kind === 'bursts'),
    OURS,
  );
  const early = busy(results, ['bursts']).map(({ text }) => text);
  return [
    `errors and slow requests, against one minute after twice the requests of the optimum: ${againstOptimum(steady, UNTIL_CONFIDENT).figure}`,
    `bursts, against one minute after twice the evidence of the optimum: ${bursts.figure}, ${bursts.undecidable.length} not decidable`,
    ...bursts.lateFigures,
    `bursts, healthy releases, until-confident: promoted after ${early.join(', ')}`,
  ];
}
