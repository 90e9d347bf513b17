import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
// Loaded before a world's time begins.
import '../../../src/aws/buckets.ts';
import '../../../src/aws/distributions.ts';
import { run as release } from '../../../src/actions/frontend/run.ts';
import { run as rollback } from '../../../src/actions/rollback/run.ts';
import { scaledClock } from '../../../src/clock.ts';
import { Job } from '../../../src/runner/start-action.ts';
import type { Fault } from '../../../src/simulator/faults.ts';
import type { ScenarioBuckets } from '../../../src/simulator/s3/model.ts';
import type { Scenario } from '../../../src/simulator/scenario/scenario.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../../src/simulator/world/world.ts';
import { type RunHere, runHere, workspace } from '../../images/run-here.ts';
import { EMPTY } from '../../simulator/empty-scenario.ts';

export const BUCKET = 'shop-frontend';
export const DISTRIBUTION = 'E1A2B3C4D5E6F7';

/** A build folder: contents by paths. */
export type Build = Readonly<Record<string, string>>;

export interface FrontendWorldOptions {
  readonly faults?: readonly Fault[];
  readonly objects?: NonNullable<ScenarioBuckets[string]['objects']>;
  readonly keeps?: readonly string[];
  readonly originPath?: string;
  readonly stacks?: NonNullable<Scenario['stacks']>;
  /** How many times as fast as real time it runs. */
  readonly scale?: number;
  readonly onKill?: () => void;
}

/** What users get for a path of the website, from the bucket itself or through CloudFront. */
export interface FrontendWorld {
  readonly simulator: Simulator<SimulatedWorld>;
  /** In this process. */
  release(build: Build, inputs?: Readonly<Record<string, string>>): Promise<RunHere>;
  rollback(inputs?: Readonly<Record<string, string>>): Promise<RunHere>;
  /** A job whose steps are processes, with a build in `dist`. */
  job(build: Build, env?: Readonly<Record<string, string>>): Job;
  text(key: string): string | undefined;
  /** Keys that are not the action's own. */
  keys(): readonly string[];
  /** What a user sees through CloudFront. */
  seen(path: string): string;
}

const ENV = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'org/shop',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_REF: 'refs/heads/main',
};

export const INPUTS = { directory: 'dist', bucket: BUCKET, distribution: DISTRIBUTION } as const;

/** @param finished registers what is done when the test is over; tests side by side have to give their own */
export async function openFrontendWorld(
  { faults, objects = {}, keeps = [], originPath, stacks, scale = 60, onKill }: FrontendWorldOptions = {},
  finished: (end: () => Promise<void>) => void = onTestFinished,
): Promise<FrontendWorld> {
  const clock = scaledClock(Date.now(), Date.UTC(2026, 0, 5, 12), scale);
  const scenario: Scenario = {
    ...EMPTY,
    name: 'a bucket and a distribution',
    ...(stacks && { stacks }),
    buckets: { [BUCKET]: { objects, keeps } },
    distributions: {
      [DISTRIBUTION]: {
        bucket: BUCKET,
        aliases: ['shop.example.com'],
        ...(originPath !== undefined && { originPath }),
      },
    },
  };
  const simulator = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, scenario),
    ...(faults && { faults }),
    ...(onKill && { onKill }),
  });
  const jobs: Job[] = [];
  let runs = 0;
  finished(async () => {
    for (const job of jobs) job.end();
    await simulator.close();
  });
  const bucket = () => simulator.world.buckets.get(BUCKET);
  const here = (
    name: string,
    run: typeof release,
    inputs: Readonly<Record<string, string>>,
    directory?: string,
  ) =>
    runHere({ simulator, clock }, { name, run }, inputs, {
      env: { ...ENV, GITHUB_RUN_ID: String(1000 + ++runs) },
      ...(directory !== undefined && { directory }),
    });
  return {
    simulator,
    release: (build, inputs = {}) => {
      const directory = workspace();
      writeBuild(join(directory, 'dist'), build);
      return here('frontend', release, { ...INPUTS, ...inputs }, directory);
    },
    rollback: (inputs = {}) =>
      here('rollback', rollback, { bucket: BUCKET, distribution: DISTRIBUTION, ...inputs }),
    job(build, env = {}) {
      const job = new Job({ ...simulator.env(), ...ENV, GITHUB_RUN_ID: String(1000 + ++runs), ...env });
      writeBuild(join(job.directory, 'dist'), build);
      jobs.push(job);
      return job;
    },
    text: (key) => {
      const body = bucket()?.get(key)?.body;
      return body && Buffer.from(body).toString();
    },
    keys: () => (bucket()?.keys() ?? []).filter((key) => !key.includes('.deploy-actions/')),
    seen: (path) => simulator.world.edge.get(path).body,
  };
}

/** Writes a build folder, in the place of one that is there. */
export function writeBuild(directory: string, build: Build): void {
  rmSync(directory, { recursive: true, force: true });
  for (const [path, content] of Object.entries(build)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
