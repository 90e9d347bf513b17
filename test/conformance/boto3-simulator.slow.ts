import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { Credentials } from '../../src/simulator/sts/credentials.ts';
import { stsOperations } from '../../src/simulator/sts/operations.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { movedClock, START } from '../simulator/moved-clock.ts';
import { BothClients, SERVICES } from './both-clients.ts';
import { type Answer, type Boto3, startBoto3 } from './boto3.ts';

/**
 * boto3 as a client of the simulator: it shares no code with the SDK by whose schemas the simulator writes its answers.
 * While both read, no time passes, so they have to read the same.
 */

const MINUTE = 60_000;
const ACCOUNT = '123456789012';
const LOGS = '/ecs/web';
const LOGS_ARN = `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:${LOGS}`;

const scenario = webShop({
  images: ['app:v1', 'app:v2'],
  override: {
    // What is written can be read at once.
    consistencyLag: { min: 0, max: 0 },
    scalableTargets: [{ service: 'prod/web', min: 2, max: 10, cpu: 50 }],
    stacks: { shop: { ClusterName: 'prod', Url: 'https://shop.example.com/?a=1&b=<2>' } },
    parameters: { '/shop/motd': 'Grüße & <b>"Küsse"</b>' },
    secrets: {
      'shop/db': { value: { user: 'Grüße & <b>' }, previous: 'old', rotationTime: 60_000 },
      'shop/key': { value: 'bytes', binary: true, kmsKey: 'alias/shop', tags: { team: 'shop' } },
      'shop/old': { value: 'x' },
    },
    network: {
      securityGroups: {
        'sg-tasks': {
          inbound: [
            { from: 8080, to: 8081, groups: ['sg-lb'], ranges: ['10.0.0.0/8', 'fd00::/8'] },
            { protocol: '-1', prefixLists: ['pl-1'] },
          ],
        },
      },
    },
    quotas: { 'fargate/L-3032A538': { name: 'vCPUs & <more>', value: 100, byDefault: 6, used: 12 } },
    topics: { deploys: {}, 'deploys.fifo': {} },
    buckets: {
      site: { versioning: true, keeps: ['kept/'], objects: { 'kept/1': { body: 'x' } } },
      elsewhere: { region: 'us-west-2' },
    },
    distributions: {
      E1A2B3C4D5E6F7: { bucket: 'site', aliases: ['www.example.com'] },
      EBARE: { bucket: 'site' },
    },
    logGroups: [LOGS],
    roles: [`arn:aws:iam::${ACCOUNT}:role/deploy`],
    repositories: {
      shop: {
        tags: { '1.2.3': `sha256:${'1'.repeat(64)}`, '1.2.4': `sha256:${'2'.repeat(64)}` },
        scanning: 'manual',
        scanTime: 10_000,
        findings: [
          {
            name: 'CVE-2026-1',
            severity: 'HIGH',
            package: 'openssl',
            version: '3.0.1',
            description: 'a <b> & c',
          },
          { name: 'CVE-2026-2', severity: 'LOW', package: 'zlib', version: '1.2.3' },
        ],
      },
    },
    databases: {
      instances: { orders: { engine: 'postgres', encrypted: true, tags: { team: 'shop' } } },
      clusters: { carts: { tags: { team: 'shop' } } },
      snapshots: { 'orders-old': { of: 'orders', tags: { keep: 'yes' } }, 'carts-old': { of: 'carts' } },
    },
    caches: {
      replicationGroups: { sessions: { shards: 2, tags: { team: 'shop' } } },
      clusters: { lone: {} },
      serverless: { quick: {} },
      snapshots: { 'sessions-old': { of: 'sessions' }, 'quick-old': { of: 'quick' } },
    },
  },
});

const clock = movedClock();
let simulator: Simulator<SimulatedWorld>;
let boto3: Boto3;
let aws: BothClients;

beforeAll(async () => {
  simulator = await startSimulator({
    clock,
    seed: 1,
    metricDelay: MINUTE,
    registry: true,
    world: (context) => createWorld(context, scenario),
  });
  boto3 = await startBoto3(simulator.url);
  aws = new BothClients(simulator.url, boto3);
});

afterAll(async () => {
  await boto3?.stop();
  await simulator?.close();
  expect(simulator.bugs).toEqual([]);
});

describe('boto3 reads what the SDK reads of', () => {
  it('task definitions: registered, described, listed, taken out of use', async () => {
    const { taskDefinition: made } = await aws.changes('ecs', 'RegisterTaskDefinition', {
      family: 'job',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/execution`,
      containerDefinitions: [
        {
          name: 'job',
          image: 'app:v1',
          command: ['sh', '-c', 'echo "a < b && c"'],
          environment: [{ name: 'TEXT', value: 'zwei\nZeilen, ü' }],
          secrets: [{ name: 'TOKEN', valueFrom: `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/token` }],
          environmentFiles: [{ value: 'arn:aws:s3:::bucket/shop.env', type: 's3' }],
        },
      ],
      tags: [{ key: 'team', value: 'shop' }],
    });
    const input = { taskDefinition: 'job:1', include: ['TAGS'] };
    const { taskDefinition, tags } = await aws.reads('ecs', 'DescribeTaskDefinition', input);
    expect(taskDefinition).toMatchObject({
      taskDefinitionArn: made.taskDefinitionArn,
      status: 'ACTIVE',
      containerDefinitions: [
        {
          command: ['sh', '-c', 'echo "a < b && c"'],
          environment: [{ name: 'TEXT', value: 'zwei\nZeilen, ü' }],
          secrets: [{ name: 'TOKEN', valueFrom: `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/token` }],
          environmentFiles: [{ value: 'arn:aws:s3:::bucket/shop.env', type: 's3' }],
        },
      ],
    });
    expect(tags).toEqual([{ key: 'team', value: 'shop' }]);
    const pages = await aws.readsPages('ecs', 'ListTaskDefinitions', { maxResults: 1 });
    expect(pages.flatMap(({ taskDefinitionArns }) => taskDefinitionArns)).toHaveLength(3);
    expect(pages.length).toBeGreaterThan(2);
    const { families } = await aws.reads('ecs', 'ListTaskDefinitionFamilies', {});
    expect(families).toEqual(['job', 'web']);
    const { taskDefinition: gone } = await aws.changes('ecs', 'DeregisterTaskDefinition', {
      taskDefinition: 'job:1',
    });
    expect(gone.status).toBe('INACTIVE');
  });

  it('a service, its tasks, its deployments and their revisions', async () => {
    const { clusterArns } = await aws.reads('ecs', 'ListClusters', {});
    const { clusters } = await aws.reads('ecs', 'DescribeClusters', { clusters: ['prod', 'nowhere'] });
    expect(clusters).toMatchObject([{ clusterName: 'prod', clusterArn: clusterArns[0] }]);
    await aws.changes('ecs', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:2' });
    clock.move(20_000);
    const { serviceArns } = await aws.reads('ecs', 'ListServices', { cluster: 'prod' });
    const of = { cluster: 'prod', services: ['web', 'nothing'], include: ['TAGS'] };
    const { services, failures } = await aws.reads('ecs', 'DescribeServices', of);
    expect(services[0].deployments).toHaveLength(2);
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
    const { taskArns } = await aws.reads('ecs', 'ListTasks', { cluster: 'prod', serviceName: 'web' });
    const { tasks } = await aws.reads('ecs', 'DescribeTasks', { cluster: 'prod', tasks: taskArns });
    expect(tasks.length).toBeGreaterThan(4);
    const list = { cluster: 'prod', service: 'web' };
    const { serviceDeployments } = await aws.reads('ecs', 'ListServiceDeployments', list);
    const [running] = serviceDeployments;
    expect(running.status).toBe('IN_PROGRESS');
    const deployments = { serviceDeploymentArns: [running.serviceDeploymentArn] };
    await aws.reads('ecs', 'DescribeServiceDeployments', deployments);
    const revisions = { serviceRevisionArns: [running.targetServiceRevisionArn] };
    const { serviceRevisions } = await aws.reads('ecs', 'DescribeServiceRevisions', revisions);
    expect(serviceRevisions[0].taskDefinition).toMatch(/web:2$/);
    await aws.changes('ecs', 'StopServiceDeployment', {
      serviceDeploymentArn: running.serviceDeploymentArn,
      stopType: 'ROLLBACK',
    });
    await aws.reads('ecs', 'DescribeServiceDeployments', deployments);

    await aws.changes('ecs', 'TagResource', {
      resourceArn: serviceArns[0],
      tags: [{ key: 'deploy-actions:run', value: 'https://example.com/runs/1+2=3' }],
    });
    expect((await aws.reads('ecs', 'ListTagsForResource', { resourceArn: serviceArns[0] })).tags).toEqual([
      { key: 'deploy-actions:run', value: 'https://example.com/runs/1+2=3' },
    ]);
    await aws.changes('ecs', 'UntagResource', {
      resourceArn: serviceArns[0],
      tagKeys: ['deploy-actions:run'],
    });
    expect((await aws.reads('ecs', 'ListTagsForResource', { resourceArn: serviceArns[0] })).tags).toEqual([]);
  });

  it('a service that is made and deleted, and a task that is run and stopped', async () => {
    const network = { awsvpcConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'] } };
    const { service } = await aws.changes('ecs', 'CreateService', {
      cluster: 'prod',
      serviceName: 'second',
      taskDefinition: 'web:1',
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: network,
    });
    expect(service).toMatchObject({ serviceName: 'second', status: 'ACTIVE', desiredCount: 1 });
    const { service: gone } = await aws.changes('ecs', 'DeleteService', {
      cluster: 'prod',
      service: 'second',
      force: true,
    });
    expect(gone.status).toBe('DRAINING');
    await aws.reads('ecs', 'DescribeServices', { cluster: 'prod', services: ['second'] });

    const { tasks, failures } = await aws.changes('ecs', 'RunTask', {
      cluster: 'prod',
      taskDefinition: 'web:1',
      launchType: 'FARGATE',
      networkConfiguration: network,
      startedBy: 'boto3',
    });
    expect(failures).toEqual([]);
    const { task } = await aws.changes('ecs', 'StopTask', {
      cluster: 'prod',
      task: tasks[0].taskArn,
      reason: 'enough',
    });
    expect(task.stoppedReason).toBe('enough');
    await aws.reads('ecs', 'DescribeTasks', { cluster: 'prod', tasks: [tasks[0].taskArn] });
  });

  it('load balancers, listeners, rules, target groups and the health of targets', async () => {
    const { LoadBalancers } = await aws.reads('elbv2', 'DescribeLoadBalancers', { Names: ['shop'] });
    const [{ LoadBalancerArn }] = LoadBalancers;
    const { Listeners } = await aws.reads('elbv2', 'DescribeListeners', { LoadBalancerArn });
    const [{ ListenerArn }] = Listeners;
    const { TargetGroups } = await aws.reads('elbv2', 'DescribeTargetGroups', { Names: ['web'] });
    const [web] = TargetGroups;
    const { TargetGroups: made } = await aws.changes('elbv2', 'CreateTargetGroup', {
      Name: 'canary',
      Protocol: 'HTTP',
      Port: 8080,
      VpcId: web.VpcId,
      TargetType: 'ip',
      HealthCheckPath: '/health?a=1&b=<2>',
      Tags: [{ Key: 'deploy-actions:rolloutId', Value: 'r1' }],
    });
    const [{ TargetGroupArn }] = made;
    await aws.changes('elbv2', 'ModifyTargetGroup', { TargetGroupArn, HealthCheckIntervalSeconds: 7 });
    await aws.changes('elbv2', 'ModifyTargetGroupAttributes', {
      TargetGroupArn,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '45' }],
    });
    const { Attributes } = await aws.reads('elbv2', 'DescribeTargetGroupAttributes', { TargetGroupArn });
    expect(Attributes).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '45' });
    const { TargetGroups: groups } = await aws.reads('elbv2', 'DescribeTargetGroups', {
      TargetGroupArns: [TargetGroupArn],
    });
    expect(groups[0]).toMatchObject({
      HealthCheckPath: '/health?a=1&b=<2>',
      HealthCheckIntervalSeconds: 7,
    });

    const forward = (weight: number) => [
      {
        Type: 'forward',
        ForwardConfig: {
          TargetGroups: [
            { TargetGroupArn: web.TargetGroupArn, Weight: 100 - weight },
            { TargetGroupArn, Weight: weight },
          ],
          TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 600 },
        },
      },
    ];
    const { Rules: rules } = await aws.changes('elbv2', 'CreateRule', {
      ListenerArn,
      Priority: 5,
      Conditions: [
        { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Canary', Values: ['yes', 'a & b'] } },
      ],
      Actions: forward(5),
    });
    const [{ RuleArn }] = rules;
    await aws.changes('elbv2', 'ModifyRule', { RuleArn, Actions: forward(25) });
    await aws.changes('elbv2', 'SetRulePriorities', { RulePriorities: [{ RuleArn, Priority: 7 }] });
    await aws.changes('elbv2', 'ModifyListener', { ListenerArn, DefaultActions: forward(25) });
    const pages = await aws.readsPages('elbv2', 'DescribeRules', { ListenerArn, PageSize: 1 });
    const found = pages.flatMap(({ Rules }) => Rules);
    expect(found.map(({ Priority }) => Priority)).toEqual(['7', '10', 'default']);
    expect(pages).toHaveLength(3);
    expect(found[0]).toMatchObject({ Actions: forward(25), Conditions: [{ Field: 'http-header' }] });
    await aws.reads('elbv2', 'DescribeListeners', { ListenerArns: [ListenerArn] });

    const port = { LoadBalancerArn, Protocol: 'HTTP', Port: 8443, DefaultActions: forward(1) };
    const { Listeners: other } = await aws.changes('elbv2', 'CreateListener', port);
    await aws.reads('elbv2', 'DescribeListeners', { LoadBalancerArn });
    await aws.changes('elbv2', 'DeleteListener', { ListenerArn: other[0].ListenerArn });

    const targets = { TargetGroupArn, Targets: [{ Id: '10.0.9.9', Port: 8080 }] };
    await aws.changes('elbv2', 'RegisterTargets', targets);
    await aws.reads('elbv2', 'DescribeTargetHealth', { TargetGroupArn });
    clock.move(30_000);
    const { TargetHealthDescriptions: health } = await aws.reads('elbv2', 'DescribeTargetHealth', {
      TargetGroupArn: web.TargetGroupArn,
    });
    expect(health.length).toBeGreaterThan(3);
    await aws.changes('elbv2', 'DeregisterTargets', targets);

    await aws.changes('elbv2', 'AddTags', {
      ResourceArns: [TargetGroupArn, RuleArn],
      Tags: [{ Key: 'deploy-actions:phase', Value: 'a=1 + b@ü' }],
    });
    await aws.changes('elbv2', 'RemoveTags', { ResourceArns: [RuleArn], TagKeys: ['deploy-actions:phase'] });
    const { TagDescriptions } = await aws.reads('elbv2', 'DescribeTags', {
      ResourceArns: [TargetGroupArn, RuleArn],
    });
    expect(TagDescriptions).toEqual([
      {
        ResourceArn: TargetGroupArn,
        Tags: [
          { Key: 'deploy-actions:rolloutId', Value: 'r1' },
          { Key: 'deploy-actions:phase', Value: 'a=1 + b@ü' },
        ],
      },
      { ResourceArn: RuleArn, Tags: [] },
    ]);
    const { ResourceTagMappingList: tagged } = await aws.reads('resourcegroupstaggingapi', 'GetResources', {
      TagFilters: [{ Key: 'deploy-actions:rolloutId' }],
    });
    expect(tagged.map(({ ResourceARN }: { ResourceARN: string }) => ResourceARN)).toEqual([TargetGroupArn]);

    await aws.changes('elbv2', 'DeleteRule', { RuleArn });
    await aws.changes('elbv2', 'ModifyListener', {
      ListenerArn,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: web.TargetGroupArn }],
    });
    await aws.changes('elbv2', 'DeleteTargetGroup', { TargetGroupArn });
    await aws.reads('elbv2', 'DescribeRules', { ListenerArn });
  });

  it('metrics, on all pages, and alarms', async () => {
    const { Metrics } = await aws.reads('cloudwatch', 'ListMetrics', {
      Namespace: 'AWS/ApplicationELB',
      MetricName: 'TargetResponseTime',
    });
    const times = { StartTime: new Date(START - 50 * MINUTE), EndTime: new Date(START - 5 * MINUTE) };
    const stats = ['p95', 'Average', 'TC(0.1:)', 'SampleCount'];
    const queries = [
      ...stats.map((Stat, index) => ({
        Id: `m${index}`,
        MetricStat: { Metric: Metrics[0], Period: 60, Stat },
      })),
      { Id: 'share', Expression: '100 * m2 / m3', Label: 'slow < & >' },
    ];
    const input = { MetricDataQueries: queries, ScanBy: 'TimestampAscending', ...times };
    const { MetricDataResults } = await aws.reads('cloudwatch', 'GetMetricData', input);
    expect(MetricDataResults.map(({ Values }: { Values: number[] }) => Values.length)).toEqual([
      45, 45, 45, 45, 45,
    ]);
    const pages = await aws.readsPages('cloudwatch', 'GetMetricData', { ...input, MaxDatapoints: 40 });
    expect(pages.length).toBeGreaterThan(4);
    const whole = (Id: string): number[] =>
      pages.flatMap((page) =>
        page.MetricDataResults.filter((result: { Id: string }) => result.Id === Id).flatMap(
          ({ Values }: { Values: number[] }) => Values,
        ),
      );
    for (const { Id, Values } of MetricDataResults) expect(whole(Id)).toEqual(Values);
    const statistics = { ...times, Period: 300, Statistics: ['Sum', 'Maximum'], ExtendedStatistics: ['p99'] };
    const { Datapoints } = await aws.reads('cloudwatch', 'GetMetricStatistics', {
      ...statistics,
      Namespace: 'AWS/ApplicationELB',
      MetricName: 'TargetResponseTime',
      Dimensions: Metrics[0].Dimensions,
    });
    expect(Datapoints.length).toBeGreaterThan(5);

    const data = (MetricName: string, more: object) => ({ MetricName, Timestamp: new Date(START), ...more });
    await aws.changes('cloudwatch', 'PutMetricData', {
      Namespace: 'shop',
      MetricData: [
        data('Orders', { Value: 3, Unit: 'Count' }),
        data('Basket', { Values: [1, 2.5], Counts: [10, 20] }),
        data('Size', { StatisticValues: { SampleCount: 2, Sum: 7, Minimum: 3, Maximum: 4 } }),
      ],
    });
    clock.move(5 * MINUTE);
    const basket = { Namespace: 'shop', MetricName: 'Basket' };
    const { MetricDataResults: own } = await aws.reads('cloudwatch', 'GetMetricData', {
      MetricDataQueries: [{ Id: 'sum', MetricStat: { Metric: basket, Period: 60, Stat: 'Sum' } }],
      StartTime: new Date(START),
      EndTime: new Date(START + MINUTE),
    });
    expect(own[0].Values).toEqual([60]);

    await aws.changes('cloudwatch', 'PutMetricAlarm', {
      AlarmName: 'errors',
      Namespace: 'AWS/ApplicationELB',
      MetricName: 'HTTPCode_Target_5XX_Count',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 10,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    });
    clock.move(MINUTE);
    const { MetricAlarms } = await aws.reads('cloudwatch', 'DescribeAlarms', { AlarmNames: ['errors'] });
    expect(MetricAlarms).toMatchObject([{ AlarmName: 'errors', StateValue: 'OK' }]);
    await aws.changes('cloudwatch', 'PutMetricAlarm', {
      AlarmName: 'few < orders',
      Namespace: 'shop',
      MetricName: 'Orders',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      Threshold: 0.5,
      ComparisonOperator: 'LessThanThreshold',
      Tags: [{ Key: 'team', Value: 'shop' }],
    });
    await aws.changes('cloudwatch', 'SetAlarmState', {
      AlarmName: 'few < orders',
      StateValue: 'ALARM',
      StateReason: 'a test & "more"',
    });
    const { MetricAlarms: fewer } = await aws.reads('cloudwatch', 'DescribeAlarms', {
      AlarmNames: ['few < orders'],
    });
    expect(fewer).toMatchObject([{ StateValue: 'ALARM', StateReason: 'a test & "more"', Threshold: 0.5 }]);
    const ResourceARN = fewer[0].AlarmArn;
    await aws.changes('cloudwatch', 'TagResource', { ResourceARN, Tags: [{ Key: 'a', Value: 'b' }] });
    await aws.changes('cloudwatch', 'UntagResource', { ResourceARN, TagKeys: ['team'] });
    expect((await aws.reads('cloudwatch', 'ListTagsForResource', { ResourceARN })).Tags).toEqual([
      { Key: 'a', Value: 'b' },
    ]);
    await aws.changes('cloudwatch', 'DeleteAlarms', { AlarmNames: ['few < orders'] });
    await aws.readsPages('cloudwatch', 'DescribeAlarms', { MaxRecords: 1 });
    await aws.changes('cloudwatch', 'PutMetricAlarm', {
      AlarmName: 'prod/web/error-rate',
      EvaluationPeriods: 5,
      DatapointsToAlarm: 3,
      Threshold: 5,
      ComparisonOperator: 'GreaterThanThreshold',
      AlarmActions: [`arn:aws:sns:eu-west-1:${ACCOUNT}:deploys`],
      Metrics: [
        ...['HTTPCode_Target_5XX_Count', 'RequestCount'].map((MetricName, index) => ({
          Id: ['e', 'r'][index],
          MetricStat: {
            Metric: { Namespace: 'AWS/ApplicationELB', MetricName },
            Period: 60,
            Stat: 'Sum',
          },
          ReturnData: false,
        })),
        { Id: 'result', Expression: '100 * FILL(e, 0) / r', Label: 'a < b & c', ReturnData: true },
      ],
    });
    const { MetricAlarms: math } = await aws.reads('cloudwatch', 'DescribeAlarms', {
      AlarmNamePrefix: 'prod/web/',
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
    });
    expect(math[0].Metrics).toHaveLength(3);
  });

  it('dashboards: put, read, listed and deleted, with their tags', async () => {
    const DashboardName = 'prod_web';
    const DashboardBody = JSON.stringify({
      widgets: [
        { type: 'text', x: 0, y: 0, width: 24, height: 3, properties: { markdown: '# <web> & "ü"' } },
      ],
    });
    await aws.changes('cloudwatch', 'PutDashboard', {
      DashboardName,
      DashboardBody,
      Tags: [{ Key: 'team', Value: 'shop' }],
    });
    const { DashboardArn, DashboardBody: body } = await aws.reads('cloudwatch', 'GetDashboard', {
      DashboardName,
    });
    expect(body).toBe(DashboardBody);
    const { Tags } = await aws.reads('cloudwatch', 'ListTagsForResource', { ResourceARN: DashboardArn });
    expect(Tags).toEqual([{ Key: 'team', Value: 'shop' }]);
    const { DashboardEntries } = await aws.reads('cloudwatch', 'ListDashboards', {
      DashboardNamePrefix: 'prod_',
    });
    expect(DashboardEntries).toMatchObject([{ DashboardName, Size: DashboardBody.length + 1 }]);
    await aws.changes('cloudwatch', 'DeleteDashboards', { DashboardNames: [DashboardName] });
  });

  it('logs: groups, streams, events page by page, and live', async () => {
    const now = clock.now();
    await aws.changes('logs', 'CreateLogGroup', { logGroupName: '/jobs', tags: { team: 'shop' } });
    const stream = { logGroupName: LOGS, logStreamName: 'web/web/boto3' };
    await aws.changes('logs', 'CreateLogStream', stream);
    await aws.changes('logs', 'PutLogEvents', {
      ...stream,
      logEvents: Array.from({ length: 7 }, (_, n) => ({ timestamp: now + n, message: `line ${n} ü "<&>"` })),
    });
    clock.move(10_000);
    const { logGroups } = await aws.reads('logs', 'DescribeLogGroups', { logGroupNamePrefix: '/' });
    expect(logGroups.map(({ logGroupName }: { logGroupName: string }) => logGroupName)).toEqual([
      LOGS,
      '/jobs',
    ]);
    await aws.reads('logs', 'DescribeLogStreams', { logGroupName: LOGS });
    const first = await aws.reads('logs', 'GetLogEvents', { ...stream, startFromHead: true, limit: 5 });
    const rest = await aws.reads('logs', 'GetLogEvents', { ...stream, nextToken: first.nextForwardToken });
    expect([...first.events, ...rest.events].map(({ message }) => message)).toEqual(
      Array.from({ length: 7 }, (_, n) => `line ${n} ü "<&>"`),
    );
    const filter = { logGroupName: LOGS, logStreamNames: ['web/web/boto3'], filterPattern: '"line 3"' };
    expect(
      (await aws.readsPages('logs', 'FilterLogEvents', filter)).flatMap((page) => page.events),
    ).toHaveLength(1);

    const tail = aws.changes('logs', 'StartLiveTail', { logGroupIdentifiers: [LOGS_ARN] }, 3);
    const { responseStream } = await tail;
    expect(responseStream).toMatchObject([
      { sessionStart: { logGroupIdentifiers: [LOGS_ARN], logEventFilterPattern: '' } },
      { sessionUpdate: { sessionMetadata: { sampled: false } } },
      { sessionUpdate: {} },
    ]);
    await aws.changes('logs', 'DeleteLogGroup', { logGroupName: '/jobs' });
  });

  it('parameters, their versions, labels and tags', async () => {
    const Name = '/shop/lock';
    await aws.changes('ssm', 'PutParameter', { Name, Value: 'one', Type: 'String' });
    expect(
      (await aws.changes('ssm', 'PutParameter', { Name, Value: '{"a": "<&>"}', Overwrite: true })).Version,
    ).toBe(2);
    await aws.changes('ssm', 'LabelParameterVersion', { Name, ParameterVersion: 1, Labels: ['first'] });
    const tags = { ResourceType: 'Parameter', ResourceId: Name };
    await aws.changes('ssm', 'AddTagsToResource', { ...tags, Tags: [{ Key: 'team', Value: 'shop' }] });
    expect((await aws.reads('ssm', 'ListTagsForResource', tags)).TagList).toEqual([
      { Key: 'team', Value: 'shop' },
    ]);
    const { Parameter } = await aws.reads('ssm', 'GetParameter', {
      Name: '/shop/motd',
      WithDecryption: true,
    });
    expect(Parameter.Value).toBe('Grüße & <b>"Küsse"</b>');
    expect((await aws.reads('ssm', 'GetParameter', { Name: `${Name}:first` })).Parameter.Value).toBe('one');
    const some = { Names: [Name, '/shop/nothing'] };
    expect((await aws.reads('ssm', 'GetParameters', some)).InvalidParameters).toEqual(['/shop/nothing']);
    const history = await aws.readsPages('ssm', 'GetParameterHistory', { Name, MaxResults: 1 });
    expect(history.flatMap(({ Parameters }) => Parameters)).toMatchObject([
      { Version: 1, Labels: ['first'] },
      { Version: 2, Value: '{"a": "<&>"}' },
    ]);
    await aws.readsPages('ssm', 'GetParametersByPath', { Path: '/shop', Recursive: true });
    await aws.changes('ssm', 'DeleteParameter', { Name });
  });

  it('secrets, their values, versions, rotation and deletion', async () => {
    const SecretId = 'shop/db';
    await aws.reads('secretsmanager', 'DescribeSecret', { SecretId });
    await aws.reads('secretsmanager', 'GetSecretValue', { SecretId, VersionStage: 'AWSPREVIOUS' });
    const put = { SecretId, SecretString: '{"user":"<ü>"}', VersionStages: ['AWSPENDING'] };
    const { VersionId } = await aws.changes('secretsmanager', 'PutSecretValue', put);
    const { SecretString, VersionId: before } = await aws.reads('secretsmanager', 'GetSecretValue', {
      SecretId,
    });
    expect(JSON.parse(SecretString)).toEqual({ user: 'Grüße & <b>' });
    await aws.changes('secretsmanager', 'UpdateSecretVersionStage', {
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: VersionId,
      RemoveFromVersionId: before,
    });
    await aws.changes('secretsmanager', 'UpdateSecretVersionStage', {
      SecretId,
      VersionStage: 'AWSPENDING',
      RemoveFromVersionId: VersionId,
    });
    await aws.changes('secretsmanager', 'RotateSecret', { SecretId });
    clock.move(60_000);
    const many = { SecretIdList: [SecretId, 'shop/key', 'shop/none'] };
    const { SecretValues, Errors } = await aws.reads('secretsmanager', 'BatchGetSecretValue', many);
    expect(SecretValues).toMatchObject([{ Name: SecretId }, { Name: 'shop/key' }]);
    expect(Errors).toMatchObject([{ SecretId: 'shop/none', ErrorCode: 'ResourceNotFoundException' }]);
    await aws.changes('secretsmanager', 'DeleteSecret', { SecretId: 'shop/old', RecoveryWindowInDays: 7 });
    const { DeletedDate } = await aws.reads('secretsmanager', 'DescribeSecret', { SecretId: 'shop/old' });
    expect(DeletedDate).toBeDefined();
    await aws.changes('secretsmanager', 'RestoreSecret', { SecretId: 'shop/old' });
  });

  it('subnets and security groups, on all pages', async () => {
    const pages = await aws.readsPages('ec2', 'DescribeSubnets', { MaxResults: 5 });
    expect(pages.flatMap(({ Subnets }) => Subnets)).toHaveLength(2);
    const SubnetIds = ['subnet-0a1b2c3d4e5f60718'];
    expect((await aws.reads('ec2', 'DescribeSubnets', { SubnetIds })).Subnets).toMatchObject([
      { AvailabilityZone: 'eu-west-1a', AvailableIpAddressCount: 240 },
    ]);
    const { SecurityGroups } = await aws.reads('ec2', 'DescribeSecurityGroups', {
      Filters: [
        { Name: 'group-id', Values: ['sg-tasks', 'sg-none'] },
        { Name: 'vpc-id', Values: ['vpc-*'] },
      ],
    });
    expect(SecurityGroups).toMatchObject([
      {
        GroupId: 'sg-tasks',
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 8080,
            ToPort: 8081,
            UserIdGroupPairs: [{ GroupId: 'sg-lb' }],
            IpRanges: [{ CidrIp: '10.0.0.0/8' }],
            Ipv6Ranges: [{ CidrIpv6: 'fd00::/8' }],
          },
          { IpProtocol: '-1', PrefixListIds: [{ PrefixListId: 'pl-1' }] },
        ],
      },
    ]);
  });

  it('what a role may do, on all pages, and limits of the account', async () => {
    const PolicySourceArn = `arn:aws:iam::${ACCOUNT}:role/ecsTaskExecutionRole`;
    const input = {
      PolicySourceArn,
      ActionNames: ['secretsmanager:GetSecretValue', 's3:GetObject'],
      ResourceArns: [`arn:aws:s3:::shop/a b&c`, '*'],
      ContextEntries: [
        { ContextKeyName: 'aws:RequestedRegion', ContextKeyValues: ['eu-west-1'], ContextKeyType: 'string' },
      ],
      MaxItems: 1,
    };
    const { EvaluationResults, IsTruncated } = await aws.reads('iam', 'SimulatePrincipalPolicy', input);
    expect({ EvaluationResults, IsTruncated }).toMatchObject({
      EvaluationResults: [
        { EvalDecision: 'allowed', ResourceSpecificResults: [{ EvalResourceDecision: 'allowed' }] },
      ],
      IsTruncated: true,
    });
    const pages = await aws.readsPages('iam', 'SimulatePrincipalPolicy', { ...input, MaxItems: undefined });
    expect(pages.flatMap(({ EvaluationResults: results }) => results)).toMatchObject([
      { EvalDecision: 'allowed' },
      { EvalDecision: 'implicitDeny' },
    ]);
    const quota = { ServiceCode: 'fargate', QuotaCode: 'L-3032A538' };
    const { Quota } = await aws.reads('service-quotas', 'GetServiceQuota', quota);
    expect(Quota).toMatchObject({ Value: 100, UsageMetric: { MetricNamespace: 'AWS/Usage' } });
    expect((await aws.reads('service-quotas', 'GetAWSDefaultServiceQuota', quota)).Quota.Value).toBe(6);
    const { Limits, NextMarker } = await aws.reads('elbv2', 'DescribeAccountLimits', { PageSize: 3 });
    expect(Limits).toHaveLength(3);
    await aws.reads('elbv2', 'DescribeAccountLimits', { Marker: NextMarker });
  });

  it('who calls, in a role too', async () => {
    await aws.reads('sts', 'GetCallerIdentity', {});
    const { Credentials: given, AssumedRoleUser } = await aws.changes('sts', 'AssumeRole', {
      RoleArn: `arn:aws:iam::${ACCOUNT}:role/deploy`,
      RoleSessionName: 'boto3',
    });
    expect(given.Expiration).toEqual({ $date: clock.now() + 3_600_000 });
    expect(AssumedRoleUser.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/deploy/boto3`);
  });

  it('objects of buckets: written, copied, listed, deleted', async () => {
    const Bucket = 'site';
    const Key = 'a b/ü+<&>.html';
    const { ETag } = await aws.changes('s3', 'PutObject', {
      Bucket,
      Key,
      Body: new Uint8Array([0, 255, 10]),
      ContentType: 'text/html; charset=utf-8',
      CacheControl: 'public, max-age=31536000, immutable',
      ContentEncoding: 'gzip',
      Metadata: { version: '1.2.3', 'by-whom': 'ci' },
    });
    const read = await aws.reads('s3', 'GetObject', { Bucket, Key });
    expect(read).toMatchObject({ ETag, Body: { $bytes: 'AP8K' }, Metadata: { 'by-whom': 'ci' } });
    expect(await aws.reads('s3', 'HeadObject', { Bucket, Key })).toMatchObject({ ETag, ContentLength: 3 });
    await aws.changes('s3', 'PutObject', { Bucket, Key, Body: new Uint8Array(), IfMatch: ETag });
    for (const target of ['b/1', 'b/2', 'c/3']) {
      const { CopyObjectResult } = await aws.changes('s3', 'CopyObject', {
        Bucket,
        Key: target,
        CopySource: { Bucket, Key },
        MetadataDirective: 'REPLACE',
        ContentType: 'text/plain',
      });
      expect(CopyObjectResult.LastModified).toEqual({ $date: clock.now() });
    }
    const all = { Bucket, EncodingType: 'url' };
    const pages = await aws.readsPages('s3', 'ListObjectsV2', { ...all, MaxKeys: 2 });
    expect(
      pages.flatMap(({ Contents }) => Contents).map((each: Answer) => decodeURIComponent(each.Key)),
    ).toEqual([Key, 'b/1', 'b/2', 'c/3', 'kept/1']);
    const folders = await aws.reads('s3', 'ListObjectsV2', { ...all, Delimiter: '/', StartAfter: 'b' });
    expect(folders.CommonPrefixes).toEqual([{ Prefix: 'b/' }, { Prefix: 'c/' }, { Prefix: 'kept/' }]);
    const { Deleted, Errors } = await aws.changes('s3', 'DeleteObjects', {
      Bucket,
      Delete: { Objects: [{ Key }, { Key: 'kept/1' }, { Key: 'nothing' }] },
    });
    expect([Deleted, Errors]).toMatchObject([[{ Key }, { Key: 'nothing' }], [{ Code: 'AccessDenied' }]]);
  });

  it('distributions and invalidations', async () => {
    const Id = 'E1A2B3C4D5E6F7';
    const { Distribution } = await aws.reads('cloudfront', 'GetDistribution', { Id });
    expect(Distribution.DistributionConfig.Aliases).toEqual({ Quantity: 1, Items: ['www.example.com'] });
    await aws.reads('cloudfront', 'GetDistribution', { Id: 'EBARE' });
    const { Invalidation } = await aws.changes('cloudfront', 'CreateInvalidation', {
      DistributionId: Id,
      InvalidationBatch: { CallerReference: '<run>&1', Paths: { Quantity: 2, Items: ['/', '/a%20b/*'] } },
    });
    const of = { DistributionId: Id, Id: Invalidation.Id };
    expect(await aws.reads('cloudfront', 'GetInvalidation', of)).toMatchObject({
      Invalidation: { Status: 'InProgress', InvalidationBatch: { CallerReference: '<run>&1' } },
    });
    clock.move(2 * MINUTE);
    expect((await aws.reads('cloudfront', 'GetInvalidation', of)).Invalidation.Status).toBe('Completed');
  });

  it('repositories, images, layers of policy, and scans', async () => {
    const { authorizationData } = await aws.changes('ecr', 'GetAuthorizationToken', {});
    expect(Buffer.from(authorizationData[0].authorizationToken, 'base64').toString()).toMatch(/^AWS:/);
    const repositoryName = 'shop';
    const made = await aws.changes('ecr', 'CreateRepository', {
      repositoryName: 'new',
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
      tags: [{ Key: 'team', Value: 'shop' }],
    });
    const { repositories } = await aws.reads('ecr', 'DescribeRepositories', {});
    expect(repositories).toMatchObject([{ repositoryName: 'new' }, { repositoryName: 'shop' }]);
    const resourceArn = made.repository.repositoryArn;
    expect((await aws.reads('ecr', 'ListTagsForResource', { resourceArn })).tags).toHaveLength(1);
    const policy = JSON.stringify({
      rules: [
        {
          rulePriority: 1,
          selection: { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 5 },
          action: { type: 'expire' },
        },
      ],
    });
    await aws.changes('ecr', 'PutLifecyclePolicy', { repositoryName: 'new', lifecyclePolicyText: policy });
    await aws.reads('ecr', 'GetLifecyclePolicy', { repositoryName: 'new' });

    const pages = await aws.readsPages('ecr', 'DescribeImages', { repositoryName, maxResults: 1 });
    expect(pages.flatMap(({ imageDetails }) => imageDetails)).toHaveLength(2);
    const imageId = { imageTag: '1.2.3' };
    await aws.changes('ecr', 'StartImageScan', { repositoryName, imageId });
    await aws.reads('ecr', 'DescribeImageScanFindings', { repositoryName, imageId });
    clock.move(15_000);
    const { imageScanFindings: found } = await aws.reads('ecr', 'DescribeImageScanFindings', {
      repositoryName,
      imageId,
    });
    expect(found.findingSeverityCounts).toEqual({ HIGH: 1, LOW: 1 });
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] });
    await aws.changes('ecr', 'PutImage', { repositoryName, imageManifest, imageTag: 'index' });
    const { images, failures } = await aws.reads('ecr', 'BatchGetImage', {
      repositoryName,
      imageIds: [{ imageTag: 'index' }, { imageTag: 'none' }],
    });
    expect(images).toMatchObject([{ imageManifest, imageManifestMediaType: mediaType }]);
    expect(failures).toMatchObject([{ imageId: { imageTag: 'none' }, failureCode: 'ImageNotFound' }]);
  });

  it('databases, their snapshots, copies and events', async () => {
    await aws.reads('rds', 'DescribeDBInstances', {});
    await aws.reads('rds', 'DescribeDBClusters', {});
    const Tags = [{ Key: 'deploy-actions:run', Value: 'https://example.com/runs/1' }];
    const instance = { DBInstanceIdentifier: 'orders', DBSnapshotIdentifier: 'orders-new' };
    await aws.changes('rds', 'CreateDBSnapshot', { ...instance, Tags });
    const cluster = { DBClusterIdentifier: 'carts', DBClusterSnapshotIdentifier: 'carts-new' };
    await aws.changes('rds', 'CreateDBClusterSnapshot', { ...cluster, Tags });
    await aws.reads('rds', 'DescribeDBSnapshots', { DBSnapshotIdentifier: 'orders-new' });
    clock.move(10 * MINUTE);
    const { DBSnapshots } = await aws.reads('rds', 'DescribeDBSnapshots', { DBInstanceIdentifier: 'orders' });
    expect(DBSnapshots.map(({ Status }: { Status: string }) => Status)).toEqual(['available', 'available']);
    expect(DBSnapshots).toContainEqual(expect.objectContaining({ TagList: Tags }));
    await aws.reads('rds', 'DescribeDBClusterSnapshots', { DBClusterIdentifier: 'carts' });
    const copied = await aws.changes('rds', 'CopyDBSnapshot', {
      SourceDBSnapshotIdentifier: 'orders-new',
      TargetDBSnapshotIdentifier: 'orders-copy',
      CopyTags: true,
    });
    expect(copied.DBSnapshot.DBSnapshotIdentifier).toBe('orders-copy');
    await aws.changes('rds', 'CopyDBClusterSnapshot', {
      SourceDBClusterSnapshotIdentifier: 'carts-new',
      TargetDBClusterSnapshotIdentifier: 'carts-copy',
    });
    await aws.readsPages('rds', 'DescribeDBSnapshots', { MaxRecords: 20 });
    await aws.reads('rds', 'DescribeEvents', { SourceType: 'db-snapshot', Duration: 60 });
    clock.move(10 * MINUTE);
    await aws.changes('rds', 'DeleteDBSnapshot', { DBSnapshotIdentifier: 'orders-copy' });
    await aws.changes('rds', 'DeleteDBClusterSnapshot', { DBClusterSnapshotIdentifier: 'carts-copy' });
  });

  it('caches and their snapshots', async () => {
    await aws.reads('elasticache', 'DescribeReplicationGroups', {});
    const { CacheClusters } = await aws.reads('elasticache', 'DescribeCacheClusters', {
      ShowCacheNodeInfo: true,
    });
    expect(CacheClusters.length).toBeGreaterThan(1);
    await aws.reads('elasticache', 'DescribeServerlessCaches', {});
    const Tags = [{ Key: 'team', Value: 'shop + co' }];
    const { Snapshot } = await aws.changes('elasticache', 'CreateSnapshot', {
      ReplicationGroupId: 'sessions',
      SnapshotName: 'sessions-new',
      Tags,
    });
    await aws.changes('elasticache', 'CreateServerlessCacheSnapshot', {
      ServerlessCacheName: 'quick',
      ServerlessCacheSnapshotName: 'quick-new',
    });
    await aws.reads('elasticache', 'DescribeSnapshots', {});
    clock.move(10 * MINUTE);
    await aws.reads('elasticache', 'DescribeSnapshots', { SnapshotName: 'sessions-new' });
    await aws.reads('elasticache', 'DescribeServerlessCacheSnapshots', {});
    const resource = { ResourceName: Snapshot.ARN };
    expect((await aws.reads('elasticache', 'ListTagsForResource', resource)).TagList).toEqual(Tags);
    await aws.changes('elasticache', 'DeleteSnapshot', { SnapshotName: 'sessions-new' });
    await aws.changes('elasticache', 'DeleteServerlessCacheSnapshot', {
      ServerlessCacheSnapshotName: 'quick-new',
    });
  });

  it('auto scaling and stacks', async () => {
    const target = {
      ServiceNamespace: 'ecs',
      ResourceId: 'service/prod/web',
      ScalableDimension: 'ecs:service:DesiredCount',
    };
    const { ServiceNamespace } = target;
    await aws.changes('application-autoscaling', 'RegisterScalableTarget', {
      ...target,
      SuspendedState: { DynamicScalingInSuspended: true },
    });
    const { ScalableTargets } = await aws.reads('application-autoscaling', 'DescribeScalableTargets', {
      ServiceNamespace,
    });
    expect(ScalableTargets).toMatchObject([
      { MinCapacity: 2, MaxCapacity: 10, SuspendedState: { DynamicScalingInSuspended: true } },
    ]);
    await aws.changes('application-autoscaling', 'PutScalingPolicy', {
      ...target,
      PolicyName: 'second',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 62.5,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    });
    const { ScalingPolicies } = await aws.reads('application-autoscaling', 'DescribeScalingPolicies', {
      ServiceNamespace,
    });
    expect(ScalingPolicies.length).toBe(2);
    await aws.changes('application-autoscaling', 'DeleteScalingPolicy', { ...target, PolicyName: 'second' });
    await aws.reads('application-autoscaling', 'DescribeScalingActivities', { ServiceNamespace });
    await aws.changes('application-autoscaling', 'PutScheduledAction', {
      ...target,
      ScheduledActionName: 'morning',
      Schedule: 'cron(0 8 ? * MON-FRI *)',
      Timezone: 'Europe/Berlin',
      ScalableTargetAction: { MinCapacity: 4, MaxCapacity: 12 },
    });
    const { ScheduledActions } = await aws.reads('application-autoscaling', 'DescribeScheduledActions', {
      ServiceNamespace,
      ResourceId: target.ResourceId,
    });
    expect(ScheduledActions).toMatchObject([
      { Timezone: 'Europe/Berlin', ScalableTargetAction: { MinCapacity: 4, MaxCapacity: 12 } },
    ]);
    await aws.changes('application-autoscaling', 'DeleteScheduledAction', {
      ...target,
      ScheduledActionName: 'morning',
    });
    await aws.changes('application-autoscaling', 'DeregisterScalableTarget', target);

    const { Stacks } = await aws.reads('cloudformation', 'DescribeStacks', { StackName: 'shop' });
    expect(Stacks[0].Outputs).toEqual([
      { OutputKey: 'ClusterName', OutputValue: 'prod' },
      { OutputKey: 'Url', OutputValue: 'https://shop.example.com/?a=1&b=<2>' },
    ]);
  });
});

describe('boto3 writes what the simulator reads of', () => {
  it('messages of topics', async () => {
    const TopicArn = `arn:aws:sns:eu-west-1:${ACCOUNT}:deploys`;
    const { MessageId, SequenceNumber } = await aws.changes('sns', 'Publish', {
      TopicArn,
      Subject: 'A deploy',
      Message: JSON.stringify({ default: 'Grüße & <b>"Küsse"</b>', sqs: '{"a":1}' }),
      MessageStructure: 'json',
      MessageAttributes: { status: { DataType: 'String', StringValue: 'success' } },
    });
    expect(SequenceNumber).toBeUndefined();
    expect(simulator.world.topics.messages('deploys')).toMatchObject([
      {
        id: MessageId,
        subject: 'A deploy',
        text: 'Grüße & <b>"Küsse"</b>',
        texts: { sqs: '{"a":1}' },
        attributes: { status: 'success' },
      },
    ]);
    const ordered = { TopicArn: `${TopicArn}.fifo`, Message: 'x', MessageGroupId: 'web' };
    const first = await aws.changes('sns', 'Publish', { ...ordered, MessageDeduplicationId: '1' });
    const again = await aws.changes('sns', 'Publish', { ...ordered, MessageDeduplicationId: '1' });
    expect(again).toEqual(first);
    expect(first.SequenceNumber).toMatch(/^\d{20}$/);
  });
});

describe('boto3 takes as the error that it is', () => {
  const GROUP = `arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT}:targetgroup/none/0123456789abcdef`;
  const SERVICE = { cluster: 'prod', service: 'nothing' };

  it.each([
    ['ecs', 'UpdateService', SERVICE, 'ServiceNotFoundException', 400],
    ['ecs', 'ListServices', { cluster: 'nowhere' }, 'ClusterNotFoundException', 400],
    ['ecs', 'DescribeTaskDefinition', { taskDefinition: 'none:1' }, 'ClientException', 400],
    ['elbv2', 'DescribeTargetHealth', { TargetGroupArn: GROUP }, 'TargetGroupNotFoundException', 400],
    ['elbv2', 'DescribeLoadBalancers', { Names: ['none'] }, 'LoadBalancerNotFoundException', 400],
    [
      'cloudwatch',
      'SetAlarmState',
      { AlarmName: 'none', StateValue: 'OK', StateReason: 'x' },
      'ResourceNotFound',
      404,
    ],
    // Two errors of CloudWatch have this code in the query protocol, by which both clients go.
    ['cloudwatch', 'GetDashboard', { DashboardName: 'none' }, 'ResourceNotFound', 404],
    [
      'cloudwatch',
      'PutDashboard',
      { DashboardName: 'wrong', DashboardBody: '{"widgets":[{"type":"metric","properties":{}}]}' },
      'DashboardInvalidInputError',
      400,
    ],
    ['logs', 'GetLogEvents', { logGroupName: '/none', logStreamName: 'a' }, 'ResourceNotFoundException', 400],
    ['ssm', 'GetParameter', { Name: '/none' }, 'ParameterNotFound', 400],
    [
      'ssm',
      'PutParameter',
      { Name: '/shop/motd', Value: 'x', Type: 'String' },
      'ParameterAlreadyExists',
      400,
    ],
    [
      'sts',
      'AssumeRole',
      { RoleArn: `arn:aws:iam::${ACCOUNT}:role/other`, RoleSessionName: 'xx' },
      'ClientError',
      403,
    ],
    [
      'sns',
      'Publish',
      { TopicArn: `arn:aws:sns:eu-west-1:${ACCOUNT}:none`, Message: 'x' },
      'NotFoundException',
      404,
    ],
    [
      'sns',
      'Publish',
      { TopicArn: `arn:aws:sns:eu-west-1:${ACCOUNT}:deploys`, Message: 'x', Subject: 'ü' },
      'InvalidParameterException',
      400,
    ],
    ['ecr', 'DescribeImages', { repositoryName: 'none' }, 'RepositoryNotFoundException', 400],
    ['ecr', 'CreateRepository', { repositoryName: 'shop' }, 'RepositoryAlreadyExistsException', 400],
    ['rds', 'DescribeDBInstances', { DBInstanceIdentifier: 'none' }, 'DBInstanceNotFoundFault', 404],
    ['rds', 'DescribeDBSnapshots', { DBSnapshotIdentifier: 'none' }, 'DBSnapshotNotFoundFault', 404],
    [
      'elasticache',
      'DescribeReplicationGroups',
      { ReplicationGroupId: 'none' },
      'ReplicationGroupNotFoundFault',
      404,
    ],
    ['cloudformation', 'DescribeStacks', { StackName: 'none' }, 'ClientError', 400],
    ['s3', 'GetObject', { Bucket: 'site', Key: 'none' }, 'NoSuchKey', 404],
    ['s3', 'ListObjectsV2', { Bucket: 'none' }, 'NoSuchBucket', 404],
    ['s3', 'PutObject', { Bucket: 'site', Key: 'kept/1', IfNoneMatch: '*' }, 'ClientError', 412],
    ['s3', 'DeleteObjects', { Bucket: 'site', Delete: { Objects: [] } }, 'ClientError', 400],
    ['cloudfront', 'GetDistribution', { Id: 'ENONE' }, 'NoSuchDistribution', 404],
    ['cloudfront', 'GetInvalidation', { DistributionId: 'EBARE', Id: 'I1' }, 'NoSuchInvalidation', 404],
    [
      'cloudfront',
      'CreateInvalidation',
      {
        DistributionId: 'EBARE',
        InvalidationBatch: { CallerReference: 'r', Paths: { Quantity: 2, Items: ['/'] } },
      },
      'InconsistentQuantities',
      400,
    ],
    ['secretsmanager', 'GetSecretValue', { SecretId: 'none' }, 'ResourceNotFoundException', 400],
    ['secretsmanager', 'RotateSecret', { SecretId: 'shop/key' }, 'InvalidRequestException', 400],
    ['ec2', 'DescribeSubnets', { SubnetIds: ['subnet-1', 'subnet-2'] }, 'ClientError', 400],
    ['ec2', 'DescribeSecurityGroups', { GroupIds: ['sg-1'] }, 'ClientError', 400],
    [
      'iam',
      'SimulatePrincipalPolicy',
      { PolicySourceArn: `arn:aws:iam::${ACCOUNT}:role/none`, ActionNames: ['s3:GetObject'] },
      'NoSuchEntityException',
      404,
    ],
    [
      'iam',
      'SimulatePrincipalPolicy',
      { PolicySourceArn: `arn:aws:iam::${ACCOUNT}:role/ecsTaskExecutionRole`, ActionNames: ['nothing'] },
      'InvalidInputException',
      400,
    ],
    [
      'service-quotas',
      'GetServiceQuota',
      { ServiceCode: 'fargate', QuotaCode: 'L-0' },
      'NoSuchResourceException',
      400,
    ],
  ] as const)('%s %s', async (service, operation, input, exception, status) => {
    expect(await aws.refused(service, operation, input)).toMatchObject({ exception, status });
  });

  it('throttling, a failure of AWS and what is not allowed, in every service', async () => {
    const READS = {
      ecs: ['ListClusters', {}],
      elbv2: ['DescribeLoadBalancers', {}],
      cloudwatch: ['DescribeAlarms', {}],
      logs: ['DescribeLogGroups', {}],
      ssm: ['GetParameter', { Name: '/shop/motd' }],
      sns: ['Publish', { TopicArn: `arn:aws:sns:eu-west-1:${ACCOUNT}:deploys`, Message: 'x' }],
      s3: ['ListObjectsV2', { Bucket: 'site' }],
      cloudfront: ['GetDistribution', { Id: 'EBARE' }],
      sts: ['GetCallerIdentity', {}],
      ecr: ['DescribeRepositories', {}],
      rds: ['DescribeDBInstances', {}],
      elasticache: ['DescribeCacheClusters', {}],
      cloudformation: ['DescribeStacks', {}],
      'application-autoscaling': ['DescribeScalableTargets', { ServiceNamespace: 'ecs' }],
      resourcegroupstaggingapi: ['GetResources', {}],
      secretsmanager: ['DescribeSecret', { SecretId: 'shop/db' }],
      'service-quotas': ['GetServiceQuota', { ServiceCode: 'fargate', QuotaCode: 'L-3032A538' }],
      iam: [
        'SimulatePrincipalPolicy',
        { PolicySourceArn: `arn:aws:iam::${ACCOUNT}:role/none`, ActionNames: ['s3:GetObject'] },
      ],
      ec2: ['DescribeSubnets', {}],
    } as const;
    for (const [name, [operation, input]] of Object.entries(READS)) {
      const service = name as keyof typeof READS;
      for (const [kind, code, status] of [
        ['throttle', /Throttl|SlowDown|RequestLimitExceeded|TooManyRequests/, /400|503/],
        ['internal-error', /Internal|Server|Unavailable|Service(Exception|Failure)/, 500],
        ['access-denied', /AccessDenied|AuthorizationError|UnauthorizedOperation/, /40[03]/],
      ] as const) {
        simulator.faults.add({ kind, service: SERVICES[service].id, operation, nth: 1, times: 2 });
        const refusal = await aws.refused(service, operation, input);
        simulator.faults.clear();
        expect(refusal.code).toMatch(code);
        expect(String(refusal.status)).toMatch(
          new RegExp(status instanceof RegExp ? status : String(status)),
        );
      }
    }
  });
});

it('boto3 has asked for every operation that the simulator serves', () => {
  const served = Object.entries({
    STS: stsOperations(new Credentials(), undefined),
    CloudWatch: simulator.cloudwatch.operations,
    ...simulator.world.services,
  }).flatMap(([id, operations]) => Object.keys(operations).map((operation) => `${id} ${operation}`));
  expect(served.filter((each) => !aws.answered.has(each))).toEqual([]);
});
