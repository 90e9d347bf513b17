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
import type { NormalizedSchema } from '@smithy/core/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operations } from '../../src/simulator/operation.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import type { ServiceModel } from '../../src/simulator/wire/service.ts';
import { lateModel, serviceModels } from '../../src/simulator/wire/services.ts';
import { movedClock } from './moved-clock.ts';

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

const config = () => ({
  endpoint: simulator.url,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  maxAttempts: 1,
});

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

/** A value that fits the schema; recursive shapes end by leaving out what is optional. */
function randomValue(schema: NormalizedSchema, random: () => number, depth = 0): unknown {
  if (schema.isUnitSchema()) return {};
  if (schema.isStructSchema()) return randomStructure(schema, random, depth);
  if (schema.isListSchema()) {
    const item = () => randomValue(schema.getValueSchema(), random, depth + 1);
    return [item(), item()];
  }
  if (schema.isMapSchema()) {
    const item = () => randomValue(schema.getValueSchema(), random, depth + 1);
    return { k1: item(), 'k/2': item() };
  }
  if (schema.isTimestampSchema()) return new Date(1.7e12 + Math.floor(random() * 1e6) * 1000);
  if (schema.isBooleanSchema()) return random() < 0.5;
  if (schema.isNumericSchema()) return Math.floor(random() * 1000);
  if (schema.isBlobSchema()) return new Uint8Array([1, 2, 3]);
  if (schema.isDocumentSchema()) return { a: 1 };
  return ['x&y=<z>', 'é/ü "quoted"', 'line\nbreak', 'plain'][Math.floor(random() * 4)];
}

function randomStructure(schema: NormalizedSchema, random: () => number, depth: number): object {
  const members = [...schema.structIterator()];
  const shape = schema.getSchema();
  const required = Array.isArray(shape) && typeof shape[6] === 'number' ? shape[6] : 0;
  const only = schema.isUnionSchema() ? Math.floor(random() * members.length) : undefined;
  // A form cannot show an empty structure, so each has some member that is not one.
  const least = members.findIndex(([, member]) => !member.isStructSchema());
  return Object.fromEntries(
    members
      .filter((_, i) => {
        if (only !== undefined) return i === only;
        return i < required || i === least || (depth < 5 && random() < 0.6);
      })
      .map(([name, member]) => [name, randomValue(member, random, depth + 1)]),
  );
}

/** Without what clients add (metadata, tokens) and without empty structures, which XML and forms cannot show. */
function bare(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(bare).filter((item) => !isEmpty(item));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !/^(\$metadata|clientToken|clientRequestToken)$/i.test(name))
      .map(([name, item]) => [name, bare(item)])
      .filter(([, item]) => !isEmpty(item))
      .filter(([, item]) => item !== undefined),
  );
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Date) && Object.keys(value).length === 0;
