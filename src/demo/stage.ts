import { type Clock, scaledClock, systemClock } from '../clock.ts';
import { Job, type RunningStep, type StepResult } from '../runner/start-action.ts';
import type { Scenario } from '../simulator/scenario/scenario.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../simulator/world/world.ts';
import { RolloutTeller } from './rollout-teller.ts';
import { NOON } from './shop.ts';
import type { Timeline } from './timeline.ts';

/** Simulated time runs so many times as fast as real time: an hour in eighteen seconds. */
export const SCALE = 200;
export const SEED = 7;

const open = new Set<Stage>();

/** What one story plays on: an AWS of its own, its clock, and a job on a runner. */
export class Stage {
  readonly clock: Clock;
  readonly simulator: Simulator<SimulatedWorld>;
  readonly job: Job;
  readonly timeline: Timeline;
  readonly teller: RolloutTeller;
  readonly #steps: RunningStep[] = [];

  private constructor(
    clock: Clock,
    simulator: Simulator<SimulatedWorld>,
    job: Job,
    timeline: Timeline,
    teller: RolloutTeller,
  ) {
    this.clock = clock;
    this.simulator = simulator;
    this.job = job;
    this.timeline = timeline;
    this.teller = teller;
  }

  static async set(scenario: Scenario, timeline: Timeline): Promise<Stage> {
    const clock = scaledClock(systemClock.now(), NOON, SCALE);
    const heard: { teller?: RolloutTeller } = {};
    const simulator = await startSimulator({
      clock,
      seed: SEED,
      world: (context) => createWorld(context, scenario),
      onCall: (call) => heard.teller?.hear(call),
    });
    const job = new Job(simulator.env());
    const teller = new RolloutTeller(timeline, job.directory, SCALE);
    heard.teller = teller;
    const stage = new Stage(clock, simulator, job, timeline, teller);
    open.add(stage);
    return stage;
  }

  start(action: string, inputs: Readonly<Record<string, string>>): RunningStep {
    const step = this.job.start(action, inputs);
    this.#steps.push(step);
    return step;
  }

  async run(action: string, inputs: Readonly<Record<string, string>>): Promise<StepResult> {
    return this.start(action, inputs).done;
  }

  /** The post step of an action whose main step has ended. */
  async post(
    action: string,
    main: StepResult,
    inputs: Readonly<Record<string, string>>,
  ): Promise<StepResult> {
    const step = this.job.start(action, inputs, 'post', main.state);
    this.#steps.push(step);
    return step.done;
  }

  /** Resolves when the canary has at least this share; rejects when the step ends before. */
  async reaches(percent: number, step: RunningStep): Promise<void> {
    const early = step.done.then(({ log }) => {
      throw new Error(`the step ended before the canary had ${percent}% of the traffic:\n${log}`);
    });
    await Promise.race([this.teller.reaches(percent), early]);
  }

  async strike(): Promise<void> {
    open.delete(this);
    this.abandon();
    await this.simulator.close();
  }

  /** Ends the processes that still run and removes the job's directory. */
  abandon(): void {
    for (const { process: child } of this.#steps) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
    this.job.end();
  }
}

/** Leaves nothing behind when the demo itself is interrupted. */
export function abandonAll(): void {
  for (const stage of open) stage.abandon();
}
