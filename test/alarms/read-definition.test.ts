import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBound } from '../../src/alarms/bound.ts';
import { MEASURES, type Measure } from '../../src/alarms/measures.ts';
import { read } from './definitions.ts';

const CPU = MEASURES['cpu'] as Measure;
const LATENCY = MEASURES['latency-p95'] as Measure;

describe('a definition', () => {
  it('of one word is the alarms of the documents', async () => {
    const { definition, problems } = await read('defaults');
    expect(problems).toEqual([]);
    expect(
      definition.alarms.map(({ name, threshold, periodS, evaluationPeriods }) => [
        name,
        threshold,
        periodS,
        evaluationPeriods,
      ]),
    ).toEqual([
      ['cpu', 80, 300, 2],
      ['memory', 80, 300, 2],
      ['http-5xx', 10, 300, 1],
      ['error-rate', 5, 60, 5],
      ['latency-p95', 0.5, 60, 5],
      ['unhealthy-hosts', 0, 60, 3],
    ]);
  });

  it('says some of the defaults otherwise, and leaves some out', async () => {
    const text =
      'defaults: true\ncpu: 70%\nmemory: off\nerror-rate: false\nhttp-5xx:\nrds: { cluster: Shop }';
    const { definition, problems } = await read(text);
    expect(problems).toEqual([]);
    expect(definition.alarms.map(({ name, threshold }) => `${name} ${threshold}`)).toEqual([
      'cpu 70',
      'http-5xx 10',
      'latency-p95 0.5',
      'unhealthy-hosts 0',
      'rds-connections 180',
    ]);
    expect(definition.databases).toEqual([{ kind: 'cluster', name: 'shop' }]);
  });

  it('takes short and long forms, and tells both states unless told otherwise', async () => {
    const { definition, problems } = await read(`
rds-connections: { instance: shop-db, above: 180 }
cpu: { at-least: 75%, period: 1m, evaluation-periods: 5, datapoints: 3, missing: breaching, notify: false }
custom:
  queue-age:
    namespace: AWS/SQS
    metric: ApproximateAgeOfOldestMessage
    dimensions: { QueueName: orders }
    statistic: Maximum
    above: 300
  failed:
    expression: 100 * f / o
    metrics: { f: { namespace: Shop, metric: Failed }, o: { namespace: Shop, metric: Orders } }
    above: 5
notify: arn:aws:sns:eu-west-1:123456789012:alerts
dashboard: shop
`);
    expect(problems).toEqual([]);
    const [cpu, connections, age, failed] = definition.alarms;
    expect(cpu).toMatchObject({
      comparison: '>=',
      threshold: 75,
      periodS: 60,
      evaluationPeriods: 5,
      datapoints: 3,
      missing: 'breaching',
      actions: { alarm: [], ok: [] },
    });
    const topic = ['arn:aws:sns:eu-west-1:123456789012:alerts'];
    expect(connections).toMatchObject({ threshold: 180, actions: { alarm: topic, ok: topic, noData: [] } });
    expect(age).toMatchObject({ name: 'queue-age', comparison: '>', periodS: 300, evaluationPeriods: 1 });
    expect(failed?.subject).toMatchObject({ kind: 'expression', expression: '100 * f / o' });
    expect(definition.dashboard).toBe('shop');
  });

  it('tells all that is wrong at once, with lines', async () => {
    const { problems } = await read(`cpuu: 80%
latency-p95: 500
requests:
http-5xx: 10 per 90s
rds-cpu: 80%
notify: someone
dashboard: a b
scope: all
memory: { above: 80%, below: 10%, evaluation-period: 2 }
custom:
  cpu: { namespace: A, metric: B, above: 1 }
  x: { expression: a / b, metrics: { a: { namespace: A, metric: B } }, above: 1 }
  y: { namespace: A, above: 1, statistic: p }
`);
    expect(problems.toSorted()).toEqual(
      [
        'line 11 custom.cpu: "cpu" is the name of an alarm that stands beside custom',
        'line 12 custom.x.expression: uses b, which stands not under metrics',
        'line 13 custom.y.metric: is missing; for example metric: ApproximateAgeOfOldestMessage',
        'line 13 custom.y.statistic: "p" is none of CloudWatch, such as Average, Sum, Maximum or p95',
        'line 1 cpuu: is no key of a definition of alarms; did you mean cpu?',
        'line 2 latency-p95: "500" needs a unit: 500ms or 500s',
        'line 3 requests: needs a bound, such as 10',
        'line 4 http-5xx: "10 per 90s" has a period that is not one or more whole minutes, in which the metrics of AWS come',
        'line 5 rds-cpu: needs a database: write { instance: shop-db, above: 80% }, or rds: shop-db once for all',
        'line 6 notify: "someone" is not an ARN, such as arn:aws:sns:eu-west-1:123456789012:alerts',
        'line 7 dashboard: "a b" is not the name of a dashboard: up to 255 letters, digits, hyphens and underscores',
        'line 8 scope: "all" is not one of auto, load-balancer, target-group',
        'line 9 memory.below: stands beside above; an alarm has one bound',
        'line 9 memory.evaluation-period: is no key of memory; did you mean evaluation-periods?',
      ].sort(),
    );
  });
});

describe('what CloudWatch would refuse, or watch in vain, is told before anything is put', () => {
  const custom = (more: string) => `custom:\n  x: { namespace: Shop, metric: Orders, above: 1, ${more} }`;
  const over = (expression: string) =>
    `custom:\n  x: { expression: '${expression}', metrics: { a: { namespace: A, metric: B } }, above: 1 }`;
  it.each([
    ['cpu: 0.8', 'cpu: "0.8" may be a share or a percentage: write 80% or 0.8%'],
    [
      'error-rate: { above: 0.01 }',
      'error-rate.above: "0.01" may be a share or a percentage: write 1% or 0.01%',
    ],
    ['http-5xx: -1', 'http-5xx: has a bound below 0'],
    ['cpu: { statistic: p101 }', 'cpu.statistic: "p101" is none of CloudWatch'],
    [`cpu: { description: ${'x'.repeat(1_025)} }`, 'is longer than 1024 characters'],
    ['rds: {}', 'rds: names no database'],
    [custom('statistic: p100.5'), 'custom.x.statistic: "p100.5" is none of CloudWatch'],
    [custom('dimensions: { A: "{target-grp}" }'), 'has "{target-grp}" as A; there are {cluster}'],
    [custom('dimensions: { A: "{cluster}-x" }'), 'each as the whole value'],
    ['custom:\n  x: { namespace: " ", metric: "", above: 1 }', 'custom.x.metric: is missing'],
    [over(' '), 'custom.x.expression: is empty'],
    [over('SEARCH("{A} b", "Sum", 60)'), 'CloudWatch has no alarms on what is searched for'],
  ])('%s', async (text, said) => {
    const { problems } = await read(text);
    expect(problems.join('\n')).toContain(said);
  });

  it.each(['error-rate: 0.5%', 'error-rate: 1', 'unhealthy-hosts: 0', custom('statistic: p99.9')])(
    'but not %s',
    async (text) => expect((await read(text)).problems).toEqual([]),
  );
});

it('reads the examples of the README', async () => {
  const readme = readFileSync(new URL('../../actions/alarms/README.md', import.meta.url), 'utf8');
  const [, file = ''] = /```yaml\n# \.github\/alarms\.yml\n([\s\S]*?)```/.exec(readme) ?? [];
  const { definition, problems } = await read(file);
  expect(problems).toEqual([]);
  expect(definition.alarms).toHaveLength(9);
  expect(Object.keys(MEASURES).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

describe('a bound', () => {
  it.each([
    ['80%', { comparison: '>', threshold: 80, periodS: 300, evaluationPeriods: 2, datapoints: 2 }],
    ['>= 80 per 1m', { comparison: '>=', threshold: 80, periodS: 60, evaluationPeriods: 1, datapoints: 1 }],
    ['80% for 15m', { comparison: '>', threshold: 80, periodS: 300, evaluationPeriods: 3, datapoints: 3 }],
    [
      '80% per 1m for 3 of 5',
      { comparison: '>', threshold: 80, periodS: 60, evaluationPeriods: 5, datapoints: 3 },
    ],
    ['80% per 5m', { comparison: '>', threshold: 80, periodS: 300, evaluationPeriods: 2, datapoints: 2 }],
  ])('is read as it is meant: %s', (text, bound) => {
    expect(parseBound(text, CPU)).toEqual(bound);
  });

  it.each([
    ['120%', 'is not between 0% and 100%'],
    ['80% for 7m', 'lasts 7m, which is no whole number of periods of 300 s'],
    ['80% for 3 of 2', 'asks for 3 of 2 periods'],
    ['80% per 5m for 25h', 'looks back 25 h; CloudWatch takes 24 h at most with that period'],
    ['80% and more', 'is not a bound'],
  ])('that cannot be is told: %s', (text, words) => {
    expect(parseBound(text, CPU)).toContain(words);
  });

  it('of a time is in the seconds that CloudWatch has', () => {
    expect(parseBound('1.5s for 3 of 5', LATENCY)).toMatchObject({ threshold: 1.5, datapoints: 3 });
  });

  it('is read or refused, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const bound = parseBound(text, CPU);
        return (
          typeof bound === 'string' || (bound.evaluationPeriods >= bound.datapoints && bound.periodS >= 60)
        );
      }),
      { numRuns: 200 },
    );
  });
});
