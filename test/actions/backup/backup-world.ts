import { onTestFinished } from 'vitest';
// Loaded before a world's time begins.
import '../../../src/aws/cache-snapshots.ts';
import '../../../src/aws/database-snapshots.ts';
import { run } from '../../../src/actions/backup/run.ts';
import { type Clock, scaledClock } from '../../../src/clock.ts';
import { Job } from '../../../src/runner/start-action.ts';
import type { ScenarioCaches } from '../../../src/simulator/elasticache/model.ts';
import type { Fault } from '../../../src/simulator/faults.ts';
import type { ScenarioDatabases } from '../../../src/simulator/rds/model.ts';
import type { Scenario } from '../../../src/simulator/scenario/scenario.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../../src/simulator/world/world.ts';
import { type RunHere, runHere } from '../../images/run-here.ts';
import { EMPTY } from '../../simulator/empty-scenario.ts';

/** A Monday noon. */
export const START = Date.UTC(2026, 0, 5, 12);

export interface BackupWorldOptions {
  readonly databases?: ScenarioDatabases;
  readonly caches?: ScenarioCaches;
  readonly stacks?: NonNullable<Scenario['stacks']>;
  readonly faults?: readonly Fault[];
  /** How many times as fast as real time it runs. */
  readonly scale?: number;
  readonly lag?: number;
  readonly onKill?: () => void;
}

/** A snapshot as a test wants to see it. */
export interface SeenSnapshot {
  readonly id: string;
  readonly status: string;
  readonly encrypted: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** A simulated RDS and ElastiCache, and runs of the action in this process. */
export interface BackupWorld {
  readonly simulator: Simulator<SimulatedWorld>;
  readonly clock: Clock;
  backUp(
    inputs: Readonly<Record<string, string>>,
    options?: { readonly env?: Readonly<Record<string, string>>; readonly cancelled?: AbortSignal },
  ): Promise<RunHere>;
  /** A job whose steps are processes. */
  job(env?: Readonly<Record<string, string>>): Job;
  /** What somebody else asks of AWS; it does not count among the calls. */
  ask<Output>(service: 'RDS' | 'ElastiCache', operation: string, input: object, region?: string): Output;
  /** Snapshots of databases, also those of AWS itself. */
  snapshots(region?: string): readonly SeenSnapshot[];
  /** Calls by the name of their operation. */
  calls(operation: string): number;
}

const ENV = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'org/shop',
  GITHUB_RUN_ID: '1001',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_JOB: 'deploy',
  GITHUB_ACTION: 'backup',
  GITHUB_SHA: 'd'.repeat(40),
  GITHUB_REF: 'refs/heads/main',
};

/** @param finished registers what is done when the test is over; tests side by side have to give their own */
export async function openBackupWorld(
  options: BackupWorldOptions,
  finished: (end: () => Promise<void>) => void = onTestFinished,
): Promise<BackupWorld> {
  const { databases, caches, stacks, faults, scale = 4_000, lag = 0, onKill } = options;
  const clock = scaledClock(Date.now(), START, scale);
  const scenario: Scenario = {
    ...EMPTY,
    name: 'databases and nothing else',
    consistencyLag: { min: lag, max: lag },
    ...(databases && { databases }),
    ...(caches && { caches }),
    ...(stacks && { stacks }),
  };
  const simulator = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, scenario),
    ...(faults && { faults }),
    ...(onKill && { onKill }),
  });
  const jobs: Job[] = [];
  finished(async () => {
    for (const job of jobs) job.end();
    await simulator.close();
  });
  const ask: BackupWorld['ask'] = (service, operation, input, region = 'eu-west-1') => {
    const call = { now: clock.now(), region, accountId: '123456789012' };
    return simulator.world.services[service]?.[operation]?.(input as never, call) as never;
  };
  return {
    simulator,
    clock,
    ask,
    backUp: (inputs, { env = {}, cancelled } = {}) =>
      runHere(
        { simulator, clock },
        { name: 'backup', run },
        { timeout: '72h', ...inputs },
        {
          env: { ...ENV, ...env },
          ...(cancelled && { cancelled }),
        },
      ),
    job: (env = {}) => {
      const job = new Job({ ...simulator.env(), ...ENV, ...env });
      jobs.push(job);
      return job;
    },
    snapshots(region) {
      const { DBSnapshots } = ask<{
        DBSnapshots: readonly {
          DBSnapshotIdentifier: string;
          Status: string;
          Encrypted: boolean;
          TagList: readonly { Key: string; Value: string }[];
        }[];
      }>('RDS', 'DescribeDBSnapshots', {}, region);
      const { DBClusterSnapshots } = ask<{
        DBClusterSnapshots: readonly {
          DBClusterSnapshotIdentifier: string;
          Status: string;
          StorageEncrypted: boolean;
          TagList: readonly { Key: string; Value: string }[];
        }[];
      }>('RDS', 'DescribeDBClusterSnapshots', {}, region);
      const tagsOf = (list: readonly { Key: string; Value: string }[]) =>
        Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
      return [
        ...DBSnapshots.map((each) => ({
          id: each.DBSnapshotIdentifier,
          status: each.Status,
          encrypted: each.Encrypted,
          tags: tagsOf(each.TagList),
        })),
        ...DBClusterSnapshots.map((each) => ({
          id: each.DBClusterSnapshotIdentifier,
          status: each.Status,
          encrypted: each.StorageEncrypted,
          tags: tagsOf(each.TagList),
        })),
      ];
    },
    calls: (operation) => simulator.calls.filter((call) => call.operation === operation).length,
  };
}
