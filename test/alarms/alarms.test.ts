import { describe, expect, it } from 'vitest';
import { alarmUrl, dashboardUrl } from '../../src/alarms/console.ts';
import { dashboardBody } from '../../src/alarms/dashboard.ts';
import { planAlarms } from '../../src/alarms/difference.ts';
import { alarmPrefix, dashboardName, tagsOf } from '../../src/alarms/names.ts';
import type { AlarmSettings, KnownAlarm } from '../../src/alarms/settings.ts';
import { wantedAlarms } from '../../src/alarms/wanted.ts';
import { BLUE_GREEN, read, SERVICE } from './definitions.ts';

const known = (settings: AlarmSettings): KnownAlarm => ({
  name: settings.name,
  arn: `arn:${settings.name}`,
  state: 'OK',
  settings,
});

const wantedOf = async (text: string, service = SERVICE) =>
  wantedAlarms((await read(text)).definition, service);

describe('the alarms that are wanted', () => {
  it('look at the whole load balancer where it serves this service alone, so that a canary is seen', async () => {
    const { alarms, notes } = await wantedOf('http-5xx: 10');
    expect(alarms[0]?.settings).toMatchObject({
      name: 'prod/web/http-5xx',
      description: 'prod/web: answers of 5xx by tasks > 10 in 5m. Put by deploy-actions/alarms.',
      metrics: [
        { metric: 'HTTPCode_Target_5XX_Count', dimensions: { LoadBalancer: 'app/shop/4567' }, stat: 'Sum' },
      ],
    });
    expect(notes).toEqual([]);
  });

  it('take both target groups of blue and green as one, and say what they do not see', async () => {
    const { alarms, notes } = await wantedOf('http-5xx: 10\nlatency-p95: 1s\nerror-rate: 5%', BLUE_GREEN);
    const expressions = alarms.map(({ settings }) => settings.metrics.at(-1));
    expect(expressions).toMatchObject([
      { expression: 'SUM([FILL(m1, 0), FILL(m2, 0)])' },
      {
        expression:
          'IF(SUM([FILL(r1, 0), FILL(r2, 0)]) > 0, 100 * SUM([FILL(e1, 0), FILL(e2, 0)]) / SUM([FILL(r1, 0), FILL(r2, 0)]), 0)',
      },
      { expression: 'MAX([FILL(m1, 0), FILL(m2, 0)])' },
    ]);
    expect(notes[0]).toContain('The load balancer serves others as well');
    const whole = await wantedOf('scope: load-balancer\nhttp-5xx: 10', BLUE_GREEN);
    expect(whole.alarms[0]?.settings.metrics).toHaveLength(1);
    expect(whole.notes).toEqual([]);
  });

  it('are those of ECS where there is no load balancer, with a note', async () => {
    const { alarms, notes } = await wantedOf('defaults', { ...SERVICE, targetGroups: [] });
    expect(alarms.map(({ word }) => word)).toEqual(['cpu', 'memory']);
    expect(notes).toEqual([
      'http-5xx, error-rate, latency-p95, unhealthy-hosts: not put, because the service has no load balancer whose requests could be counted.',
    ]);
  });

  it('of a Network Load Balancer are those of its targets', async () => {
    const [group] = SERVICE.targetGroups;
    const balancer = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/shop/89';
    const service = { ...SERVICE, targetGroups: [{ arn: group?.arn ?? '', loadBalancerArns: [balancer] }] };
    const { alarms, notes } = await wantedOf('http-5xx: 10\nunhealthy-hosts: 0', service);
    expect(alarms[0]?.settings.metrics[0]).toMatchObject({
      namespace: 'AWS/NetworkELB',
      dimensions: { TargetGroup: 'targetgroup/web/0123', LoadBalancer: 'net/shop/89' },
    });
    expect(notes).toHaveLength(1);
  });

  it('have the dimensions of the service where a custom metric leaves them open', async () => {
    const { alarms } = await wantedOf(
      'custom: { x: { namespace: Shop, metric: A, dimensions: { S: "{service}", L: "{load-balancer}" }, above: 1 } }',
    );
    expect(alarms[0]?.settings.metrics[0]).toMatchObject({ dimensions: { S: 'web', L: 'app/shop/4567' } });
  });
});

describe('what is to be done', () => {
  const TAGS = tagsOf(SERVICE);

  it('is nothing where all is as wanted, whatever the order of dimensions and actions', async () => {
    const { alarms } = await wantedOf(
      'defaults: true\nrds: db\nnotify: [arn:aws:sns:eu-west-1:1:b, arn:aws:sns:eu-west-1:1:a]',
      BLUE_GREEN,
    );
    const there = alarms.map(({ settings }) =>
      known({
        ...settings,
        metrics: settings.metrics.map((metric) =>
          'dimensions' in metric
            ? { ...metric, dimensions: Object.fromEntries(Object.entries(metric.dimensions).reverse()) }
            : metric,
        ),
        actions: { ...settings.actions, ok: settings.actions.ok.toReversed() },
      }),
    );
    const tags = new Map(there.map(({ arn }) => [arn, TAGS]));
    expect(planAlarms(alarms, there, tags, SERVICE)).toEqual({ steps: [], foreign: [] });
  });

  it('is nothing where only the order of lines is another, also of those of an expression', async () => {
    const metrics = ['placed', 'failed'].map((id) => `      ${id}: { namespace: Shop, metric: ${id} }`);
    const custom = (lines: readonly string[]) =>
      [
        'custom:',
        '  lost:',
        '    expression: failed / placed',
        '    metrics:',
        ...lines,
        '    above: 1',
      ].join('\n');
    const [before, after] = [
      await wantedOf(`cpu: 80%\nmemory: 80%\n${custom(metrics)}`),
      await wantedOf(`${custom(metrics.toReversed())}\nmemory: 80%\ncpu: 80%`),
    ];
    const there = before.alarms.map(({ settings }) => known(settings));
    const tags = new Map(there.map(({ arn }) => [arn, TAGS]));
    expect(there).toHaveLength(3);
    expect(planAlarms(after.alarms, there, tags, SERVICE).steps).toEqual([]);
  });

  it('is to make, to change and to delete, and to leave alone what is not ours', async () => {
    const { alarms } = await wantedOf('cpu: 80%\nmemory: 80%\nhttp-5xx: 10');
    const [cpu, memory] = alarms.map(({ settings }) => settings) as [AlarmSettings, AlarmSettings];
    const there = [
      known({ ...cpu, threshold: 90, missing: 'ignore' }),
      known(memory),
      known({ ...cpu, name: 'prod/web/old' }),
      known({ ...cpu, name: 'prod/web/by-hand' }),
    ];
    const tags = new Map([
      ['arn:prod/web/cpu', TAGS],
      ['arn:prod/web/old', TAGS],
      ['arn:prod/web/by-hand', { team: 'shop' }],
      ['arn:prod/web/memory', { ...TAGS, 'deploy-actions:service': 'prod/other' }],
    ]);
    const { steps, foreign } = planAlarms(alarms, there, tags, SERVICE);
    expect(foreign).toEqual(['prod/web/memory']);
    expect(steps).toMatchObject([
      { kind: 'change', why: ['bound > 90 -> > 80', 'missing data ignore -> missing'] },
      { kind: 'create', settings: { name: 'prod/web/http-5xx' }, tags: TAGS },
      { kind: 'delete', name: 'prod/web/old' },
    ]);
  });
});

describe('names and addresses', () => {
  it('stay the same, apart and short enough', () => {
    const long = { cluster: 'c'.repeat(255), service: 's'.repeat(255) };
    expect(alarmPrefix(long).length).toBeLessThan(160);
    expect(alarmPrefix(long)).not.toBe(alarmPrefix({ ...long, service: 't'.repeat(255) }));
    expect(dashboardName(long)).toMatch(/^[\w-]{255}$/);
    expect(dashboardName(SERVICE)).toBe('prod_web');
  });

  it.each([
    ['aws', 'eu-west-1', 'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1'],
    ['aws-cn', 'cn-north-1', 'https://console.amazonaws.cn/cloudwatch/home?region=cn-north-1'],
    [
      'aws-us-gov',
      'us-gov-west-1',
      'https://console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1',
    ],
  ])('lead to the console of %s', (partition, region, start) => {
    expect(alarmUrl({ partition, region }, 'prod/web/cpu')).toBe(`${start}#alarmsV2:alarm/prod%2Fweb%2Fcpu`);
    expect(dashboardUrl({ partition, region }, 'prod_web')).toBe(`${start}#dashboards/dashboard/prod_web`);
  });
});

/** As far as it is looked into here. */
interface Widget {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly annotations?: { readonly horizontal: unknown };
    readonly metrics?: readonly unknown[];
  };
}

describe('a dashboard', () => {
  it('has a place of its own for each widget, and draws the bounds', async () => {
    const { definition } = await read('defaults: true\nrds: db');
    const { alarms } = wantedAlarms(definition, BLUE_GREEN);
    const body = dashboardBody(BLUE_GREEN, definition, alarms, ['arn:a', 'arn:b']);
    const { widgets } = JSON.parse(JSON.stringify(body)) as { readonly widgets: readonly Widget[] };
    const taken = new Set<string>();
    for (const { x, y, width, height } of widgets) {
      for (let column = x; column < x + width; column++) {
        for (let row = y; row < y + height; row++) {
          expect(taken.has(`${column} ${row}`)).toBe(false);
          taken.add(`${column} ${row}`);
        }
      }
      expect(x + width).toBeLessThanOrEqual(24);
    }
    const titles = widgets.map(({ properties }) => properties.title);
    expect(titles).toEqual([
      undefined,
      'Alarms',
      'Requests and errors per minute',
      'Response time',
      'Targets',
      'CPU and memory, %',
      'Tasks',
      'Database db',
      'Database db: time of reads and writes',
    ]);
    const load = widgets[5]?.properties;
    expect(load?.annotations?.horizontal).toMatchObject([
      { label: 'cpu > 80%', value: 80 },
      { label: 'memory > 80%' },
    ]);
    expect(load?.metrics?.[2]).toEqual([
      'AWS/ECS',
      'CPUUtilization',
      'ClusterName',
      'prod',
      'ServiceName',
      'web-canary',
      { stat: 'Average', label: 'CPU of the canary' },
    ]);
  });
});
