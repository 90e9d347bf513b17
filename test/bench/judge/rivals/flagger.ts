import type { Contestant } from '../contestant.ts';
import { isAbove, type Subject } from './subject.ts';

const FAILED_CHECKS = 5;

/**
 * Flagger with the analysis of its documentation: interval 1m, threshold 5, request-success-rate min 99,
 * request-duration max 500, which is a P99 in ms; each subject has its metric alone.
 * https://docs.flagger.app/tutorials/istio-progressive-delivery, https://docs.flagger.app/usage/metrics
 *
 * - Every minute is a check. It fails when more than 1% of the minute's requests failed; for slow requests, when more
 *   than 1% took longer than 500 ms; and when there was no request. A value on the threshold passes.
 * - 5 failed checks since the rollout began roll back, whatever passed between them. Flagger does so at its next
 *   check; here it is at the look with the fifth failure, a minute earlier.
 * - A failed check halts the advance. Flagger's weight rises with every passed check; the bench's plan gives a weight
 *   some minutes, so a step is left after as many passed checks.
 *
 * https://github.com/fluxcd/flagger/blob/main/pkg/controller/scheduler.go for what the documentation leaves open.
 */
export const flagger = (of: Subject): Contestant => ({
  name: `Flagger (${of})`,
  begin: () => {
    let failed = 0;
    let passedInStep = 0;
    return ({ canary, minuteOfStep, minutesOfStep }) => {
      if (minuteOfStep === 1) passedInStep = 0;
      if (canary.requests === 0 || isAbove(canary, of === 'errors' ? 'errors' : 'verySlow', 1)) failed += 1;
      else passedInStep += 1;
      if (failed >= FAILED_CHECKS) return 'roll-back';
      return passedInStep < minutesOfStep ? 'stay' : 'go-on';
    };
  },
});
