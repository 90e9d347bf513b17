import { printable } from '../taskdef/shape.ts';
import { type Finding, fail, pass, skip, warn } from './finding.ts';

export interface AlarmFacts {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  /** ms since the epoch. */
  readonly since: number;
}

/** @param names those that were asked for */
export function checkAlarms(names: readonly string[], alarms: readonly AlarmFacts[]): readonly Finding[] {
  if (names.length === 0) return [skip('alarms', 'none is named by alarms')];
  const findings = names.flatMap((name): Finding[] => {
    const alarm = alarms.find((each) => each.name === name);
    const called = printable(name);
    if (!alarm) {
      return [
        fail(
          'alarms',
          `there is no alarm "${called}" in this account and region`,
          'Make it, with the alarms action or your infrastructure code, or mend its name.',
        ),
      ];
    }
    if (alarm.state === 'ALARM') {
      const since = `${new Date(alarm.since).toISOString().slice(0, 16)}Z`;
      return [
        fail(
          'alarms',
          `${called} is in ALARM since ${since}: ${printable(alarm.reason)}`,
          'Mend what it says first: a release could not be judged by it. One that mends it leaves the alarm out of alarms.',
        ),
      ];
    }
    if (alarm.state === 'OK') return [];
    return [
      warn(
        'alarms',
        `${called} has not enough data to say anything`,
        'Look whether its metric and dimensions exist; where nothing happened for long, that is no fault.',
      ),
    ];
  });
  if (findings.length > 0) return findings;
  return [pass('alarms', `${names.length === 1 ? '1 alarm is' : `${names.length} alarms are`} there and OK`)];
}
