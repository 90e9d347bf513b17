import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ownConfiguration, removeConfiguration } from '../../src/docker/configuration.ts';

const REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

/** A home of its own, with Docker's settings in it. */
function home(settings?: string): NodeJS.ProcessEnv & { readonly HOME: string } {
  const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-home-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, '.docker'));
  if (settings !== undefined) writeFileSync(join(directory, '.docker/config.json'), settings);
  return { HOME: directory, RUNNER_TEMP: directory };
}

async function settingsFrom(settings: object): Promise<Record<string, unknown>> {
  const { directory } = await ownConfiguration(home(JSON.stringify(settings)), REGISTRY);
  return JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as Record<string, unknown>;
}

describe("a run's own settings of Docker", () => {
  test('have no login where the user has none, and only their owner may read them', async () => {
    const env = home();
    const { directory, env: given } = await ownConfiguration(env, REGISTRY);
    expect(JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'))).toEqual({
      auths: {},
      credHelpers: {},
    });
    expect(statSync(join(directory, 'config.json')).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(given).toEqual({ DOCKER_CONFIG: directory, BUILDX_CONFIG: join(env.HOME, '.docker/buildx') });
    await removeConfiguration(directory);
    await removeConfiguration(directory);
    expect(existsSync(directory)).toBe(false);
  });

  test('keep logins to other registries, proxies and contexts, but none to the one that is pushed to', async () => {
    expect(
      await settingsFrom({
        auths: { 'https://index.docker.io/v1/': { auth: 'eA==' }, [REGISTRY]: { auth: 'old' } },
        credHelpers: { 'gcr.io': 'gcloud', [REGISTRY]: 'ecr-login' },
        proxies: { default: { httpProxy: 'http://proxy:3128' } },
        currentContext: 'remote',
      }),
    ).toEqual({
      auths: { 'https://index.docker.io/v1/': { auth: 'eA==' } },
      credHelpers: { 'gcr.io': 'gcloud' },
      proxies: { default: { httpProxy: 'http://proxy:3128' } },
      currentContext: 'remote',
    });
  });

  test('read logins in a store without writing ours into it', async () => {
    expect(
      await settingsFrom({
        auths: { 'ghcr.io': {}, [`https://${REGISTRY}`]: {} },
        credsStore: 'desktop',
        credHelpers: { 'ghcr.io': 'special' },
      }),
    ).toEqual({ auths: { 'ghcr.io': {} }, credHelpers: { 'ghcr.io': 'special' } });
  });

  test('share plugins and contexts with the user', async () => {
    const env = home('{}');
    mkdirSync(join(env.HOME, '.docker/cli-plugins'));
    const { directory } = await ownConfiguration(env, REGISTRY);
    expect(readlinkSync(join(directory, 'cli-plugins'))).toBe(join(env.HOME, '.docker/cli-plugins'));
    await removeConfiguration(directory);
    expect(existsSync(join(env.HOME, '.docker/cli-plugins'))).toBe(true);
  });

  test('come from DOCKER_CONFIG where it is set, and leave BUILDX_CONFIG alone', async () => {
    const elsewhere = home('{"currentContext": "far"}');
    const env = { ...home('{'), DOCKER_CONFIG: join(elsewhere.HOME, '.docker'), BUILDX_CONFIG: '/builders' };
    const { directory, env: given } = await ownConfiguration(env, REGISTRY);
    expect(readFileSync(join(directory, 'config.json'), 'utf8')).toContain('far');
    expect(given['BUILDX_CONFIG']).toBe('/builders');
  });

  test.each(['{"auths": {"x": {"auth": "c2VjcmV0"', '[]', 'null', '"c2VjcmV0"'])(
    'are refused without their content when they are not an object: %s',
    async (settings) => {
      const refused = ownConfiguration(home(settings), REGISTRY);
      await expect(refused).rejects.toThrow(/config\.json: is not a JSON object; mend or remove this file/);
      await expect(refused).rejects.not.toThrow(/c2VjcmV0/);
    },
  );

  test('may be an empty file, as for docker itself', async () => {
    await expect(ownConfiguration(home(' \n'), REGISTRY)).resolves.toBeDefined();
  });

  test('of two runs are apart', async () => {
    const env = home('{}');
    const [one, other] = await Promise.all([
      ownConfiguration(env, REGISTRY),
      ownConfiguration(env, REGISTRY),
    ]);
    expect(one.directory).not.toBe(other.directory);
  });
});
