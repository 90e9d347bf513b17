import { describe, expect, it } from 'vitest';
import { judgeAlarm, type MissingData } from '../../src/simulator/cloudwatch/alarm-judge.ts';

const range = (text: string): (boolean | undefined)[] =>
  text.split(' ').map((c) => (c === '-' ? undefined : c === 'X'));

const treatments: MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

/** The states for each treatment of missing data, with `RETAINED` for the state before. */
function states(text: string, evaluationPeriods: number, datapointsToAlarm: number): string[] {
  return treatments.map((treatMissingData) => {
    const rule = { evaluationPeriods, datapointsToAlarm, treatMissingData };
    const judged = (['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const).map((s) =>
      judgeAlarm(range(text), rule, s),
    );
    return new Set(judged).size > 1 ? 'RETAINED' : (judged[0] ?? '');
  });
}

const INSUFFICIENT = 'INSUFFICIENT_DATA';

// The tables of "Configuring how CloudWatch alarms treat missing data".
describe('an alarm', () => {
  it.each([
    ['0 - X - X', ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', [INSUFFICIENT, 'RETAINED', 'ALARM', 'OK']],
    ['0 X X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', ['ALARM', 'RETAINED', 'ALARM', 'OK']],
  ])('of 3 out of 3 judges %s', (text, expected) => {
    expect(states(text, 3, 3)).toEqual(expected);
  });

  it.each([
    ['0 - X - X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', ['ALARM', 'RETAINED', 'ALARM', 'OK']],
  ])('of 2 out of 3 judges %s', (text, expected) => {
    expect(states(text, 3, 2)).toEqual(expected);
  });
});
