import * as autoscaling from '@aws-sdk/client-application-auto-scaling';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as ec2 from '@aws-sdk/client-ec2';
import * as ecs from '@aws-sdk/client-ecs';
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import * as iam from '@aws-sdk/client-iam';
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
import * as sts from '@aws-sdk/client-sts';
import { SmithyRpcV2CborProtocol } from '@smithy/core/cbor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operations } from '../../src/simulator/operation.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import type { ServiceModel } from '../../src/simulator/wire/service.ts';
import { lateModel, serviceModels } from '../../src/simulator/wire/services.ts';
import { clientOf } from './client-of.ts';
import { movedClock } from './moved-clock.ts';
import { bare, randomValue } from './random-value.ts';

let simulator: Simulator;
let seen: unknown;
let next: object;

/** Every operation of every service notes what it was given and answers `next`. */
function echoes(models: readonly ServiceModel[]): Record<string, Operations> {
  const echo = (input: object) => {
    seen = input;
    return next;
  };
  return Object.fromEntries(
    models.map(({ id, operations }) => [
      id,
      Object.fromEntries([...operations.keys()].map((operation) => [operation, echo])),
    ]),
  );
}

const models: ServiceModel[] = [...serviceModels];

beforeAll(async () => {
  for (const service of ['ec2', 'iam']) {
    const model = await lateModel(`AWS4-HMAC-SHA256 Credential=a/20261122/eu-west-1/${service}/aws4_request`);
    if (model) models.push(model);
  }
  const world = () => ({ advance: () => undefined, services: echoes(models) });
  simulator = await startSimulator({ clock: movedClock(), seed: 1, world });
});
afterAll(() => simulator.close());

const config = () => clientOf(simulator);

interface Client {
  send(command: object): Promise<object>;
}
type CommandClass = new (input: unknown) => object;

/** Of services with hundreds of operations, every so many of them. */
const clients: Readonly<Record<string, { sdk: object; client: () => unknown; every?: number }>> = {
  ECS: { sdk: ecs, client: () => new ecs.ECSClient(config()) },
  'Elastic Load Balancing v2': {
    sdk: elbv2,
    client: () => new elbv2.ElasticLoadBalancingV2Client(config()),
  },
  CloudWatch: { sdk: cloudwatch, client: () => new cloudwatch.CloudWatchClient(config()) },
  'CloudWatch over CBOR': {
    sdk: cloudwatch,
    client: () => new cloudwatch.CloudWatchClient({ ...config(), protocol: SmithyRpcV2CborProtocol }),
  },
  'CloudWatch Logs': {
    sdk: logs,
    client: () => new logs.CloudWatchLogsClient({ ...config(), disableHostPrefix: true }),
  },
  STS: { sdk: sts, client: () => new sts.STSClient(config()) },
  'Resource Groups Tagging API': {
    sdk: tagging,
    client: () => new tagging.ResourceGroupsTaggingAPIClient(config()),
  },
  EC2: { sdk: ec2, client: () => new ec2.EC2Client(config()), every: 25 },
  IAM: { sdk: iam, client: () => new iam.IAMClient(config()), every: 8 },
  'Application Auto Scaling': {
    sdk: autoscaling,
    client: () => new autoscaling.ApplicationAutoScalingClient(config()),
  },
};

describe.each(Object.entries(clients))('%s', (name, { sdk, client, every = 1 }) => {
  it('carries random inputs and answers of every operation unchanged', async () => {
    const sender = client() as Client;
    const model = models.find(({ id }) => id === name.replace(' over CBOR', ''));
    const commands = new Map<string, unknown>(Object.entries(sdk));
    const random = seededRandom(7);
    expect(model?.operations.size).toBeGreaterThan(5);
    for (const [index, operation] of [...(model?.operations.values() ?? [])].entries()) {
      if (index % every !== 0) continue;
      // An event stream is no value: see live-tail.test.ts.
      if (operation.output.getEventStreamMember() !== '') continue;
      const input = randomValue(operation.input, random) as object;
      next = randomValue(operation.output, random) as object;
      const Command = commands.get(`${operation.name}Command`) as CommandClass;
      const answer = await sender.send(new Command(structuredClone(input)));
      expect({ [operation.name]: bare(seen) }).toEqual({ [operation.name]: bare(input) });
      expect({ [operation.name]: bare(answer) }).toEqual({ [operation.name]: bare(next) });
    }
    expect(simulator.bugs).toEqual([]);
  });
});
