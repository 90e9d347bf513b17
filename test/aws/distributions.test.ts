import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { distributions } from '../../src/aws/distributions.ts';
import { type Clock, scaledClock, systemClock } from '../../src/clock.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { PROMPT } from '../simulator/world-under-test.ts';

const ID = 'E1A2B3C4D5E6F7';
const CLOCK = scaledClock(systemClock.now(), systemClock.now(), 500);

let aws: Simulator<SimulatedWorld>;

async function start(clock: Clock): Promise<void> {
  const override = {
    ...PROMPT,
    traffic: [],
    buckets: { site: {} },
    distributions: {
      [ID]: { bucket: 'site', aliases: ['www.example.com'] },
      EOFF: { bucket: 'site', enabled: false },
    },
  };
  aws = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, webShop({ override })),
  });
  for (const [name, value] of Object.entries(aws.env())) vi.stubEnv(name, value);
}
beforeEach(() => start(CLOCK));
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

const open = () => distributions({ clock: CLOCK });
const wildcards = (n: number) => Array.from({ length: n }, (_, i) => `/${i}/*`);

describe('a distribution', () => {
  it('tells its names and where it asks', async () => {
    expect(await open().find(ID)).toEqual({
      domain: expect.stringMatching(/^d\w+\.cloudfront\.net$/),
      aliases: ['www.example.com'],
      enabled: true,
      origins: [{ domain: 'site.s3.amazonaws.com', path: '' }],
    });
    expect(await open().find('EOFF')).toMatchObject({ aliases: [], enabled: false });
  });

  it('is undefined where there is none', async () => {
    expect(await open().find('ENONE')).toBeUndefined();
    expect(await failureOf(open().invalidate('ENONE', 'r', ['/']))).toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('there is no distribution ENONE'),
    });
  });
});

describe('an invalidation', () => {
  it('is one, however often it is ordered, and completes', async () => {
    aws.faults.add({ kind: 'lost-answer', service: 'CloudFront', operation: 'CreateInvalidation', nth: 1 });
    const id = await open().invalidate(ID, 'run-1', ['/', '/index.html']);
    expect(await open().invalidate(ID, 'run-1', ['/index.html', '/'])).toBe(id);
    while ((await open().state(ID, id)) === 'in-progress') await CLOCK.sleep(5_000);
    expect(aws.calls.filter(({ operation }) => operation === 'GetInvalidation').length).toBeGreaterThan(1);
  });

  it('is refused with other paths under the same name', async () => {
    await open().invalidate(ID, 'run-1', ['/']);
    expect(await failureOf(open().invalidate(ID, 'run-1', ['/other']))).toMatchObject({
      name: 'DeployError',
      message: expect.stringContaining('caller reference that was used'),
      next: expect.stringContaining('Run this step again'),
    });
  });

  it('waits until those under way leave room', async () => {
    await open().invalidate(ID, 'theirs', wildcards(10));
    expect(await open().invalidate(ID, 'ours', wildcards(6))).toMatch(/^I/);
    expect(aws.calls.map(({ outcome }) => outcome)).toContain('TooManyInvalidationsInProgress');
  });

  it('says so when there is no room for long', async () => {
    await aws.close();
    await start(systemClock);
    const impatient = distributions({ clock: systemClock }, { patienceMs: 0 });
    await impatient.invalidate(ID, 'theirs', wildcards(15));
    expect(await failureOf(impatient.invalidate(ID, 'ours', wildcards(1)))).toMatchObject({
      name: 'DeployError',
      next: expect.stringContaining('list-invalidations'),
    });
  });

  it('is refused with the permission that is missing', async () => {
    aws.faults.add({ kind: 'access-denied', service: 'CloudFront' });
    expect(await failureOf(open().invalidate(ID, 'r', ['/']))).toMatchObject({
      message: expect.stringContaining(`on resource: arn:aws:cloudfront::123456789012:distribution/${ID}`),
      next: 'Allow cloudfront:CreateInvalidation in the policy of the role that this job assumes.',
    });
  });
});
