import * as cloudfront from '@aws-sdk/client-cloudfront';
import * as s3 from '@aws-sdk/client-s3';
import type { NormalizedSchema } from '@smithy/core/schema';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Operations } from '../../src/simulator/operation.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { modelOf } from '../../src/simulator/wire/services.ts';
import { clientOf } from './client-of.ts';
import { movedClock } from './moved-clock.ts';
import { bare, randomValue } from './random-value.ts';

const SERVICES = {
  S3: { sdk: s3, make: s3.S3Client },
  CloudFront: { sdk: cloudfront, make: cloudfront.CloudFrontClient },
} as const;

let simulator: Simulator;
let seen: unknown;
let next: object;

beforeAll(async () => {
  const services: Record<string, Operations> = {};
  for (const id of Object.keys(SERVICES)) {
    const model = await modelOf(id);
    const echo = (input: object) => {
      seen = input;
      return next;
    };
    services[id] = Object.fromEntries([...(model?.operations.keys() ?? [])].map((name) => [name, echo]));
  }
  simulator = await startSimulator({
    clock: movedClock(),
    seed: 1,
    world: () => ({ advance: () => undefined, services }),
  });
});
afterAll(() => simulator.close());

/**
 * Those that speak in streams, in attributes of XML, at hosts of their own or of directory buckets, and the one to which
 * the client adds its region.
 */
const UNUSUAL = new Set([
  'CreateBucket',
  'GetObject',
  'GetObjectAnnotation',
  'GetObjectTorrent',
  'ListDirectoryBuckets',
  'PutBucketAcl',
  'PutBucketLogging',
  'PutObjectAcl',
  'SelectObjectContent',
  'WriteGetObjectResponse',
]);
/** Members that the client works out, or turns into others. */
const OWN = /^Checksum|^ContentMD5$|^ContentLength$|^ContentType$|SSECustomerKey|^Expires/;

interface Client {
  send(command: object): Promise<object>;
}
type CommandClass = new (input: unknown) => object;

/** What goes into the path, the query and headers has to be plain; the rest is as it comes. */
function bound(schema: NormalizedSchema, random: () => number): Record<string, unknown> {
  const value = randomValue(schema, random) as Record<string, unknown>;
  for (const [name, member] of schema.structIterator()) {
    if (OWN.test(name)) delete value[name];
    // A body that is not there is an empty one.
    if (member.isBlobSchema() && member.getMergedTraits().httpPayload)
      value[name] = new Uint8Array([1, 2, 3]);
    if (value[name] === undefined) continue;
    const { httpLabel, httpQuery, httpHeader, httpPrefixHeaders } = member.getMergedTraits();
    const isBound = httpLabel || httpQuery !== undefined || httpHeader !== undefined;
    if (isBound && member.isStringSchema())
      value[name] = name === 'Bucket' || name === 'RequestRoute' ? 'a-bucket' : `${name} / 1`;
    if (httpPrefixHeaders !== undefined) value[name] = { key: 'a text' };
    if (isBound && member.isListSchema()) value[name] = ['one', 'two'];
  }
  return value;
}

const without = (value: unknown): unknown =>
  Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => !OWN.test(name)));

it.each(['S3', 'CloudFront'] as const)('carries random inputs and answers of %s unchanged', async (id) => {
  const { sdk, make: Made } = SERVICES[id];
  const sender = new Made(clientOf(simulator)) as Client;
  const commands = new Map<string, unknown>(Object.entries(sdk));
  const random = seededRandom(7);
  const wrong: unknown[] = [];
  let carried = 0;
  for (const operation of (await modelOf(id))?.operations.values() ?? []) {
    if (UNUSUAL.has(operation.name)) continue;
    const input = bound(operation.input, random);
    next = bound(operation.output, random);
    const Command = commands.get(`${operation.name}Command`) as CommandClass;
    try {
      const answer = await sender.send(new Command(structuredClone(input)));
      expect(bare(without(seen))).toEqual(bare(input));
      expect(bare(answer)).toEqual(bare(next));
      carried += 1;
    } catch (error) {
      wrong.push(`${operation.name}: ${error}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(carried).toBeGreaterThan(60);
});
