import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Manifest } from '../../src/images/manifest.ts';
import { MANIFEST_TYPES } from '../../src/images/manifest.ts';
import type { Job } from '../../src/runner/start-action.ts';
import type { ScenarioRepositories } from '../../src/simulator/ecr/model.ts';
import { type BuildKit, buildkitd } from '../slow/docker/buildkit.ts';
import { type Buildx, buildx } from '../slow/docker/buildx.ts';
import { type DockerEngine, dockerEngine } from '../slow/docker/engine.ts';
import { type DockerRegistry, dockerRegistry } from '../slow/docker/registry.ts';
import { inRegistry, type RegistryWorld } from './registry-world.ts';

/** The account and the region that the simulator's credentials are of. */
const HERE = { account: '123456789012', region: 'eu-west-1' };

export interface Place {
  readonly account?: string;
  readonly region?: string;
}

export interface Stored {
  /** Of its bytes, whatever the registry says. */
  readonly digest: string;
  readonly mediaType: string;
  readonly content: Manifest;
}

/** What the engine says of an image. */
export interface Inspected {
  readonly Id: string;
  readonly RepoDigests: readonly string[];
  readonly Architecture: string;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
}

/** A runner with a Docker engine, a user who has never used docker, and a registry to push to. */
export interface DockerRunner {
  readonly engine: DockerEngine;
  readonly registry: DockerRegistry;
  readonly buildkit: BuildKit | undefined;
  /** The user's home directory. */
  readonly home: string;
  /** Runs a scenario whose ECR keeps its content in the registry. */
  play(
    repositories: ScenarioRepositories,
    scenario: (world: RegistryWorld) => Promise<void>,
    options?: { readonly scale?: number },
  ): Promise<void>;
  /** A job of that user, with the `index`th docker client of this machine. */
  job(world: RegistryWorld, env?: Readonly<Record<string, string>>, index?: number): Job;
  /** Runs docker as that user, and answers its standard output. */
  docker(...args: readonly string[]): Promise<string>;
  /** What the registry itself has; undefined when there is no such image. */
  stored(repository: string, reference: string, place?: Place): Promise<Stored | undefined>;
  /** The tags that the registry itself has. */
  tags(repository: string, place?: Place): Promise<readonly string[]>;
  /** A blob as the registry itself has it. */
  blob(repository: string, digest: string): Promise<Buffer>;
  /** Removes all images from the engine and pulls one by its digest from the registry itself. */
  pull(repository: string, digest: string, place?: Place): Promise<Inspected>;
  stop(): Promise<void>;
}

export interface DockerRunnerOptions {
  /** The user has the buildx plugin, with the engine's builder. */
  readonly buildx?: boolean;
  /** The user has buildx and has chosen a builder of BuildKit. */
  readonly buildkit?: boolean;
}

export async function dockerRunner(options: DockerRunnerOptions = {}): Promise<DockerRunner> {
  const plugin: Buildx | undefined = options.buildx || options.buildkit ? await buildx() : undefined;
  const [engine, registry, kit] = await Promise.all([
    dockerEngine(),
    dockerRegistry(),
    options.buildkit ? buildkitd() : undefined,
  ]);
  const home = mkdtempSync(join(tmpdir(), 'deploy-actions-home-'));
  const config = join(home, '.docker');
  if (plugin) {
    mkdirSync(join(config, 'cli-plugins'), { recursive: true });
    symlinkSync(plugin.program, join(config, 'cli-plugins/docker-buildx'));
    kit?.builder({ ...plugin, config });
  }
  const env = (client: string) => ({
    HOME: home,
    DOCKER_HOST: engine.host,
    PATH: `${dirname(client)}:${process.env['PATH']}`,
  });
  const docker = async (...args: readonly string[]) =>
    (await promisify(execFile)('docker', args, { env: env(engine.clients[0]) })).stdout;
  const below = (repository: string, { account, region }: Place = {}) =>
    `${account ?? HERE.account}/${region ?? HERE.region}/${repository}`;
  return {
    engine,
    registry,
    buildkit: kit,
    home,
    docker,
    play: (repositories, scenario, more = {}) =>
      inRegistry(repositories, scenario, { ...more, upstream: registry.url }),
    job(world, more = {}, index = 0) {
      const client = engine.clients[index];
      if (client === undefined) throw new Error(`this machine has no docker client ${index}`);
      return world.job({ ...env(client), ...more });
    },
    async stored(repository, reference, place) {
      const url = `${registry.url}/v2/${below(repository, place)}/manifests/${reference}`;
      const answer = await fetch(url, { headers: { accept: MANIFEST_TYPES.join(', ') } });
      if (answer.status === 404) return undefined;
      const bytes = Buffer.from(await answer.arrayBuffer());
      return {
        digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
        mediaType: answer.headers.get('content-type') ?? '',
        content: JSON.parse(bytes.toString()) as Manifest,
      };
    },
    async tags(repository, place) {
      const answer = await fetch(`${registry.url}/v2/${below(repository, place)}/tags/list`);
      const { tags } = (await answer.json()) as { tags?: readonly string[] | null };
      return (tags ?? []).toSorted();
    },
    async blob(repository, digest) {
      const answer = await fetch(`${registry.url}/v2/${below(repository)}/blobs/${digest}`);
      return Buffer.from(await answer.arrayBuffer());
    },
    async pull(repository, digest, place) {
      await docker('system', 'prune', '--all', '--force');
      const image = `${registry.host}/${below(repository, place)}@${digest}`;
      await docker('pull', image);
      const [inspected] = JSON.parse(await docker('image', 'inspect', image)) as readonly [Inspected];
      return inspected;
    },
    async stop() {
      await Promise.all([engine.stop(), registry.stop(), kit?.stop()]);
      plugin?.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A Dockerfile without anything from elsewhere, whose image differs with the text. */
export const dockerfile = (text: string): string =>
  `FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "sh", "-c", "echo '${text}' > /text"]\n`;

/** Writes a directory to build from into a job's workspace, with busybox in it. */
export function writeContext(
  runner: DockerRunner,
  job: Job,
  name: string,
  files: Readonly<Record<string, string>>,
): void {
  const directory = join(job.directory, name);
  mkdirSync(directory, { recursive: true });
  copyFileSync(runner.engine.busybox, join(directory, 'busybox'));
  for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), content);
}

/** Directories of ours in a job's temporary directory: with the login, or for one build. The report is for later steps. */
export const leftovers = (job: Job): readonly string[] =>
  readdirSync(job.directory).filter((name) => /^deploy-actions-(?!report-)/.test(name));

export interface Running {
  readonly pid: number;
  readonly command: string;
}

/** Processes of this machine that fit, by what `/proc` tells of them. */
function processes(fits: (told: { command: string; environment: string }) => boolean): readonly Running[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
    } catch {
      // It has ended by now.
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid, command: read(pid, 'cmdline').trim(), environment: read(pid, 'environ') }))
    .filter((told) => told.command !== '' && fits(told))
    .map(({ pid, command }) => ({ pid: Number(pid), command }));
}

/** What a job's steps have started and is still there. */
export const processesOf = (job: Job): readonly Running[] =>
  processes(({ environment }) => environment.includes(`RUNNER_TEMP=${job.directory} `));

/** What runs with these words on its command line. */
export const processesWith = (words: string): readonly Running[] =>
  processes(({ command }) => command.includes(words));

/** Waits for what a test has brought about; the test's own time is the limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}

/** Every file of the user's docker but buildx's own notes of builds, byte by byte. */
export function settingsOf({ home }: DockerRunner): Readonly<Record<string, string>> {
  const config = join(home, '.docker');
  if (!existsSync(config)) return {};
  const files = readdirSync(config, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(config, 'buildx')));
  return Object.fromEntries(files.map((path) => [path, readFileSync(path, 'base64')]));
}
