import type { Contestant, Side } from '../contestant.ts';
import { isAbove, type Subject, total } from './subject.ts';

const INTERVAL_MINUTES = 5;
const FAILURE_LIMIT = 3;

/**
 * Argo Rollouts with the background analysis of its documentation: `successCondition: result[0] >= 0.95`,
 * `interval: 5m`, `failureLimit: 3`. https://argo-rollouts.readthedocs.io/en/stable/features/analysis/
 *
 * - At the end of every fifth minute since the rollout began, those five minutes of the canary are measured. The
 *   measurement fails when less than 95% of their requests succeeded, and when there were none: 0/0 is NaN, for which
 *   the condition does not hold. For slow requests there is no documented example; it fails when less than 95% took at
 *   most 500 ms.
 * - The fourth failed measurement aborts, whatever succeeded between them: there the controller's count is above the
 *   limit (https://github.com/argoproj/argo-rollouts/blob/master/analysis/analysis.go), although the documentation
 *   speaks of three.
 * - Nothing else keeps a step from ending after its minutes.
 *
 * Left out: the example's query takes the `irate` of the last two scrapes in the five minutes, which is noisier; and a
 * measurement at the very start, before there is anything to measure.
 */
export const argo = (of: Subject): Contestant => ({
  name: `Argo Rollouts (${of})`,
  begin: () => {
    let minutes: Side[] = [];
    let failed = 0;
    return ({ canary }) => {
      minutes.push(canary);
      if (minutes.length < INTERVAL_MINUTES) return 'go-on';
      const measured = total(minutes);
      minutes = [];
      if (measured.requests === 0 || isAbove(measured, of === 'errors' ? 'errors' : 'verySlow', 5))
        failed += 1;
      return failed > FAILURE_LIMIT ? 'roll-back' : 'go-on';
    };
  },
});
