import type { Clock } from '../../src/clock.ts';
import type { LockRequest, LockWorld } from '../../src/migrations/lock.ts';
import type { EcsTask, Parameters, ParameterVersion, TaskOrder, Tasks } from '../../src/ports.ts';

/** 2026-11-21T22:00:00Z. */
export const START = Date.UTC(2026, 10, 21, 22);

/** Time that moves on only when everybody waits for it. */
export class EventClock {
  now = START;
  readonly #sleepers: { readonly at: number; readonly n: number; readonly wake: () => void }[] = [];
  #slept = 0;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted || ms <= 0) return Promise.resolve();
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    this.#sleepers.push({ at: this.now + ms, n: this.#slept++, wake });
    signal?.addEventListener('abort', () => wake(), { once: true });
    return promise;
  }

  /** Plays until nobody waits for anything, or the time is over. */
  async play(limitMs = 24 * 3_600_000): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      this.#sleepers.sort((a, b) => a.at - b.at || a.n - b.n);
      const [next] = this.#sleepers;
      if (!next || next.at > START + limitMs) return;
      this.#sleepers.shift();
      this.now = Math.max(this.now, next.at);
      next.wake();
    }
  }

  /** The clock of a machine that is fast by `skewMs`. */
  seenWith(skewMs: number): Clock {
    return {
      now: () => this.now + skewMs,
      sleep: (ms, signal) => this.sleep(ms, signal),
      scale: 1,
    };
  }
}

/** What the SDK throws when AWS does not answer. */
export const outage = (): Error =>
  Object.assign(new Error('socket hang up'), { $metadata: { attempts: 3 }, $fault: 'client' });

/** How Systems Manager and ECS behave; each number is asked for anew. */
export interface Weather {
  /** How long a call takes to have its effect, and its answer to come back, in ms. */
  readonly delay: () => number;
  /** How much later than that a write comes to pass, in ms: it was throttled on the way. */
  readonly late: () => number;
  /** How old the state is that a read shows, in ms. */
  readonly lag: () => number;
  readonly fails: () => 'before' | 'after' | undefined;
  /** How many versions are kept. */
  readonly kept: number;
}

export const CALM: Weather = {
  delay: () => 0,
  late: () => 0,
  lag: () => 0,
  fails: () => undefined,
  kept: 100,
};

interface Running {
  readonly task: EcsTask;
  readonly order: TaskOrder;
  stoppedAt: number;
}

/** Systems Manager and ECS, as far as the lock and its users need them. */
export class LockedCloud {
  readonly clock = new EventClock();
  readonly weather: Weather;
  readonly log: ParameterVersion[] = [];
  readonly tasks: Running[] = [];
  calls = 0;
  /** What happens beside a write of the log. */
  onWrite: () => void = () => undefined;

  constructor(weather: Weather = CALM) {
    this.weather = weather;
  }

  async #call<Result>(effect: () => Result, late = 0): Promise<Result> {
    const { delay, fails } = this.weather;
    this.calls++;
    await this.clock.sleep(delay() + late);
    const fault = fails();
    if (fault === 'before') throw outage();
    const result = effect();
    await this.clock.sleep(delay());
    if (fault === 'after') throw outage();
    return result;
  }

  parameters(): Parameters {
    return {
      history: () =>
        this.#call(() => {
          const until = this.clock.now - this.weather.lag();
          const visible = this.log.filter(({ at }) => at <= until);
          return visible.slice(-this.weather.kept);
        }),
      append: (_name, value) =>
        this.#call(() => {
          const version = this.log.length + 1;
          this.log.push({ version, value, at: this.clock.now });
          this.onWrite();
          return version;
        }, this.weather.late()),
      facts: async () => new Map(),
    };
  }

  ecs(): Tasks {
    return {
      ofService: () => Promise.reject(new Error('not asked for')),
      run: (order) => this.#call(() => this.#start(order)),
      describe: (_cluster, arns) =>
        this.#call(
          () =>
            new Map(
              this.tasks
                .filter(({ task }) => arns.includes(task.arn))
                .map((each) => [each.task.arn, this.#view(each)]),
            ),
        ),
      startedBy: (_cluster, startedBy) =>
        this.#call(() =>
          this.tasks
            .filter((each) => each.order.startedBy === startedBy && each.stoppedAt > this.clock.now)
            .map((each) => this.#view(each)),
        ),
      stop: () => Promise.resolve(),
    };
  }

  /** How long the command of the order takes, in ms. */
  readonly durations = new Map<string, number>();

  #start(order: TaskOrder): EcsTask {
    const known = this.tasks.find((each) => each.order.token === order.token);
    if (known) return this.#view(known);
    const id = String(this.tasks.length + 1).padStart(32, '0');
    const task: EcsTask = {
      arn: `arn:aws:ecs:eu-west-1:123456789012:task/prod/${id}`,
      cluster: 'prod',
      taskDefinition: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2',
      status: 'RUNNING',
      stopping: false,
      startedBy: order.startedBy,
      tags: order.tags,
      createdAt: this.clock.now,
      containers: [],
    };
    const running = {
      task,
      order,
      stoppedAt: this.clock.now + (this.durations.get(order.token) ?? 60_000),
    };
    this.tasks.push(running);
    return task;
  }

  #view({ task, stoppedAt }: Running): EcsTask {
    return stoppedAt <= this.clock.now ? { ...task, status: 'STOPPED', stoppedAt } : task;
  }

  /** The world of a run whose clock is wrong by `skewMs`. */
  world(said: string[] = [], skewMs = 0, cancelled = new AbortController().signal): LockWorld {
    return {
      parameters: this.parameters(),
      tasks: this.ecs(),
      clock: this.clock.seenWith(skewMs),
      say: (line) => said.push(line),
      cancelled,
    };
  }
}

export const request = (run: number, attempt = 1, more: Partial<LockRequest> = {}): LockRequest => ({
  runKey: `key-${run}`,
  holder: `https://github.com/org/web/actions/runs/${run}/attempts/${attempt}`,
  cluster: 'prod',
  startedBy: `deploy-actions/${run}`,
  waitMs: 3_600_000,
  plan: { command: 'alembic upgrade head', service: 'web', backups: [] },
  ...more,
});

export const order = (run: number, token: string): TaskOrder => ({
  cluster: 'prod',
  taskDefinition: 'web:2',
  placement: {},
  container: 'web',
  startedBy: `deploy-actions/${run}`,
  tags: {},
  token,
});
