export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** How an alarm is judged. */
export interface AlarmRule {
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: MissingData;
}

/**
 * The state of an alarm from its evaluation range, as CloudWatch documents it: the newest `evaluationPeriods`
 * datapoints that exist are judged; only if there are fewer does the treatment of missing data fill the rest.
 *
 * @param range whether each datapoint breaches the threshold, oldest first; undefined where there is none. It reaches
 *   back further than the evaluation periods.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function judgeAlarm(
  range: readonly (boolean | undefined)[],
  rule: AlarmRule,
  current: AlarmState,
): AlarmState {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = rule;
  const newest = range.filter((breaches) => breaches !== undefined).slice(-evaluationPeriods);
  const breaching = newest.filter((breaches) => breaches).length;
  const absent = evaluationPeriods - newest.length;
  const filled = treatMissingData === 'breaching' ? absent : 0;
  if (breaching + filled >= datapointsToAlarm) return 'ALARM';
  if (absent === 0 || treatMissingData === 'breaching' || treatMissingData === 'notBreaching') return 'OK';
  if (breaching < newest.length) return 'OK';
  if (treatMissingData === 'ignore') return current;
  if (newest.length === 0) return 'INSUFFICIENT_DATA';
  // All that exists breaches, and it began long enough ago that it cannot be a mere beginning.
  const oldest = range.length - range.indexOf(true);
  return oldest >= datapointsToAlarm ? 'ALARM' : 'OK';
}
