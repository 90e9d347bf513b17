import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { CommandOptions, Finished } from '../../src/docker/command.ts';
import { Docker } from '../../src/docker/docker.ts';
import { ConfigError } from '../../src/errors.ts';

const DIGEST = `sha256:${'d'.repeat(64)}`;

interface Ran {
  readonly args: readonly string[];
  readonly input: string | undefined;
}

/** Docker that answers one thing after the other, and keeps the last. */
function answering(...answers: readonly Partial<Finished>[]) {
  const ran: Ran[] = [];
  const pauses: number[] = [];
  let logins = 0;
  const docker = new Docker({
    command: async (args: readonly string[], { input }: CommandOptions = {}) => {
      const answer = answers[Math.min(ran.length, answers.length - 1)];
      ran.push({ args, input });
      return { code: 0, stdout: '', stderr: '', ...answer };
    },
    clock: { ...systemClock, sleep: async (ms) => void pauses.push(ms) },
    signal: new AbortController().signal,
    login: async () => ({
      endpoint: 'https://r.example.com',
      username: 'AWS',
      password: `p${++logins}`,
      expiresAt: Number.POSITIVE_INFINITY,
    }),
  });
  const lines: string[] = [];
  return { docker, ran, pauses, lines, say: (line: string) => void lines.push(line) };
}

describe('docker', () => {
  test('gets the password over its standard input only', async () => {
    const { docker, ran, say } = answering({});
    await docker.login(say);
    expect(ran).toEqual([
      { args: ['login', '--username', 'AWS', '--password-stdin', 'r.example.com'], input: 'p1' },
    ]);
  });

  test('pushes again with growing pauses while the registry is down, and not for ever', async () => {
    const down = { code: 1, stderr: 'received unexpected HTTP status: 503 Service Unavailable' };
    const { docker, ran, pauses, lines, say } = answering(down);
    await expect(docker.push('r/shop:v1', say)).rejects.toThrow('r/shop:v1 could not be pushed: received');
    expect(ran).toHaveLength(6);
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(lines[0]).toBe('the push failed; try 2 of 6 in 1 s');
  });

  test('says under which digest it has pushed', async () => {
    const { docker, say } = answering(
      { code: 1, stderr: 'EOF' },
      { stdout: `v1: digest: ${DIGEST} size: 9` },
    );
    expect(await docker.push('r/shop:v1', say)).toBe(DIGEST);
    expect(await answering({ stdout: 'done' }).docker.push('r/shop:v1', say)).toBeUndefined();
  });

  test.each([
    'denied: User is not authorized to perform: ecr:InitiateLayerUpload',
    "tag invalid: The image tag 'v1' already exists and cannot be overwritten because the tag is immutable",
    "name unknown: The repository with name 'shop' does not exist",
  ])('does not push again what is refused for good: %s', async (stderr) => {
    const { docker, ran, say } = answering({ code: 1, stderr });
    await expect(docker.push('r/shop:v1', say)).rejects.toThrow(stderr);
    expect(ran).toHaveLength(1);
  });

  test('logs in again when the password has run out', async () => {
    const expired = {
      code: 1,
      stderr: 'denied: Your authorization token has expired. Reauthenticate and try again.',
    };
    const { docker, ran, say } = answering(expired, {}, { stdout: `v1: digest: ${DIGEST} size: 9` });
    expect(await docker.push('r/shop:v1', say)).toBe(DIGEST);
    expect(ran.map(({ args }) => args[0])).toEqual(['push', 'login', 'push']);
  });

  test('logs in again once when the registry does not take the password any more', async () => {
    const refused = { code: 1, stderr: 'unauthorized: authentication required' };
    const { docker, ran, say } = answering(refused, {}, refused);
    await expect(docker.push('r/shop:v1', say)).rejects.toThrow('could not be pushed: unauthorized');
    expect(ran.map(({ args }) => args[0])).toEqual(['push', 'login', 'push']);
  });

  test('tells the error of buildx without the advice below it', async () => {
    const stderr = `------
 > exporting to image:
------
ERROR: failed to build: Cache export is not supported for the docker driver.
Switch to a different driver, and try again.
Learn more at https://docs.docker.com/go/build-cache-backends/`;
    const { docker, say } = answering({ code: 1, stderr });
    await expect(docker.push('r/shop:v1', say)).rejects.toThrow(
      'could not be pushed: Cache export is not supported for the docker driver. Switch to a different driver, and try again.',
    );
  });

  test('builds with buildx where it is, and without a builder of that name says so', async () => {
    const found = answering({}, { stdout: 'Name: big\nDriver: docker-container\n' });
    const builder = { kind: 'buildx', driver: 'docker-container', name: 'big' };
    expect(await found.docker.builder('big')).toEqual(builder);
    expect(await answering({ code: 1 }).docker.builder(undefined)).toEqual({ kind: 'engine' });
    for (const [answers, told] of [
      [[{ code: 1 }], 'builder: "big" is a builder of buildx, which the docker of this runner does not have'],
      [
        [{}, { code: 1, stderr: 'ERROR: no builder "big" found' }],
        'buildx cannot use the builder "big": no builder "big" found',
      ],
    ] as const) {
      const refused = answering(...answers).docker.builder('big');
      await expect(refused).rejects.toThrow(told);
      await expect(refused).rejects.toBeInstanceOf(ConfigError);
    }
  });

  test('tells an image that is missing from an engine that is', async () => {
    const none = answering({ code: 1, stderr: 'Error response from daemon: No such image: shop:dev' });
    expect(await none.docker.imageId('shop:dev')).toBeUndefined();
    const down = answering({ code: 1, stderr: 'Cannot connect to the Docker daemon. Is it running?' });
    await expect(down.docker.imageId('shop:dev')).rejects.toThrow('Cannot connect to the Docker daemon');
  });
});
