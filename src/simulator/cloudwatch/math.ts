import { type Expression, ExpressionError } from './expression.ts';

/** Values by the start of their period, in milliseconds. */
export type Series = ReadonlyMap<number, number>;

/** What an expression can be: one number, a series, several series, or a word such as `REPEAT`. */
export type Value = number | Series | readonly Series[] | string;

/** What an expression is evaluated in. */
export interface MathScope {
  /** The series of a query of the same request. @throws ExpressionError when there is none */
  lookUp(id: string): Series;
  /** The ids of all metrics, not expressions, of the request. */
  readonly metricIds: readonly string[];
  /** The starts of the periods asked for. */
  readonly timestamps: readonly number[];
  /** Seconds. */
  readonly period: number;
}

/**
 * Evaluates an expression to one series. A point is missing where an operand's is, and where a division by zero is.
 *
 * @throws ExpressionError
 */
export function evaluateToSeries(expression: Expression, scope: MathScope): Series {
  const value = evaluate(expression, scope);
  if (typeof value === 'number') return new Map(scope.timestamps.map((t) => [t, value]));
  if (value instanceof Map) return value;
  throw new ExpressionError('the expression does not give a single time series');
}

function evaluate(expression: Expression, scope: MathScope): Value {
  switch (expression.kind) {
    case 'number':
    case 'text':
      return expression.value;
    case 'id':
      return fillModes.has(expression.name) ? expression.name : scope.lookUp(expression.name);
    case 'negate':
      return binary('-', 0, evaluate(expression.of, scope));
    case 'binary':
      return binary(expression.operator, evaluate(expression.left, scope), evaluate(expression.right, scope));
    case 'list':
      return expression.items.flatMap((item) => seriesOf(evaluate(item, scope), scope));
    case 'call': {
      const perform = functions.get(expression.name);
      if (!perform) throw new ExpressionError(`unknown function "${expression.name}"`);
      return perform(
        expression.args.map((arg) => evaluate(arg, scope)),
        scope,
      );
    }
  }
}

const fillModes = new Set(['REPEAT', 'LINEAR']);

const operators = new Map<string, (a: number, b: number) => number>([
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
  ['^', (a, b) => a ** b],
  ['<', (a, b) => Number(a < b)],
  ['<=', (a, b) => Number(a <= b)],
  ['>', (a, b) => Number(a > b)],
  ['>=', (a, b) => Number(a >= b)],
  ['==', (a, b) => Number(a === b)],
  ['!=', (a, b) => Number(a !== b)],
  ['AND', (a, b) => Number(a !== 0 && b !== 0)],
  ['&&', (a, b) => Number(a !== 0 && b !== 0)],
  ['OR', (a, b) => Number(a !== 0 || b !== 0)],
  ['||', (a, b) => Number(a !== 0 || b !== 0)],
]);

function binary(operator: string, left: Value, right: Value): Value {
  const apply = operators.get(operator);
  if (!apply || typeof left === 'string' || typeof right === 'string') {
    throw new ExpressionError(`"${operator}" takes numbers and time series`);
  }
  if (isList(left)) return left.map((item) => asSeries(binary(operator, item, right)));
  if (isList(right)) return right.map((item) => asSeries(binary(operator, left, item)));
  if (typeof left === 'number') {
    return typeof right === 'number' ? apply(left, right) : mapSeries(right, (b) => apply(left, b));
  }
  if (typeof right === 'number') return mapSeries(left, (a) => apply(a, right));
  return mapSeries(left, (a, t) => {
    const b = right.get(t);
    return b === undefined ? Number.NaN : apply(a, b);
  });
}

/** Points that are not finite are left out: CloudWatch has no datapoint there. */
function mapSeries(series: Series, change: (value: number, timestamp: number) => number): Series {
  const changed = new Map<number, number>();
  for (const [t, value] of series) {
    const result = change(value, t);
    if (Number.isFinite(result)) changed.set(t, result);
  }
  return changed;
}

type MathFunction = (args: readonly Value[], scope: MathScope) => Value;

const functions = new Map<string, MathFunction>([
  ['SUM', reducer((values) => values.reduce((a, b) => a + b, 0))],
  ['AVG', reducer((values) => values.reduce((a, b) => a + b, 0) / values.length)],
  ['MIN', reducer((values) => Math.min(...values))],
  ['MAX', reducer((values) => Math.max(...values))],
  ['ABS', ([value]) => eachPoint(value, Math.abs)],
  ['CEIL', ([value]) => eachPoint(value, Math.ceil)],
  ['FLOOR', ([value]) => eachPoint(value, Math.floor)],
  ['FILL', fill],
  ['IF', choose],
  ['METRICS', ([filter], scope) => metricsOf(scope, filter)],
  ['METRIC_COUNT', ([list]) => (list !== undefined && isList(list) ? list.length : 1)],
  ['PERIOD', (_args, scope) => scope.period],
  ['TIME_SERIES', ([value], scope) => seriesOf(value ?? 0, scope)[0] ?? new Map()],
  ['RUNNING_SUM', ([value]) => runningSum(asSeries(value))],
  ['DIFF', ([value]) => differences(asSeries(value), 1)],
  ['RATE', ([value], scope) => differences(asSeries(value), scope.period)],
]);

/** Over one series: a number. Over several: a series of what exists at each time. */
function reducer(reduce: (values: readonly number[]) => number): MathFunction {
  return ([value], scope) => {
    if (value === undefined || typeof value === 'string')
      throw new ExpressionError('a time series is missing');
    if (typeof value === 'number') return value;
    if (!isList(value)) return value.size > 0 ? reduce([...value.values()]) : new Map();
    const reduced = new Map<number, number>();
    for (const t of scope.timestamps) {
      const there = value.map((series) => series.get(t)).filter((v) => v !== undefined);
      if (there.length > 0) reduced.set(t, reduce(there));
    }
    return reduced;
  };
}

function eachPoint(value: Value | undefined, change: (value: number) => number): Value {
  if (typeof value === 'number') return change(value);
  if (value !== undefined && isList(value)) return value.map((series) => mapSeries(series, change));
  return mapSeries(asSeries(value), change);
}

function metricsOf(scope: MathScope, filter: Value | undefined): Series[] {
  const wanted = typeof filter === 'string' ? filter : '';
  return scope.metricIds.filter((id) => id.includes(wanted)).map((id) => scope.lookUp(id));
}

function fill([value, filler]: readonly Value[], scope: MathScope): Value {
  if (value !== undefined && isList(value)) return value.map((series) => fillSeries(series, filler, scope));
  return fillSeries(asSeries(value), filler, scope);
}

function fillSeries(series: Series, filler: Value | undefined, scope: MathScope): Series {
  const filled = new Map<number, number>();
  for (const [i, t] of scope.timestamps.entries()) {
    const value = series.get(t) ?? fillerAt(i, t, series, filler, scope.timestamps);
    if (value !== undefined) filled.set(t, value);
  }
  return filled;
}

function fillerAt(
  i: number,
  t: number,
  series: Series,
  filler: Value | undefined,
  timestamps: readonly number[],
): number | undefined {
  if (typeof filler === 'number') return filler;
  if (filler instanceof Map) return filler.get(t);
  const before = timestamps.slice(0, i).findLast((other) => series.has(other));
  if (filler === 'REPEAT') return before === undefined ? undefined : series.get(before);
  if (filler !== 'LINEAR') throw new ExpressionError('FILL takes a number, REPEAT or LINEAR');
  const after = timestamps.slice(i).find((other) => series.has(other));
  const [from, to] = [series.get(before ?? Number.NaN), series.get(after ?? Number.NaN)];
  if (before === undefined || after === undefined || from === undefined || to === undefined) return undefined;
  return from + ((to - from) * (t - before)) / (after - before);
}

function choose([condition, whenTrue, whenFalse]: readonly Value[], scope: MathScope): Value {
  if (condition === undefined || whenTrue === undefined)
    throw new ExpressionError('IF takes two or three arguments');
  if (typeof condition === 'number') return condition !== 0 ? whenTrue : (whenFalse ?? new Map());
  const at = (value: Value | undefined, t: number): number | undefined =>
    typeof value === 'number' ? value : value === undefined ? undefined : asSeries(value).get(t);
  const chosen = new Map<number, number>();
  const conditions = asSeries(condition);
  for (const t of scope.timestamps) {
    const holds = conditions.get(t);
    if (holds === undefined) continue;
    const value = at(holds !== 0 ? whenTrue : whenFalse, t);
    if (value !== undefined) chosen.set(t, value);
  }
  return chosen;
}

function runningSum(series: Series): Series {
  let sum = 0;
  return mapSeries(inOrder(series), (value) => {
    sum += value;
    return sum;
  });
}

/** Each value's difference to the one before, by `divisor`; the first has none. */
function differences(series: Series, divisor: number): Series {
  let before: number | undefined;
  return mapSeries(inOrder(series), (value) => {
    const difference = before === undefined ? Number.NaN : (value - before) / divisor;
    before = value;
    return difference;
  });
}

const inOrder = (series: Series): Series => new Map([...series].sort(([a], [b]) => a - b));

const isList = (value: Value): value is readonly Series[] => Array.isArray(value);

function asSeries(value: Value | undefined): Series {
  if (value instanceof Map) return value;
  throw new ExpressionError('a time series is missing');
}

function seriesOf(value: Value, scope: MathScope): Series[] {
  if (typeof value === 'string') throw new ExpressionError(`unexpected "${value}"`);
  if (typeof value === 'number') return [new Map(scope.timestamps.map((t) => [t, value]))];
  return isList(value) ? [...value] : [value];
}
