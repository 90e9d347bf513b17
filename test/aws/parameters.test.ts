import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parameters } from '../../src/aws/parameters.ts';
import { scaledClock, systemClock } from '../../src/clock.ts';
import { isOutage } from '../../src/errors.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld } from '../../src/simulator/world/world.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { account, CONNECTION, called } from './account-under-test.ts';

const NAME = '/deploy-actions/migrations/prod/web';

const CLOCK = scaledClock(systemClock.now(), systemClock.now(), 5);

let aws: Simulator;
beforeEach(async () => {
  const override = { history: 0, consistencyLag: { min: 0, max: 0 }, traffic: [] };
  aws = await startSimulator({
    clock: CLOCK,
    seed: 1,
    world: (context) => createWorld(context, webShop({ override })),
  });
  for (const [name, value] of Object.entries(aws.env())) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

const open = () => parameters({ clock: CLOCK }, { patienceMs: 50 });

describe('the versions of a parameter', () => {
  it('are none where there is no such parameter', async () => {
    expect(await open().history(NAME)).toEqual([]);
  });

  it('are written one after the other, and read on every page', async () => {
    const ssm = open();
    for (let n = 1; n <= 53; n++) expect(await ssm.append(NAME, `value ${n}`)).toBe(n);
    const history = await ssm.history(NAME);
    expect(history.map(({ version }) => version)).toEqual(Array.from({ length: 53 }, (_, n) => n + 1));
    expect(history.at(-1)).toEqual({ version: 53, value: 'value 53', at: expect.any(Number) });
    expect(aws.calls.at(-1)).toMatchObject({ operation: 'GetParameterHistory', outcome: 'ok' });
    expect(aws.calls.filter(({ operation }) => operation === 'GetParameterHistory')).toHaveLength(2);
  });

  it('are all written when several write at once', async () => {
    const ssm = open();
    const versions = await Promise.all(Array.from({ length: 6 }, (_, n) => ssm.append(NAME, `writer ${n}`)));
    expect(versions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(aws.calls.map(({ outcome }) => outcome)).toContain('TooManyUpdates');
  });

  it('are there once more when the answer to a write was lost', async () => {
    aws.faults.add({ kind: 'lost-answer', operation: 'PutParameter', nth: 1 });
    expect(await parameters({ clock: systemClock }).append(NAME, 'once')).toBe(2);
    expect((await open().history(NAME)).map(({ value }) => value)).toEqual(['once', 'once']);
  });
});

describe('what parameters are', () => {
  const ARN = 'arn:aws:ssm:eu-west-1:123456789012:parameter';

  it('is told by the names and ARNs that they are asked for by, ten a call', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `/app/${n}`);
    const shop = await account({
      parameters: {
        ...Object.fromEntries(names.map((name) => [name, 'x'])),
        plain: { value: 'x', changedAgo: 60_000 },
        '/app/token': { value: 'p4ss', type: 'SecureString' },
      },
    });
    const asked = [
      ...names,
      'plain',
      `${ARN}/app/token`,
      `${ARN}/plain`,
      '/app/none',
      '/app/1:1',
      '/app/1:2',
    ];
    const facts = await parameters(CONNECTION).facts(asked);
    expect([...facts.keys()].toSorted()).toEqual(asked.filter((name) => !/none|:2$/.test(name)).toSorted());
    expect(facts.get('plain')).toEqual({ arn: `${ARN}/plain`, secure: false, changedAt: expect.any(Number) });
    expect(facts.get(`${ARN}/plain`)).toEqual(facts.get('plain'));
    expect(facts.get(`${ARN}/app/token`)).toMatchObject({ arn: `${ARN}/app/token`, secure: true });
    expect(JSON.stringify([...facts])).not.toContain('p4ss');
    expect(shop.calls).toHaveLength(3);
    expect(shop.calls.map(({ input }) => input)).not.toContainEqual(
      expect.objectContaining({ WithDecryption: true }),
    );
  });

  it('is told for each of them where one may not be read', async () => {
    const shop = await account({
      parameters: { a: 'x', b: 'x', closed: { value: 'x', unreadable: true } },
    });
    const facts = await parameters(CONNECTION).facts(['a', 'closed', 'b']);
    expect(facts.get('a')).toMatchObject({ arn: `${ARN}/a` });
    expect(facts.get('b')).toMatchObject({ arn: `${ARN}/b` });
    expect(facts.get('closed')).toMatchObject({
      name: 'DeployError',
      message: expect.stringContaining('is not authorized to perform: ssm:GetParameters'),
    });
    expect(called(shop).toSorted()).toEqual([
      'GetParameters',
      'GetParameters',
      'GetParameters: AccessDeniedException',
      'GetParameters: AccessDeniedException',
    ]);
  });
});

describe('a call that AWS refuses', () => {
  it('names the permission that is missing', async () => {
    aws.faults.add({ kind: 'access-denied', service: 'SSM' });
    const denied = {
      name: 'DeployError',
      message: expect.stringContaining('is not authorized to perform: ssm:'),
    };
    expect(await failureOf(open().history(NAME))).toMatchObject({
      ...denied,
      next: 'Allow ssm:GetParameterHistory in the policy of the role that this job assumes.',
    });
    expect(await failureOf(open().append(NAME, 'x'))).toMatchObject({
      ...denied,
      next: 'Allow ssm:PutParameter in the policy of the role that this job assumes.',
    });
  });

  it('is known for an outage when it is one', async () => {
    aws.faults.add({ kind: 'internal-error', service: 'SSM' });
    expect(
      isOutage(await failureOf(parameters({ clock: systemClock }, { patienceMs: 0 }).history(NAME))),
    ).toBe(true);
  });

  it('says what to do about a value that another tier holds', async () => {
    await open().append(NAME, 'x');
    const refused = await failureOf(open().append(NAME, 'x'.repeat(5_000)));
    expect(refused.message).toContain('maximum parameter value of 4096 characters');
  });
});
