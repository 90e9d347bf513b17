import { expect } from 'vitest';
import { type Clock, scaledClock } from '../../src/clock.ts';
import { Job, type RunningStep, type StepResult } from '../../src/runner/start-action.ts';
import type { ServiceId } from '../../src/simulator/faults.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { type WebShopOptions, webShop } from '../../src/simulator/scenario/web-shop.ts';
import {
  type RecordedCall,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { failuresIn } from './failures.ts';
import {
  ask,
  type Backstage,
  healthyTargets,
  type Picture,
  runningRevisions,
  takePicture,
} from './picture.ts';

/** When every simulated world begins: a Monday noon. */
export const START = Date.UTC(2026, 0, 5, 12);

type Disturbances = Partial<
  Pick<SimulatorOptions, 'seed' | 'faults' | 'metricDelay' | 'metricFaults' | 'throttle'>
>;

export interface WorldOptions extends WebShopOptions, Disturbances {
  /** How many times as fast as real time the world runs. */
  readonly scale?: number;
  /** Instead of the web shop. */
  readonly scenario?: Scenario;
}

/** What a scenario leads to, as far as the invariants of `inWorld` have to know it. */
export interface Ending {
  /** What the service `web` is set to run, as `family:revision`. */
  readonly runs: string;
  /** The canary may still be draining: a run was cancelled and had no time to wait for it. */
  readonly leftovers?: boolean;
  /** Requests that no task answered are part of the scenario: the canary died under its users. */
  readonly lostRequests?: boolean;
  /** Somebody else has changed the rules, the service or its size: what they left must stay. */
  readonly changedByOthers?: boolean;
}

export const PROMOTED: Ending = { runs: 'web:2' };
export const TAKEN_BACK: Ending = { runs: 'web:1' };

/** One step at half the traffic, short enough for a test. */
export const SHORT = '50% for 3m';

/** A simulated AWS in scaled time, and jobs of a runner that lives in that time. */
export class TestWorld {
  readonly simulator: Simulator<SimulatedWorld>;
  readonly clock: Clock;
  #before: Picture;
  readonly backstage: Backstage;
  /** Every share that a release was asked to take, in percent. */
  readonly #shares = new Set<number>([0, 100]);
  readonly #jobs: Job[] = [];
  /** Rules that somebody else has changed or deleted, and after how many calls of ours. */
  readonly #takenByOthers: { readonly target: string; readonly after: number }[] = [];
  readonly #running = new Set<RunningStep>();

  constructor(simulator: Simulator<SimulatedWorld>, clock: Clock, backstage: Backstage, before: Picture) {
    this.simulator = simulator;
    this.clock = clock;
    this.backstage = backstage;
    this.#before = before;
  }

  /** The account before the first release. */
  get before(): Picture {
    return this.#before;
  }

  /** What a scenario has set up by `ask` belongs to the account as it was before. */
  async prepared(): Promise<void> {
    await this.clock.sleep(3_000);
    this.#before = await takePicture(this.backstage);
  }

  get calls(): readonly RecordedCall[] {
    return this.simulator.calls;
  }

  /** Calls that change something in AWS. */
  get changes(): readonly string[] {
    return this.calls.filter(isChange).map(({ operation }) => operation);
  }

  get failures(): readonly string[] {
    return failuresIn(this.simulator, START);
  }

  /** A job of the workflow run `run`. */
  job(run = '1001', attempt = 1): Job {
    const job = new Job({
      ...this.simulator.env(),
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'org/web',
      GITHUB_RUN_ID: run,
      GITHUB_RUN_ATTEMPT: String(attempt),
    });
    this.#jobs.push(job);
    return job;
  }

  /** Starts a release of web:2 in one short step, unless the inputs say otherwise. */
  start(inputs: Readonly<Record<string, string>> = {}, job = this.job()): RunningStep {
    const given = {
      cluster: 'prod',
      service: 'web',
      'task-definition': 'web:2',
      ...('config' in inputs || 'strategy' in inputs ? {} : { steps: SHORT }),
      ...inputs,
    };
    for (const [, share] of Object.values(given)
      .join('\n')
      .matchAll(/([\d.]+)%\s+for/g)) {
      this.#shares.add(Number(share));
    }
    const step = job.start('canary', given);
    this.#running.add(step);
    void step.done.then(() => this.#running.delete(step));
    return step;
  }

  release(inputs?: Readonly<Record<string, string>>, job?: Job): Promise<StepResult> {
    return this.start(inputs, job).done;
  }

  /** Shares that a release may take which does not name them in its inputs. */
  allow(...shares: number[]): void {
    for (const share of shares) this.#shares.add(share);
  }

  /** Ends the step as a dying machine does. */
  kill(): void {
    for (const step of this.#running) step.process.kill('SIGKILL');
  }

  /** What somebody else asks of AWS meanwhile; it does not count among the calls. */
  ask<Output>(service: ServiceId, operation: string, input: object): Promise<Output> {
    if (operation === 'ModifyRule' || operation === 'DeleteRule') {
      const { RuleArn: target } = input as { RuleArn: string };
      this.#takenByOthers.push({ target, after: this.calls.length });
    }
    return ask<Output>(this.backstage, service, operation, input);
  }

  /** Resolves as soon as a call for which `so` holds has been answered. */
  async called(so: (call: RecordedCall) => boolean): Promise<RecordedCall> {
    for (;;) {
      const found = this.calls.find((call) => call.outcome !== 'pending' && so(call));
      if (found) return found;
      await new Promise((settle) => setTimeout(settle, 2));
    }
  }

  /** What the share of the canary was set to over time, rule by rule, from the calls that set it. */
  get shifts(): readonly Shift[] {
    return this.calls.flatMap((call) => {
      const wrote = shiftOf(call);
      return wrote ? [wrote] : [];
    });
  }

  /** The invariants of every scenario. */
  async expectSound(ending: Ending): Promise<void> {
    expect(this.simulator.bugs).toEqual([]);
    // Later than any read may lag behind a write.
    await this.clock.sleep(3_000);
    this.#expectPlannedShares(ending);
    this.#expectNoTrafficOnWhatGoes();
    if (!ending.changedByOthers) this.#expectCapacityKept();
    const { users } = this.simulator.world;
    if (!ending.lostRequests) {
      expect(users.total({ from: START, revision: '' }), 'requests that no task answered').toEqual({
        requests: 0,
        errors: 0,
        slow: 0,
      });
    }
    const after = await takePicture(this.backstage);
    expect(after.revisions['web']).toBe(ending.runs);
    if (ending.leftovers) return;
    expect(Object.keys(after.revisions)).toEqual(Object.keys(this.before.revisions));
    if (ending.changedByOthers) {
      expect(JSON.stringify(after)).not.toMatch(/canary|deploy-actions/);
      return;
    }
    // Terraform sees no drift.
    const drift = driftOf(this.before, after);
    expect(drift, drift.join('\n')).toEqual([]);
  }

  /** The service runs one revision in all its tasks, and all of them answer. */
  async expectSettled(ending: Ending, tasks: number): Promise<void> {
    expect(await healthyTargets(this.backstage, 'web')).toBe(tasks);
    expect(await runningRevisions(this.backstage, 'prod')).toEqual(Array(tasks).fill(ending.runs));
  }

  #expectPlannedShares({ changedByOthers }: Ending): void {
    for (const shift of this.shifts) {
      const near = [...this.#shares].some((share) => Math.abs(share - shift.share) < 0.5);
      expect(near, `${shift.operation} gave the canary ${shift.share}%`).toBe(true);
      if (changedByOthers) continue;
      const original = this.#originalOthers(shift.target);
      expect(shift.others, 'the share of other target groups').toEqual(original);
    }
  }

  /** Share of the rule's traffic, in percent, of every group that is neither stable nor canary. */
  #originalOthers(ruleOrListener: string): Readonly<Record<string, number>> {
    const rules = this.before.rules as readonly {
      RuleArn?: string;
      IsDefault?: boolean;
      Actions?: ForwardAction[];
    }[];
    const found = rules.find(({ RuleArn = '', IsDefault }) =>
      IsDefault
        ? RuleArn.startsWith(ruleOrListener.replace(':listener/', ':listener-rule/'))
        : RuleArn === ruleOrListener,
    );
    return partsOf(found?.Actions ?? []).others;
  }

  #expectNoTrafficOnWhatGoes(): void {
    const share = new Map<string, number>();
    for (const [index, call] of this.calls.entries()) {
      for (const { target, after } of this.#takenByOthers) if (after === index) share.delete(target);
      const wrote = shiftOf(call);
      if (wrote) share.set(wrote.target, wrote.share);
      const input = JSON.stringify(call.input ?? {});
      const removes = /^(DeleteService|DeleteTargetGroup)$/.test(call.operation);
      if (removes && isEffective(call)) {
        expect(input).toContain('canary');
        expect(Math.max(0, ...share.values()), `share at ${call.operation}`).toBe(0);
      }
    }
  }

  #expectCapacityKept(): void {
    const services = this.before.services as readonly { serviceName?: string; desiredCount?: number }[];
    for (const call of this.calls.filter(({ operation }) => operation === 'UpdateService')) {
      const { service, desiredCount } = call.input as { service: string; desiredCount?: number };
      const initial = services.find(({ serviceName }) => serviceName === service)?.desiredCount;
      if (initial === undefined || desiredCount === undefined) continue;
      expect(desiredCount, 'desired tasks of the service').toBeGreaterThanOrEqual(initial);
    }
  }

  async close(): Promise<void> {
    this.kill();
    await Promise.all([...this.#running].map(({ done }) => done));
    await this.simulator.close();
    for (const job of this.#jobs) job.end();
  }
}

/** What is in one picture and not in the other, revisions apart. */
function driftOf(before: Picture, after: Picture): string[] {
  const things = ({ revisions: _revisions, ...kinds }: Picture) =>
    new Set(Object.entries(kinds).flatMap(([kind, all]) => all.map((one) => `${kind} ${stable(one)}`)));
  const [was, is] = [things(before), things(after)];
  return [
    ...[...was].filter((thing) => !is.has(thing)).map((thing) => `gone: ${thing}`),
    ...[...is].filter((thing) => !was.has(thing)).map((thing) => `new: ${thing}`),
  ];
}

/** JSON in which the order of keys says nothing. */
const stable = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) && !(inner instanceof Date)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

interface ForwardAction {
  readonly Type?: string;
  readonly TargetGroupArn?: string;
  readonly ForwardConfig?: {
    readonly TargetGroups?: readonly { readonly TargetGroupArn?: string; readonly Weight?: number }[];
  };
}

/** One write of a rule's weights. */
export interface Shift {
  readonly call: RecordedCall;
  readonly operation: string;
  /** ARN of the rule, or of the listener whose default action it is. */
  readonly target: string;
  /** Of the service's traffic, in percent. */
  readonly share: number;
  readonly others: Readonly<Record<string, number>>;
}

/** Target groups of the service under test begin with its name. */
const isStable = (group: string): boolean => group.startsWith('web');

function partsOf(actions: readonly ForwardAction[]) {
  const forward = actions.find(({ Type }) => Type === 'forward');
  const groups = (forward?.ForwardConfig?.TargetGroups ?? [forward ?? {}]).map((group) => ({
    name: group.TargetGroupArn?.split('/')[1] ?? '',
    weight: 'Weight' in group ? (group.Weight ?? 1) : 1,
  }));
  const sum = (wanted: (name: string) => boolean) =>
    groups.filter(({ name }) => wanted(name)).reduce((total, { weight }) => total + weight, 0);
  const canary = sum((name) => name.startsWith('canary-'));
  const stable = sum(isStable);
  const total = sum(() => true);
  const others = groups.filter(({ name }) => !isStable(name) && !name.startsWith('canary-'));
  return {
    share: canary + stable === 0 ? 0 : (canary / (canary + stable)) * 100,
    others: Object.fromEntries(
      others.map(({ name, weight }) => [name, Number(((weight / total) * 100).toFixed(6))]),
    ),
  };
}

function shiftOf(call: RecordedCall): Shift | undefined {
  if (!/^Modify(Rule|Listener)$/.test(call.operation) || !isEffective(call)) return undefined;
  const input = call.input as {
    RuleArn?: string;
    ListenerArn?: string;
    Actions?: ForwardAction[];
    DefaultActions?: ForwardAction[];
  };
  return {
    call,
    operation: call.operation,
    target: input.RuleArn ?? input.ListenerArn ?? '',
    ...partsOf(input.Actions ?? input.DefaultActions ?? []),
  };
}

/** Whether a call changed what it was meant to, as far as its outcome tells. */
const isEffective = ({ outcome }: RecordedCall): boolean => /^(ok|lost-answer|kill)$/.test(outcome);

export const isChange = ({ operation }: RecordedCall): boolean =>
  !/^(Describe|List|Get|Filter|Simulate)/.test(operation);

export async function openWorld(
  options: WorldOptions,
  onKill?: (world: TestWorld) => void,
): Promise<TestWorld> {
  const { scale = 600, seed = 1, scenario, faults, metricDelay, metricFaults, throttle, ...shop } = options;
  const clock = scaledClock(Date.now(), START, scale);
  let world: TestWorld | undefined;
  const simulator = await startSimulator({
    clock,
    seed,
    world: (context) =>
      createWorld(context, scenario ?? webShop({ images: ['app:v1', 'app:v2', 'app:v3'], ...shop })),
    ...(faults && { faults }),
    ...(metricDelay !== undefined && { metricDelay }),
    ...(metricFaults && { metricFaults }),
    ...(throttle && { throttle }),
    onKill: () => {
      if (world) onKill?.(world);
    },
  });
  const backstage: Backstage = {
    operations: { ...simulator.world.services, CloudWatch: simulator.cloudwatch.operations },
    now: () => clock.now(),
  };
  world = new TestWorld(simulator, clock, backstage, await takePicture(backstage));
  return world;
}

/**
 * Plays a scenario in a world of its own, and holds it to the invariants of every rollout afterwards.
 *
 * @param play gives what the scenario leads to
 */
export async function inWorld(
  options: WorldOptions,
  play: (world: TestWorld) => Promise<Ending>,
): Promise<void> {
  const world = await openWorld(options, (its) => its.kill());
  try {
    await world.expectSound(await play(world));
  } finally {
    await world.close();
  }
}
