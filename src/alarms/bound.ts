import { ConfigError } from '../errors.ts';
import { parseDuration } from '../rollout/duration.ts';
import type { Measure, Unit } from './measures.ts';

export type Comparison = '>' | '>=' | '<' | '<=';

/** When an alarm goes off: `> 80% per 5m for 2 of 3`. */
export interface Bound {
  readonly comparison: Comparison;
  /** In CloudWatch's unit: percent from 0 to 100, seconds, bytes, or a count. */
  readonly threshold: number;
  readonly periodS: number;
  readonly evaluationPeriods: number;
  readonly datapoints: number;
}

export type Usual = Pick<
  Measure,
  'unit' | 'comparison' | 'periodS' | 'evaluationPeriods' | 'datapoints' | 'usual'
>;

const BOUND =
  /^(?<cmp><=|>=|<|>)?\s*(?<value>\S+?)(?:\s+per\s+(?<per>\S+))?(?:\s+for\s+(?:(?<n>\d+)\s+of\s+(?<m>\d+)|(?<time>\S+)))?$/;

/**
 * Reads a bound: `[>] VALUE [per PERIOD] [for N of M | for DURATION]`. What is left out is as usual for the measure.
 *
 * @returns a sentence that fits after the text when it is none
 */
export function parseBound(text: string, usual: Usual): Bound | string {
  const parts = BOUND.exec(text.trim())?.groups;
  if (!parts)
    return `is not a bound; write a value, such as ${example(usual)}, with "per 5m" and "for 2 of 3" as needed`;
  const threshold = parseValue(parts['value'] ?? '', usual.unit);
  if (typeof threshold === 'string') return threshold;
  const comparison = (parts['cmp'] ?? usual.comparison) as Comparison;
  const periodS = parts['per'] === undefined ? usual.periodS : parsePeriod(parts['per']);
  if (typeof periodS === 'string') return periodS;
  const spans = spansOf(parts, periodS, usual);
  if (typeof spans === 'string') return spans;
  return { comparison, threshold, periodS, ...spans };
}

type Spans = Pick<Bound, 'evaluationPeriods' | 'datapoints'>;

function spansOf(
  { n, m, time, per }: Readonly<Record<string, string | undefined>>,
  periodS: number,
  usual: Usual,
): Spans | string {
  if (n !== undefined && m !== undefined) {
    const [datapoints, evaluationPeriods] = [Number(n), Number(m)];
    if (datapoints < 1 || datapoints > evaluationPeriods) return `asks for ${n} of ${m} periods`;
    return lasting(periodS, { evaluationPeriods, datapoints });
  }
  if (time === undefined) {
    // A period of one's own is one period, unless it is the usual one.
    return per === undefined || periodS === usual.periodS
      ? lasting(periodS, usual)
      : lasting(periodS, { evaluationPeriods: 1, datapoints: 1 });
  }
  const ms = durationOf(time);
  if (typeof ms === 'string') return ms;
  const periods = ms / 1000 / periodS;
  if (!Number.isInteger(periods) || periods < 1) {
    return `lasts ${time}, which is no whole number of periods of ${periodS} s; write "for 2 of 3", or another "per"`;
  }
  return lasting(periodS, { evaluationPeriods: periods, datapoints: periods });
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
export function lasting(periodS: number, { evaluationPeriods, datapoints }: Spans): Spans | string {
  const longestS = periodS >= 3600 ? 604_800 : 86_400;
  if (periodS * evaluationPeriods > longestS) {
    return `looks back ${(periodS * evaluationPeriods) / 3600} h; CloudWatch takes ${longestS / 3600} h at most with that period`;
  }
  return { evaluationPeriods, datapoints };
}

/** @returns seconds, or a sentence that fits after the text */
export function parsePeriod(text: string): number | string {
  const ms = durationOf(text);
  if (typeof ms === 'string') return ms;
  if (ms < 60_000 || ms % 60_000 !== 0) {
    return 'has a period that is not one or more whole minutes, in which the metrics of AWS come';
  }
  return ms / 1000;
}

function durationOf(text: string): number | string {
  try {
    return parseDuration(text, '');
  } catch (error) {
    if (error instanceof ConfigError) return `has "${text}" where a duration such as 5m has to be`;
    throw error;
  }
}

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** @returns the value in CloudWatch's unit, or a sentence that fits after the text */
export function parseValue(text: string, unit: Unit): number | string {
  if (unit === 'duration') {
    if (/^[\d.]+$/.test(text) && Number(text) > 0) return `needs a unit: ${text}ms or ${text}s`;
    const ms = durationOf(text);
    return typeof ms === 'string' ? ms : ms / 1000;
  }
  const [, digits, rest = ''] = /^(-?\d+(?:\.\d+)?)(.*)$/.exec(text.replace(/(?<=\d)_(?=\d)/g, '')) ?? [];
  if (digits === undefined) return `has "${text}" where a number has to be`;
  const number = Number(digits);
  if (unit === 'bytes') {
    const factor = Object.hasOwn(BYTES, rest) ? BYTES[rest] : undefined;
    return factor === undefined ? `has "${rest}" where a unit such as GiB has to be` : number * factor;
  }
  if (unit === 'percent') {
    if (rest !== '%' && rest !== '') return `has "${rest}" where a percent sign has to be`;
    if (rest === '' && number > 0 && number < 1) {
      return `may be a share or a percentage: write ${Number((number * 100).toPrecision(12))}% or ${digits}%`;
    }
    return number < 0 || number > 100 ? 'is not between 0% and 100%' : number;
  }
  if (rest === '%') return 'is a share, and a number is asked for';
  return rest === '' ? number : `has "${rest}" after the number`;
}

export const example = ({ unit, usual }: Pick<Usual, 'unit' | 'usual'>): string =>
  usual ?? { percent: '80%', duration: '500ms', count: '10', bytes: '5GiB' }[unit];
