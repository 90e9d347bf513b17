import {
  CloudWatchClient,
  GetMetricDataCommand,
  ResourceNotFound,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  ClusterNotFoundException,
  DescribeServicesCommand,
  type DescribeServicesCommandInput,
  ECSClient,
  ListClustersCommand,
} from '@aws-sdk/client-ecs';
import {
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  RuleNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { SmithyRpcV2CborProtocol } from '@smithy/core/cbor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError, type Operations } from '../../src/simulator/operation.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { clientOf } from './client-of.ts';
import { failureOf } from './failure-of.ts';
import { movedClock, START } from './moved-clock.ts';

let simulator: Simulator;
let seen: unknown;
let config: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  maxAttempts: number;
};

const services: Record<string, Operations> = {
  ECS: {
    DescribeServices(input: DescribeServicesCommandInput) {
      seen = input;
      if (input.cluster === 'nope') throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
      if (input.cluster === 'bug') return { services: [{ runningcount: 1, createdAt: '2020' }] };
      return {
        services: (input.services ?? []).map((serviceName) => ({
          serviceName,
          createdAt: new Date(1.7e12 + 123),
        })),
        failures: [],
      };
    },
  },
  'Elastic Load Balancing v2': {
    DescribeRules() {
      throw new AwsError('RuleNotFoundException', 'One or more rules <not> found');
    },
    ModifyRule(input: object) {
      seen = input;
      return { Rules: [] };
    },
  },
};

beforeAll(async () => {
  simulator = await startSimulator({
    clock: movedClock(),
    seed: 1,
    world: () => ({ advance: () => undefined, services }),
  });
  config = clientOf(simulator);
});
afterAll(() => simulator.close());

const ecs = () => new ECSClient(config);
const elbv2 = () => new ElasticLoadBalancingV2Client(config);

describe('the wire', () => {
  it('carries an answer through the JSON protocol', async () => {
    const answer = await ecs().send(new DescribeServicesCommand({ cluster: 'c', services: ['a', 'b'] }));
    expect(answer.services).toEqual([
      { serviceName: 'a', createdAt: new Date(1.7e12 + 123) },
      { serviceName: 'b', createdAt: new Date(1.7e12 + 123) },
    ]);
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('gives the client the modelled error with its status', async () => {
    const error = await failureOf(
      ecs().send(new DescribeServicesCommand({ cluster: 'nope', services: ['a'] })),
    );
    expect(error).toBeInstanceOf(ClusterNotFoundException);
    expect(error).toMatchObject({
      message: 'Cluster not found.',
      $fault: 'client',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('names a missing, an unknown and a mistyped member', async () => {
    // Clients drop or convert what does not fit; other callers do not.
    const send = async (input: object) => {
      const response = await fetch(simulator.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'AmazonEC2ContainerServiceV20141113.DescribeServices',
        },
        body: JSON.stringify(input),
      });
      return { status: response.status, body: await response.json() };
    };
    const refusal = (message: string) => ({
      status: 400,
      body: { __type: 'ValidationException', message },
    });
    expect(await send({ cluster: 'c' })).toEqual(
      refusal('1 validation error detected: services: required member of DescribeServicesRequest is missing'),
    );
    expect(await send({ services: ['a'], inclued: ['TAGS'] })).toEqual(
      refusal('1 validation error detected: inclued: no such member of DescribeServicesRequest'),
    );
    expect(await send({ cluster: 7, services: ['a', true] })).toEqual(
      refusal(
        '2 validation errors detected: services[1]: string expected, got boolean; cluster: string expected, got number',
      ),
    );
  });

  it('answers its own wrong shape with a 500 that names the member', async () => {
    const error = await failureOf(
      ecs().send(new DescribeServicesCommand({ cluster: 'bug', services: ['a'] })),
    );
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(error.message).toContain('services[0].createdAt: timestamp expected, got string');
    expect(error.message).toContain('services[0].runningcount: no such member of Service');
    expect(simulator.bugs.join()).toContain('services[0].runningcount');
  });

  it('says which operation it lacks', async () => {
    expect(await failureOf(ecs().send(new ListClustersCommand({})))).toMatchObject({
      name: 'NotImplemented',
      message: 'ECS ListClusters is not simulated',
    });
  });

  it('reads a nested query form', async () => {
    const input = {
      RuleArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/a/b/c/d',
      Conditions: [],
      Actions: [
        {
          Type: 'forward' as const,
          Order: 1,
          ForwardConfig: {
            TargetGroups: [
              { TargetGroupArn: 'a&b=c', Weight: 0 },
              { TargetGroupArn: 'b', Weight: 100 },
            ],
            TargetGroupStickinessConfig: { Enabled: false },
          },
        },
      ],
    };
    await elbv2().send(new ModifyRuleCommand(input));
    expect(seen).toEqual(input);
  });

  it('gives the query protocol its errors', async () => {
    const rule = await failureOf(elbv2().send(new DescribeRulesCommand({ RuleArns: ['x'] })));
    expect(rule).toBeInstanceOf(RuleNotFoundException);
    expect(rule.message).toBe('One or more rules <not> found');
    const missing = await failureOf(elbv2().send(new ModifyRuleCommand({} as never)));
    expect(missing).toMatchObject({ name: 'ValidationError', $metadata: { httpStatusCode: 400 } });
    expect(missing.message).toContain('RuleArn: required member of ModifyRuleInput is missing');
  });

  it('speaks JSON with query-compatible errors for CloudWatch', async () => {
    const client = new CloudWatchClient(config);
    const state = { AlarmName: 'a', StateValue: 'OK' as const, StateReason: 'r' };
    const error = await failureOf(client.send(new SetAlarmStateCommand(state)));
    expect(error).toBeInstanceOf(ResourceNotFound);
    expect(error).toMatchObject({ Code: 'ResourceNotFound', $metadata: { httpStatusCode: 404 } });
    const window = { StartTime: new Date(2), EndTime: new Date(1) };
    expect(
      await failureOf(client.send(new GetMetricDataCommand({ ...window, MetricDataQueries: [] }))),
    ).toMatchObject({
      name: 'ValidationException',
    });
  });

  it('speaks CBOR with those who prefer it', async () => {
    const client = new CloudWatchClient({ ...config, protocol: SmithyRpcV2CborProtocol });
    const window = { StartTime: new Date(START - 60_000), EndTime: new Date(START) };
    const answer = await client.send(
      new GetMetricDataCommand({
        ...window,
        MetricDataQueries: [{ Id: 'one', Expression: 'TIME_SERIES(1.5)' }],
      }),
    );
    expect(answer.MetricDataResults).toMatchObject([
      { Id: 'one', Values: [1.5], Timestamps: [new Date(START - 60_000)] },
    ]);
    const state = { AlarmName: 'a', StateValue: 'OK' as const, StateReason: 'r' };
    expect(await failureOf(client.send(new SetAlarmStateCommand(state)))).toBeInstanceOf(ResourceNotFound);
  });

  it('knows the caller', async () => {
    expect(await new STSClient(config).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: '123456789012',
      Arn: 'arn:aws:sts::123456789012:assumed-role/deploy/GitHubActions',
    });
  });

  it('records every call', async () => {
    const call = simulator.calls[0];
    expect(call).toMatchObject({
      n: 1,
      service: 'ECS',
      operation: 'DescribeServices',
      input: { cluster: 'c', services: ['a', 'b'] },
      outcome: 'ok',
    });
    expect(simulator.calls.map((c) => c.outcome)).toContain('ClusterNotFoundException');
  });
});
