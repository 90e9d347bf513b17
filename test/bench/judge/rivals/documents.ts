import type { Contestant, Side } from '../contestant.ts';
import { isAbove, type Subject, total } from './subject.ts';

/**
 * Fixed thresholds, read literally: the default gates `error-rate < 1% abort > 2%` and
 * `latency-p95 < 300ms abort > 500ms` of actions/canary/README.md, with no allowance for chance (what that costs:
 * .github/adr/0006-rates-are-judged-by-what-chance-explains.md).
 *
 * - Rolls back at once when more than 2% of the newest minute's requests failed; for slow requests, when its p95 is
 *   above 500 ms. A minute without requests says nothing.
 * - At the step's last minute, rolls back unless less than 1% of all the step's requests failed; for slow requests,
 *   unless their p95 is at most 300 ms. A step without any request has not shown that, and is rolled back.
 */
export const documents = (of: Subject): Contestant => ({
  name: `fixed thresholds (${of})`,
  begin: () => {
    let step: Side[] = [];
    return ({ canary, minuteOfStep, minutesOfStep }) => {
      if (minuteOfStep === 1) step = [];
      step.push(canary);
      if (of === 'errors' ? isAbove(canary, 'errors', 2) : isAbove(canary, 'verySlow', 5)) return 'roll-back';
      if (minuteOfStep < minutesOfStep) return 'go-on';
      const { requests, errors, slow } = total(step);
      const shown = of === 'errors' ? errors * 100 < requests : requests > 0 && slow * 100 <= 5 * requests;
      return shown ? 'go-on' : 'roll-back';
    };
  },
});
