import type { Contestant } from '../contestant.ts';
import { isAbove, type Subject } from './subject.ts';

const EVALUATION_PERIODS = 2;
/** Minutes in which CloudWatch looks for that many datapoints. AWS documents 5 for 3 evaluation periods. */
const EVALUATION_RANGE = 4;

/**
 * An Amazon CloudWatch alarm on the canary: period 1 minute, 2 datapoints of 2 to alarm, on an error rate above 1%;
 * for slow requests, on a p95 above 500 ms. Missing data is treated as missing.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 *
 * - A minute without requests has no datapoint. Of the last 4 minutes the newest two datapoints decide: ALARM when both
 *   are breaching.
 * - A single datapoint in these minutes is ALARM when it is breaching and older than the newest minute (the premature
 *   alarm state of that page: it is at least as old as the datapoints to alarm, and all newer ones are missing).
 * - ALARM rolls back, all else goes on. Minutes before the rollout have no datapoint.
 */
export const alarm = (of: Subject): Contestant => ({
  name: `CloudWatch alarm (${of})`,
  begin: () => {
    /** Newest first; undefined where there is no datapoint. */
    let breaching: readonly (boolean | undefined)[] = [];
    return ({ canary }) => {
      const newest = of === 'errors' ? isAbove(canary, 'errors', 1) : isAbove(canary, 'verySlow', 5);
      breaching = [canary.requests === 0 ? undefined : newest, ...breaching].slice(0, EVALUATION_RANGE);
      const decisive = breaching.filter((point) => point !== undefined).slice(0, EVALUATION_PERIODS);
      const enough = decisive.length === EVALUATION_PERIODS || breaching[0] === undefined;
      return enough && decisive.length > 0 && decisive.every(Boolean) ? 'roll-back' : 'go-on';
    };
  },
});
