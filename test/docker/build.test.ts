import { describe, expect, test } from 'vitest';
import { type Build, type Builder, beyondEngine, buildCommand, keepsImage } from '../../src/docker/build.ts';

const PLAIN: Build = {
  context: '.',
  file: undefined,
  target: undefined,
  buildArgs: new Map(),
  secrets: new Map(),
  secretEnvs: new Map(),
  secretFiles: new Map(),
  platforms: [],
  cacheFrom: [],
  cacheTo: [],
  labels: new Map(),
  provenance: undefined,
  sbom: undefined,
  pull: false,
  noCache: false,
};

const FULL: Build = {
  context: './api',
  file: 'api/Dockerfile',
  target: 'release',
  buildArgs: new Map([
    ['VERSION', '1.10'],
    ['NOTE', 'two words; $(rm -rf /) "quoted"\nsecond line'],
  ]),
  secrets: new Map([['npm', 'top-secret=value']]),
  secretEnvs: new Map([['token', 'GITHUB_TOKEN']]),
  secretFiles: new Map([['key', './key=1.pem']]),
  platforms: ['linux/amd64', 'linux/arm64'],
  cacheFrom: ['type=gha'],
  cacheTo: ['type=gha,mode=max'],
  labels: new Map([['a.b', 'c=d']]),
  provenance: 'mode=max',
  sbom: 'true',
  pull: true,
  noCache: true,
};

const CONTAINER: Builder = { kind: 'buildx', driver: 'docker-container', name: 'big' };
const DOCKER: Builder = { kind: 'buildx', driver: 'docker', name: undefined };
const ENGINE: Builder = { kind: 'engine' };

describe('the command line of a build', () => {
  test('is short where nothing is asked for', () => {
    expect(buildCommand(PLAIN, ENGINE, 'r/shop:v1', '/tmp/m')).toEqual({
      args: ['build', '--tag', 'r/shop:v1', '.'],
      env: {},
    });
    const { args } = buildCommand(PLAIN, DOCKER, 'r/shop:v1', '/tmp/m');
    expect(args.join(' ')).toBe(
      'buildx build --progress plain --tag r/shop:v1 --provenance false --metadata-file /tmp/m --load .',
    );
  });

  test('has every setting as an argument of its own, and no value of a secret', () => {
    const { args, env } = buildCommand(FULL, CONTAINER, 'r/shop:v1', '/tmp/m');
    expect(args).toEqual([
      ...['buildx', 'build', '--builder', 'big', '--progress', 'plain'],
      ...['--file', 'api/Dockerfile', '--target', 'release'],
      ...['--build-arg', 'VERSION=1.10'],
      ...['--build-arg', 'NOTE=two words; $(rm -rf /) "quoted"\nsecond line'],
      ...['--label', 'a.b=c=d', '--pull', '--no-cache', '--tag', 'r/shop:v1'],
      ...['--secret', 'id=npm,env=DEPLOY_ACTIONS_SECRET_0'],
      ...['--secret', 'id=token,env=GITHUB_TOKEN'],
      ...['--secret', 'id=key,src=./key=1.pem'],
      ...['--platform', 'linux/amd64,linux/arm64'],
      ...['--cache-from', 'type=gha', '--cache-to', 'type=gha,mode=max'],
      ...['--provenance', 'mode=max', '--sbom', 'true'],
      ...['--metadata-file', '/tmp/m', '--push', './api'],
    ]);
    expect(env).toEqual({ DEPLOY_ACTIONS_SECRET_0: 'top-secret=value' });
    expect(args.join(' ')).not.toContain('top-secret');
  });

  test('pushes only with a builder that keeps no images', () => {
    expect([ENGINE, DOCKER, CONTAINER].map(keepsImage)).toEqual([true, true, false]);
  });
});

describe('without buildx', () => {
  test('every input that needs it is named', () => {
    expect(beyondEngine(FULL).map(({ input }) => input)).toEqual([
      'platforms',
      'secrets',
      'secret-envs',
      'secret-files',
      'cache-from',
      'cache-to',
      'provenance',
      'sbom',
    ]);
  });

  test('a plain build is no trouble, and neither are attestations that are turned off', () => {
    expect(beyondEngine({ ...PLAIN, provenance: 'false', sbom: 'false' })).toEqual([]);
  });
});
