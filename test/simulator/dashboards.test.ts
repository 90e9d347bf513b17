import {
  CloudWatchClient,
  type DashboardInvalidInputError,
  DeleteDashboardsCommand,
  GetDashboardCommand,
  ListDashboardsCommand,
  ListTagsForResourceCommand,
  PutDashboardCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { clientOf } from './client-of.ts';
import { failureOf } from './failure-of.ts';
import { movedClock } from './moved-clock.ts';

let simulator: Simulator;
let client: CloudWatchClient;

beforeEach(async () => {
  const world = () => ({ advance: () => undefined, services: {} });
  simulator = await startSimulator({ clock: movedClock(), seed: 1, world });
  client = new CloudWatchClient(clientOf(simulator));
});

afterEach(async () => {
  client.destroy();
  await simulator.close();
  expect(simulator.bugs).toEqual([]);
});

const text = { type: 'text', x: 0, y: 0, width: 24, height: 3, properties: { markdown: 'Hi' } };
const put = (DashboardName: string, body: object | string, Tags?: { Key: string; Value: string }[]) =>
  client.send(
    new PutDashboardCommand({
      DashboardName,
      DashboardBody: typeof body === 'string' ? body : JSON.stringify(body),
      ...(Tags && { Tags }),
    }),
  );

it('a dashboard keeps its body as it was given, and the tags of its first put', async () => {
  await put('shop', { widgets: [text] }, [{ Key: 'team', Value: 'shop' }]);
  await put('shop', '{ "widgets": [] }', [{ Key: 'team', Value: 'other' }]);
  const { DashboardBody, DashboardArn: ResourceARN } = await client.send(
    new GetDashboardCommand({ DashboardName: 'shop' }),
  );
  expect(DashboardBody).toBe('{ "widgets": [] }');
  expect(ResourceARN).toBe('arn:aws:cloudwatch::123456789012:dashboard/shop');
  await client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: 'stage', Value: 'live' }] }));
  expect((await client.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([
    { Key: 'team', Value: 'shop' },
    { Key: 'stage', Value: 'live' },
  ]);
});

it('dashboards are listed by prefix, and deleted all or none', async () => {
  for (const name of ['shop', 'shop-dev', 'other']) await put(name, { widgets: [] });
  const list = async () =>
    (await client.send(new ListDashboardsCommand({ DashboardNamePrefix: 'shop' }))).DashboardEntries?.map(
      ({ DashboardName }) => DashboardName,
    );
  expect(await list()).toEqual(['shop', 'shop-dev']);
  const some = new DeleteDashboardsCommand({ DashboardNames: ['shop', 'none'] });
  expect((await failureOf(client.send(some))).message).toContain('none does not exist');
  expect(await list()).toEqual(['shop', 'shop-dev']);
  await client.send(new DeleteDashboardsCommand({ DashboardNames: ['shop', 'shop-dev'] }));
  expect(await list()).toEqual([]);
});

it('a body that is wrong is refused with every mistake and its path', async () => {
  const body = {
    widgets: [
      text,
      { type: 'metric', x: 0, y: 0, width: 25, height: 6, properties: {} },
      { type: 'metric', properties: { region: 'eu-west-1', metrics: ['AWS/ECS', ['A', 'B', 'C']] } },
      { type: 'alarm', properties: { alarms: ['web'] } },
      {
        type: 'metric',
        properties: { region: 'r', metrics: [], annotations: { vertical: [{ value: 'x' }] } },
      },
    ],
  };
  const error = (await failureOf(put('shop', body))) as DashboardInvalidInputError;
  expect(error.name).toMatch(/DashboardInvalidInputError|InvalidParameterInput/);
  expect(error.message).toContain('The dashboard body is invalid, there are 7 validation errors:');
  expect(error.dashboardValidationMessages?.map(({ DataPath }) => DataPath)).toEqual([
    '/widgets/1/width',
    '/widgets/1/properties',
    '/widgets/1/properties',
    '/widgets/2/properties/metrics/0',
    '/widgets/2/properties/metrics/1',
    '/widgets/3/properties/alarms/0',
    '/widgets/4/properties/annotations/vertical/0',
  ]);
  expect((await failureOf(put('shop', 'no'))).message).toContain('must be a valid JSON');
  expect((await failureOf(put('a/b', { widgets: [] }))).message).toContain('invalid characters');
});
