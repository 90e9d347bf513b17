import type {
  GetMetricDataCommandInput,
  GetMetricDataCommandOutput,
  MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import type { Answer } from '../answer.ts';
import { AwsError, type Call } from '../operation.ts';
import { answerQueries, invalid, metricsOf, validateQueries, windowOf } from './queries.ts';
import type { MetricStore } from './store.ts';

const MOST_DATAPOINTS = 100_800;

/** GetMetricData. */
export function getMetricData(
  store: MetricStore,
  input: GetMetricDataCommandInput,
  call: Call,
): Answer<GetMetricDataCommandOutput> {
  const queries = input.MetricDataQueries ?? [];
  validateQueries(queries);
  const limit = input.MaxDatapoints ?? MOST_DATAPOINTS;
  if (limit < 1 || limit > MOST_DATAPOINTS) {
    throw invalid(`The value ${limit} for parameter MaxDatapoints must be between 1 and ${MOST_DATAPOINTS}.`);
  }
  const page = readToken(input.NextToken, call.now);
  // All pages answer as of the first one's time: data that arrives in between would shift them.
  const window = windowOf(input.StartTime, input.EndTime, page.now);
  const series = answerQueries(queries, window, store);
  const ascending = input.ScanBy === 'TimestampAscending';

  const results: MetricDataResult[] = [];
  let position = 0;
  let room = limit;
  for (const query of queries) {
    if (query.ReturnData === false) continue;
    const points = [...(series.get(query.Id ?? '') ?? [])].sort(([a], [b]) => (ascending ? a - b : b - a));
    const arrived = metricsOf(query, queries).some((metric) => store.isPartial(metric, window.now))
      ? // What is missing are the newest values, on whichever side they are.
        points.slice(
          ascending ? 0 : Math.ceil(points.length / 2),
          ascending ? Math.floor(points.length / 2) : undefined,
        )
      : points;
    const skipped = Math.min(Math.max(page.from - position, 0), arrived.length);
    const shown = arrived.slice(skipped, skipped + room);
    position += arrived.length;
    room -= shown.length;
    const wasShown = page.from > 0 && skipped === arrived.length;
    if (wasShown) continue;
    const complete = skipped + shown.length === arrived.length && arrived === points;
    results.push({
      Id: query.Id,
      Label: query.Label ?? query.MetricStat?.Metric?.MetricName ?? query.Id,
      Timestamps: shown.map(([t]) => new Date(t)),
      Values: shown.map(([, value]) => value),
      StatusCode: complete ? 'Complete' : 'PartialData',
    });
  }
  const next = page.from + limit;
  return {
    MetricDataResults: results,
    Messages: [],
    ...(next < position ? { NextToken: writeToken({ from: next, now: page.now }) } : {}),
  };
}

/** A page begins after so many datapoints of all results, as of a time. */
interface Page {
  readonly from: number;
  readonly now: number;
}

function writeToken(page: Page): string {
  return Buffer.from(`${page.from} ${page.now}`).toString('base64');
}

function readToken(token: string | undefined, now: number): Page {
  if (token === undefined) return { from: 0, now };
  const [from = Number.NaN, at = Number.NaN, ...rest] = Buffer.from(token, 'base64')
    .toString()
    .split(' ')
    .map(Number);
  if (Number.isNaN(from) || Number.isNaN(at) || rest.length > 0) {
    throw new AwsError('InvalidNextToken', 'The next token specified is invalid.');
  }
  return { from, now: at };
}
