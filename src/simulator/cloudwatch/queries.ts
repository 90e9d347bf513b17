import type { Dimension, Metric, MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { AwsError } from '../operation.ts';
import { MINUTE } from './arrival.ts';
import { type Expression, ExpressionError, idsIn, parseExpression } from './expression.ts';
import { evaluateToSeries, type Series } from './math.ts';
import { parseStatistic } from './statistic.ts';
import type { MetricIdentity, MetricStore } from './store.ts';

/** A stretch of time that is asked for, and the time of the question; milliseconds. */
export interface Window {
  /** A whole minute; it is where the first period begins. */
  readonly start: number;
  /** Periods that begin at or after it are not asked for. */
  readonly end: number;
  readonly now: number;
}

export const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

/** A metric as a request names it. */
export function identityOf(metric: Metric | undefined): MetricIdentity {
  return {
    namespace: metric?.Namespace ?? '',
    name: metric?.MetricName ?? '',
    dimensions: dimensionsOf(metric?.Dimensions),
  };
}

export function dimensionsOf(dimensions: readonly Dimension[] | undefined): Record<string, string> {
  return Object.fromEntries((dimensions ?? []).map(({ Name, Value }) => [Name ?? '', Value ?? '']));
}

/** @throws AwsError when CloudWatch would not take these queries */
export function validateQueries(queries: readonly MetricDataQuery[]): void {
  if (queries.length === 0) throw invalid('The parameter MetricDataQueries is required.');
  if (queries.length > 500) {
    throw invalid('The collection MetricDataQueries must not have a size greater than 500.');
  }
  const ids = new Set<string>();
  for (const query of queries) {
    const { Id = '', MetricStat, Expression } = query;
    if (!/^[a-z][a-zA-Z0-9_]*$/.test(Id) || Id.length > 255) {
      throw invalid(
        `The value '${Id}' for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
      );
    }
    if (ids.has(Id)) throw invalid(`The values for parameter id in MetricDataQueries are not unique: ${Id}.`);
    ids.add(Id);
    if ((MetricStat === undefined) === (Expression === undefined)) {
      throw invalid(
        `Exactly one of MetricStat and Expression must be given for the query with the id '${Id}'.`,
      );
    }
    if (MetricStat) {
      validatePeriod(MetricStat.Period);
      if (parseStatistic(MetricStat.Stat ?? '') === undefined) {
        throw invalid(`The value ${MetricStat.Stat} for parameter Stat is not supported.`);
      }
      if (!MetricStat.Metric?.Namespace || !MetricStat.Metric.MetricName) {
        throw invalid(`The query with the id '${Id}' must name a Namespace and a MetricName.`);
      }
    }
    if (query.Period !== undefined) validatePeriod(query.Period);
  }
  if (!queries.some((query) => query.ReturnData !== false)) {
    throw invalid('At least one query must return data: ReturnData is false for all of them.');
  }
}

/** @throws AwsError unless the period, in seconds, is a whole number of minutes */
export function validatePeriod(seconds: number | undefined): void {
  if (seconds === undefined || seconds <= 0 || seconds % 60 !== 0) {
    throw invalid(`The value ${seconds} for parameter Period must be a multiple of 60.`);
  }
}

/**
 * Answers validated queries, expressions among them.
 *
 * @returns each query's series by its id
 * @throws AwsError when an expression is wrong or names what is not there
 */
export function answerQueries(
  queries: readonly MetricDataQuery[],
  window: Window,
  store: MetricStore,
): Map<string, Series> {
  const byId = new Map(queries.map((query) => [query.Id ?? '', query]));
  const metricIds = queries.filter((query) => query.MetricStat).map((query) => query.Id ?? '');
  const finest = Math.min(...queries.map((query) => query.MetricStat?.Period ?? Number.POSITIVE_INFINITY));
  const answered = new Map<string, Series>();
  const open = new Set<string>();

  const answer = (id: string): Series => {
    const known = answered.get(id);
    if (known) return known;
    const query = byId.get(id);
    if (!query) throw new ExpressionError(`unknown id "${id}"`);
    if (open.has(id)) throw new ExpressionError(`"${id}" refers to itself`);
    open.add(id);
    const series = query.MetricStat ? metricSeries(query, window, store) : expressionSeries(query);
    answered.set(id, series);
    return series;
  };

  const expressionSeries = (query: MetricDataQuery): Series => {
    const period = query.Period ?? (Number.isFinite(finest) ? finest : 60);
    const timestamps = startsIn(window, period).filter((t) => t < window.now);
    return evaluateToSeries(parse(query.Expression ?? ''), { lookUp: answer, metricIds, timestamps, period });
  };

  for (const query of queries) {
    try {
      answer(query.Id ?? '');
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw invalid(`Error in expression '${query.Id}' [${error.message}].`);
    }
  }
  return answered;
}

/** The metrics that a valid query leans on: its own, or those of its expression's ids. */
export function metricsOf(query: MetricDataQuery, queries: readonly MetricDataQuery[]): MetricIdentity[] {
  if (query.MetricStat) return [identityOf(query.MetricStat.Metric)];
  const ids = idsIn(parse(query.Expression ?? ''));
  return queries
    .filter((other) => ids.includes(other.Id ?? '') || (ids.includes('*') && other.MetricStat))
    .flatMap((other) => metricsOf(other, queries));
}

// An alarm asks the same expression every minute.
const parsed = new Map<string, Expression>();

function parse(text: string): Expression {
  const expression = parsed.get(text) ?? parseExpression(text);
  parsed.set(text, expression);
  return expression;
}

function metricSeries(query: MetricDataQuery, window: Window, store: MetricStore): Series {
  const { Metric, Period = 60, Stat = '', Unit } = query.MetricStat ?? {};
  const identity = identityOf(Metric);
  const statistic = parseStatistic(Stat);
  const series = new Map<number, number>();
  // Data of another unit is other data; CloudWatch does not convert.
  if (Unit !== undefined && Unit !== store.unitOf(identity)) return series;
  for (const start of startsIn(window, Period)) {
    const samples = store.read(identity, start, start + Period * 1000, window.now);
    const value = samples && statistic?.(samples);
    if (value !== undefined) series.set(start, value);
  }
  return series;
}

/** The starts of a window's periods of so many seconds. */
export function startsIn(window: Window, period: number): number[] {
  const starts: number[] = [];
  for (let t = window.start; t < window.end; t += period * 1000) starts.push(t);
  return starts;
}

/** Both ends of a request, the start rounded down to the minute as CloudWatch does. */
export function windowOf(start: Date | undefined, end: Date | undefined, now: number): Window {
  if (!start || !end) throw invalid('The parameters StartTime and EndTime are required.');
  if (start.getTime() >= end.getTime()) {
    throw invalid('The parameter StartTime must be less than the parameter EndTime.');
  }
  return { start: Math.floor(start.getTime() / MINUTE) * MINUTE, end: end.getTime(), now };
}
