import { readFileSync } from 'node:fs';
import type { WatchRecord } from '../../src/report/watch-record.ts';
import type { Job, RunningStep, StepResult } from '../../src/runner/start-action.ts';
import type { ScenarioBehaviour } from '../../src/simulator/scenario/scenario.ts';
import { type Ending, inWorld, START, type TestWorld, type WorldOptions } from './world.ts';

export const MINUTE = 60_000;
/** Both revisions are looked for in the log of the container `web`. */
export const CRITICAL = 'critical: ?CRITICAL ?FATAL';
/** What a release runs that was taken back, and one that was not. */
export const KEPT: Ending = { runs: 'web:2' };

export const revisionArn = (revision: string): string =>
  `arn:aws:ecs:eu-west-1:123456789012:task-definition/${revision}`;

/** Somebody deploys a revision to the service. */
export const deploy = (world: TestWorld, taskDefinition: string): Promise<unknown> =>
  world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition });

export const startMonitor = (
  world: TestWorld,
  inputs: Readonly<Record<string, string>> = {},
  job: Job = world.job(),
): RunningStep =>
  job.start('monitor', { cluster: 'prod', service: 'web', 'task-definition': 'web:2', ...inputs });

export const monitor = (
  world: TestWorld,
  inputs?: Readonly<Record<string, string>>,
  job?: Job,
): Promise<StepResult> => startMonitor(world, inputs, job).done;

export const recordOf = ({ outputs: { record = '' } }: StepResult): WatchRecord =>
  JSON.parse(readFileSync(record, 'utf8')) as WatchRecord;

/** A world in which web:2, of that behaviour, has just been deployed. */
export const afterDeploy = (
  behaviour: ScenarioBehaviour,
  play: (world: TestWorld) => Promise<Ending>,
  options: WorldOptions = {},
): Promise<void> =>
  inWorld({ scale: 300, behaviours: { 'app:v2': behaviour }, ...options }, async (world) => {
    await deploy(world, 'web:2');
    await world.prepared();
    return play(world);
  });

/** How many minutes of the world's time have passed since its beginning. */
export const minutesPast = (ms: number): number => (ms - START) / MINUTE;
