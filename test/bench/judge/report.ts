import { FALSE_ROLLBACKS } from '../../../src/rollout/judge/judge.ts';
import { CELLS } from './cells.ts';
import type { Criterion } from './criteria.ts';
import { details } from './details.ts';
import { PLAN } from './play.ts';
import type { Result } from './results.ts';
import { shortcomings } from './shortcomings.ts';
import { SUMMARY_NOTE, summary } from './summary.ts';

/** How the figures came about: nothing that another run on another day would change. */
const origin = (runs: number): string => {
  const steps = PLAN.map(({ weight, minutesOfStep }) => `${weight}% for ${minutesOfStep} minutes`);
  return `Made by \`npm run bench:judge\` (\`test/bench/judge\`): ${CELLS.length} kinds of release and service ("cells"), ${runs.toLocaleString('en-US')} simulated
rollouts each, with seeds that follow from the cell and the number of the rollout, so that every run gives the same
figures. All judges see the same traffic. The plan: ${steps.join(', ')}. The usual rate is
stable's; 4x means a canary with four times that rate. Ours has its default gates for errors and slow requests, and
promises at most ${100 * FALSE_ROLLBACKS}% false rollbacks; the others watch only what goes wrong, with the settings of their
documentation (\`test/bench/judge/rivals\`). Minutes are those of judged canary traffic, without the delay of metrics;
they are the median of the rollouts that were taken back (of healthy ones: that were promoted). Failed requests are the
mean of all rollouts. A rate of 1% measured in ${runs.toLocaleString('en-US')} rollouts has a standard error of ${(100 * Math.sqrt((0.01 * 0.99) / runs)).toFixed(1)} points.`;
};

const overview = (results: readonly Result[]): string =>
  ['## All judges', summary(results), SUMMARY_NOTE].join('\n\n');

const criteriaList = (criteria: readonly Criterion[]): string =>
  criteria
    .map(({ text, met, figures }) =>
      [`- ${met ? 'Met' : '**Not met**'}: ${text}`, ...figures.map((figure) => `  - ${figure}`)].join('\n'),
    )
    .join('\n');

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

/** The whole result in Markdown, which a terminal shows well, too. */
export const report = (
  results: readonly Result[],
  runs: number,
  criteria: readonly Criterion[],
  information: readonly string[],
): string =>
  [
    '# How good the judge is',
    origin(runs),
    '![False rollbacks, and minutes to take a regression back](judge.svg)',
    overview(results),
    details(results),
    '## Shortcomings',
    'All of them about regressions of 4 times the usual rate and more.',
    shortcomings(results),
    '## Criteria',
    criteriaList(criteria),
    'For information:',
    bullets(information),
    '',
  ].join('\n\n');
