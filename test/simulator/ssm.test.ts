import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld } from '../../src/simulator/world/world.ts';
import { clientOf } from './client-of.ts';
import { refusalOf } from './failure-of.ts';
import { type MovedClock, movedClock, START } from './moved-clock.ts';
import { PROMPT } from './world-under-test.ts';

let aws: Simulator;
let clock: MovedClock;
let ssm: SSMClient;

async function start(
  lagMs = 0,
  parameters: Record<string, string> = {},
  time: Clock = movedClock(),
): Promise<void> {
  clock = time as MovedClock;
  const consistencyLag = { min: lagMs, max: lagMs };
  const override = { ...PROMPT, consistencyLag, parameters, traffic: [] };
  aws = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, webShop({ override })),
  });
  ssm = new SSMClient(clientOf(aws));
}

afterEach(async () => {
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

const put = (Value: string, more: Partial<PutParameterCommandInput> = {}) =>
  ssm.send(new PutParameterCommand({ Name: '/app/lock', Type: 'String', Overwrite: true, Value, ...more }));
const get = async (Name = '/app/lock') =>
  (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value;
const history = (more: { NextToken?: string; MaxResults?: number } = {}) =>
  ssm.send(new GetParameterHistoryCommand({ Name: '/app/lock', ...more }));

describe('a parameter', () => {
  it('gets a version with each write, and keeps the earlier ones', async () => {
    await start();
    expect(await put('one', { Description: 'A lock' })).toMatchObject({ Version: 1, Tier: 'Standard' });
    clock.move(5_000);
    expect(await put('two')).toMatchObject({ Version: 2 });
    expect(await get()).toBe('two');
    expect(await get('/app/lock:1')).toBe('one');
    const { Parameters } = await history();
    const version = {
      Name: '/app/lock',
      Type: 'String',
      Tier: 'Standard',
      DataType: 'text',
      Description: 'A lock',
    };
    expect(Parameters).toMatchObject([
      { ...version, Version: 1, Value: 'one', LastModifiedDate: new Date(START) },
      { ...version, Version: 2, Value: 'two', LastModifiedDate: new Date(START + 5_000) },
    ]);
  });

  it('keeps its last hundred versions, page by page', async () => {
    await start();
    for (let n = 1; n <= 103; n++) await put(`value ${n}`);
    const first = await history();
    const second = await history({ ...(first.NextToken !== undefined && { NextToken: first.NextToken }) });
    expect(second.NextToken).toBeUndefined();
    const all = [...(first.Parameters ?? []), ...(second.Parameters ?? [])].map(({ Version }) => Version);
    expect(all).toEqual(Array.from({ length: 100 }, (_, n) => n + 4));
    await ssm.send(
      new LabelParameterVersionCommand({ Name: '/app/lock', ParameterVersion: 4, Labels: ['prod'] }),
    );
    expect(await refusalOf(put('more'))).toMatch(
      /^ParameterMaxVersionLimitExceeded: You attempted to create a new version of \/app\/lock .* Version 4, the oldest version, can't be deleted because it has a label/,
    );
    expect(await get('/app/lock:prod')).toBe('value 4');
  });

  it('is read as it was for as long as a write has not spread, and written as it is', async () => {
    await start(2_000);
    await put('one');
    expect(await refusalOf(history())).toBe('ParameterNotFound: UnknownError');
    clock.move(2_000);
    expect(await get()).toBe('one');
    await put('two');
    expect(await put('three')).toMatchObject({ Version: 3 });
    expect(await get()).toBe('one');
    clock.move(2_000);
    expect(await get()).toBe('three');
  });

  it('is written by one at a time', async () => {
    await start(0, {}, systemClock);
    await put('zero');
    const settled = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => put(`writer ${n}`)));
    const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason.name] : []));
    expect(new Set(refused)).toEqual(new Set(['TooManyUpdates']));
    const { Parameters = [] } = await history();
    expect(Parameters.map(({ Version }) => Version)).toEqual(
      Array.from({ length: settled.length - refused.length + 1 }, (_, n) => n + 1),
    );
  });

  it('is found by its path, among several, or not at all', async () => {
    await start(0, { '/app/a': '1', '/app/b': '2', '/app/deep/c': '3', other: '4' });
    const below = async (more: { Recursive?: boolean; MaxResults?: number; NextToken?: string } = {}) => {
      const page = await ssm.send(new GetParametersByPathCommand({ Path: '/app', ...more }));
      return { names: page.Parameters?.map(({ Name }) => Name), next: page.NextToken };
    };
    expect((await below()).names).toEqual(['/app/a', '/app/b']);
    const first = await below({ Recursive: true, MaxResults: 2 });
    expect(first.names).toEqual(['/app/a', '/app/b']);
    const next = first.next === undefined ? {} : { NextToken: first.next };
    expect((await below({ Recursive: true, MaxResults: 2, ...next })).names).toEqual(['/app/deep/c']);
    const some = await ssm.send(new GetParametersCommand({ Names: ['other', '/app/none', '/app/a:7'] }));
    expect(some).toMatchObject({
      Parameters: [{ Value: '4' }],
      InvalidParameters: ['/app/none', '/app/a:7'],
    });
    await ssm.send(new DeleteParameterCommand({ Name: '/app/a' }));
    expect(await refusalOf(get('/app/a'))).toMatch(/^ParameterNotFound/);
    expect(await refusalOf(get('/app/b:9'))).toMatch(/^ParameterVersionNotFound/);
    expect(await refusalOf(ssm.send(new DeleteParameterCommand({ Name: '/app/a' })))).toMatch(
      /^ParameterNotFound/,
    );
  });

  it('carries tags', async () => {
    await start(0, { '/app/a': '1' });
    const its = { ResourceType: 'Parameter', ResourceId: '/app/a' } as const;
    await ssm.send(new AddTagsToResourceCommand({ ...its, Tags: [{ Key: 'team', Value: 'web' }] }));
    const { TagList } = await ssm.send(new ListTagsForResourceCommand(its));
    expect(TagList).toEqual([{ Key: 'team', Value: 'web' }]);
    const none = new ListTagsForResourceCommand({ ...its, ResourceId: '/app/none' });
    expect(await refusalOf(ssm.send(none))).toMatch(/^InvalidResourceId/);
  });

  it('is refused in the words of AWS', async () => {
    await start(0, { '/app/lock': 'there' });
    const cases: [Partial<PutParameterCommandInput>, RegExp][] = [
      [
        { Overwrite: false },
        /^ParameterAlreadyExists: The parameter already exists\. To overwrite this value/,
      ],
      [
        { Value: 'x'.repeat(4_097) },
        /^ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters\./,
      ],
      [{ Value: 'a {{ b }}' }, /^ValidationException: Parameter value can't nest another parameter\./],
      [{ Name: 'app/lock' }, /^ValidationException: Parameter name must be a fully qualified name/],
      [{ Name: '/aws/lock' }, /^ValidationException: Parameter name: can't be prefixed with "aws" or "ssm"/],
      [{ Type: 'StringList' }, /^HierarchyTypeMismatchException/],
      [{ Tags: [{ Key: 'a', Value: 'b' }] }, /tags and overwrite can't be used together/],
    ];
    for (const [given, message] of cases) expect(await refusalOf(put('value', given))).toMatch(message);
    expect(await put('x'.repeat(4_097), { Tier: 'Advanced' })).toMatchObject({ Tier: 'Advanced' });
    expect(await refusalOf(put('small', { Tier: 'Standard' }))).toMatch(/You can't downgrade a parameter/);
    expect(await refusalOf(history({ MaxResults: 51 }))).toBe(
      "ValidationException: 1 validation error detected: Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50",
    );
    expect(await refusalOf(history({ NextToken: 'nonsense' }))).toMatch(/^InvalidNextToken/);
  });
});
