import { setTimeout } from 'node:timers/promises';
import { DescribeImagesCommand, ECRClient, GetLifecyclePolicyCommand } from '@aws-sdk/client-ecr';
import { expect } from 'vitest';
import { type Clock, scaledClock } from '../../src/clock.ts';
import { Job } from '../../src/runner/start-action.ts';
import type { ScenarioRepositories } from '../../src/simulator/ecr/model.ts';
import { type RecordedCall, type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { EMPTY } from '../simulator/empty-scenario.ts';

const START = Date.UTC(2026, 0, 5, 12);

export interface RegistryWorldOptions {
  /** How many times as fast as real time it runs. */
  readonly scale?: number;
  /** URL of a real registry that keeps the content; without it the simulator does. */
  readonly upstream?: string;
}

/** The simulator's own account and region where it says nothing else. */
export interface RegistryPlace {
  readonly accountId?: string;
  readonly region?: string;
}

/** A simulated ECR with its registry, and jobs that push to it. */
export class RegistryWorld {
  readonly simulator: Simulator<SimulatedWorld>;
  readonly clock: Clock;
  readonly #jobs: Job[] = [];

  constructor(simulator: Simulator<SimulatedWorld>, clock: Clock) {
    this.simulator = simulator;
    this.clock = clock;
  }

  /** A job for a commit, by default one on the main branch. */
  job(env: Readonly<Record<string, string>> = {}): Job {
    const job = new Job({
      ...this.simulator.env(),
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'org/shop',
      GITHUB_RUN_ID: '1001',
      GITHUB_SHA: SHA,
      GITHUB_REF: 'refs/heads/main',
      ...env,
    });
    this.#jobs.push(job);
    return job;
  }

  registry(place?: RegistryPlace) {
    return this.simulator.registry(place);
  }

  /** Digests by tag, of a repository in a registry. */
  async tags(repository = 'shop', place: RegistryPlace = {}): Promise<Readonly<Record<string, string>>> {
    const { imageDetails = [] } = await this.#ecr(place).send(
      new DescribeImagesCommand({
        repositoryName: repository,
        ...(place.accountId !== undefined && { registryId: place.accountId }),
      }),
    );
    return Object.fromEntries(
      imageDetails.flatMap(({ imageTags = [], imageDigest = '' }) =>
        imageTags.map((tag) => [tag, imageDigest] as const),
      ),
    );
  }

  async lifecyclePolicy(repositoryName: string): Promise<string | undefined> {
    const command = new GetLifecyclePolicyCommand({ repositoryName });
    return (await this.#ecr({}).send(command)).lifecyclePolicyText;
  }

  #ecr({ region = 'eu-west-1' }: RegistryPlace): ECRClient {
    return new ECRClient({
      endpoint: this.simulator.url,
      region,
      credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    });
  }

  /** Waits, however busy the machine is, for something to be so. */
  async until(holds: () => boolean): Promise<void> {
    const end = performance.now() + 20_000;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`it never came to be that ${holds}`);
      await setTimeout(5);
    }
  }

  get calls(): readonly RecordedCall[] {
    return this.simulator.calls;
  }

  async close(): Promise<void> {
    await this.simulator.close();
    for (const job of this.#jobs) job.end();
  }
}

export const SHA = '0123456789abcdef0123456789abcdef01234567';

/** Runs a scenario in a world of its own; the simulator itself must not have gone wrong. */
export async function inRegistry(
  repositories: ScenarioRepositories,
  play: (world: RegistryWorld) => Promise<void>,
  { scale = 60, upstream }: RegistryWorldOptions = {},
): Promise<void> {
  const clock = scaledClock(Date.now(), START, scale);
  const simulator = await startSimulator({
    clock,
    seed: 1,
    registry: upstream === undefined ? true : { upstream },
    world: (context) => createWorld(context, { ...EMPTY, name: 'a registry and nothing else', repositories }),
  });
  const world = new RegistryWorld(simulator, clock);
  try {
    await play(world);
    expect(simulator.bugs).toEqual([]);
  } finally {
    await world.close();
  }
}
