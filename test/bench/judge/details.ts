import { BURSTS } from './bursts.ts';
import { type Cell, describeRate, describeUsual, isHealthy, KINDS, type Kind, LEAK_AFTER } from './cells.ts';
import { type Name, OURS, OWN, RIVALS } from './contestants.ts';
import { LEAK_MINUTES } from './release.ts';
import type { Result } from './results.ts';
import { table } from './table.ts';
import { meanFailed, minutesToPromote, minutesToTakeBack, promotedShare, takenBackShare } from './tally.ts';
import { count, minutes, percent } from './wording.ts';

const TITLES: Readonly<Record<Kind, string>> = {
  errors: 'Errors',
  slow: 'Slow requests',
  bursts: 'Errors in bursts',
  leak: 'A slow leak',
};

const NOTES: Readonly<Record<Kind, string>> = {
  errors: "The optimum is Wald's bound.",
  slow: "Requests slower than 300 ms. The optimum is Wald's bound.",
  bursts: `On either side, in one of ${BURSTS.everyMinutes} minutes a burst of up to ${BURSTS.lastMinutes} minutes begins, which brings ${BURSTS.factor} times the errors of a calm minute; the rates
are those on average. The optimum takes the errors of a minute as negative binomial with the bursts' long-run variance.`,
  leak: `The canary is as good as stable for ${LEAK_AFTER} minutes, and gets worse until the ${LEAK_AFTER + LEAK_MINUTES}th. A judge that takes it back before, has done
so by chance. The optimum is Wald's bound for the final rate, counted from the ${LEAK_AFTER}th minute on.`,
};

/** All figures of every cell, kind by kind. */
export function details(results: readonly Result[]): string {
  const sections = KINDS.map((kind) => {
    const ofKind = results.filter(({ cell }) => cell.kind === kind);
    const good = ofKind.filter(({ cell }) => isHealthy(cell));
    const bad = ofKind.filter(({ cell }) => !isHealthy(cell));
    return [
      `## ${TITLES[kind]}`,
      NOTES[kind],
      ...(good.length === 0 ? [] : ['### Healthy releases: ours', healthyOfOurs(good)]),
      ...(good.length === 0
        ? []
        : ['### Healthy releases: others', `${HEALTHY_CELL}.`, ofRivals(good, HEALTHY, healthyFigures)]),
      '### Regressions: ours and the optimum',
      regressionsOfOurs(bad),
      '### Regressions: others',
      `${REGRESSION_CELL}.`,
      ofRivals(bad, REGRESSION, regressionFigures),
    ];
  });
  return sections.flat().join('\n\n');
}

const HEALTHY_CELL = 'False rollbacks in % / minutes to promotion / requests that failed on the canary';
const REGRESSION_CELL = 'Missed in % / minutes to the rollback / requests that failed on the canary';

const where = (cell: Cell): readonly string[] => [
  describeRate(cell.rate),
  describeUsual(cell.usual),
  ...(isHealthy(cell) ? [] : [cell.canary]),
];
const HEALTHY = ['requests', 'usual'] as const;
const REGRESSION = ['requests', 'usual', 'canary'] as const;

const healthyFigures = ({ judges }: Result, name: Name): readonly string[] => [
  percent(takenBackShare(judges[name])),
  minutes(minutesToPromote(judges[name])),
  count(meanFailed(judges[name])),
];

const regressionFigures = ({ judges }: Result, name: Name): readonly string[] => [
  percent(promotedShare(judges[name])),
  minutes(minutesToTakeBack(judges[name])),
  count(meanFailed(judges[name])),
];

const headed = (...titles: readonly string[]): readonly string[] =>
  OWN.flatMap((name) => {
    const short = name === OURS ? 'ours' : 'until-confident';
    return titles.map((title, index) => (index === 0 ? `${short}: ${title}` : title));
  });

const healthyOfOurs = (results: readonly Result[]): string =>
  table(
    [...HEALTHY, ...headed('false rollbacks %', 'minutes', 'failed')],
    results.map((result) => [...where(result.cell), ...OWN.flatMap((name) => healthyFigures(result, name))]),
    HEALTHY.length,
  );

const regressionsOfOurs = (results: readonly Result[]): string =>
  table(
    [...REGRESSION, ...headed('missed %', 'minutes', 'failed'), 'optimum minutes'],
    results.map((result) => [
      ...where(result.cell),
      ...OWN.flatMap((name) => regressionFigures(result, name)),
      result.optimum === Number.POSITIVE_INFINITY ? 'after the plan' : minutes(result.optimum),
    ]),
    REGRESSION.length,
  );

const ofRivals = (
  results: readonly Result[],
  header: readonly string[],
  figures: (result: Result, name: Name) => readonly string[],
): string =>
  table(
    [...header, ...RIVALS],
    results.map((result) => [
      ...where(result.cell),
      ...RIVALS.map((name) => figures(result, name).join(' / ')),
    ]),
    header.length,
  );
