/** A lognormal latency by its median and its 95th percentile, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
}

/** What a health check gets to see. `status` answers with a code, `timeout` never answers, `refused` is a closed port. */
export type HealthAnswer =
  | { readonly kind: 'passing' }
  | { readonly kind: 'status'; readonly code: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'refused' };

/** How a revision answers requests. */
export interface Conduct {
  /** Share of requests answered with 5xx, 0 to 1. */
  readonly errorRate: number;
  /** Share of requests answered with 4xx, 0 to 1. */
  readonly clientErrorRate: number;
  /** Share of requests whose connection is closed without an answer, 0 to 1: the load balancer answers them 502. */
  readonly unansweredRate: number;
  readonly latency: Latency;
  /** Requests per second at which one task uses all of its CPU; beyond it requests slow down and fail. */
  readonly capacity: number;
  /** Share of the task's memory in use, 0 to 1. */
  readonly memory: number;
  readonly healthCheck: HealthAnswer;
}

/** A moment in the life of a task or of a release. With both given, both must be reached. */
export interface Moment {
  /** Milliseconds since the task's containers started. */
  readonly age?: number;
  /** Share of the load balancer's requests that the revision gets, 0 to 1. */
  readonly share?: number;
}

/** What a revision does differently between two moments. */
export interface Change extends Partial<Conduct> {
  readonly from: Moment;
  readonly until?: Moment;
}

/** A line that a container writes again and again. */
export interface LogHabit {
  readonly line: string;
  /** Milliseconds after the container's start. */
  readonly after: number;
  /** Milliseconds between two of them; without it the line is written once. */
  readonly every?: number;
}

/** How a container ends by itself: right at its start, or some time after it. */
export interface Crash {
  /** Milliseconds after the container's start; 0 means on start. */
  readonly after: number;
  readonly exitCode: number;
  /** Container's reason, such as an OutOfMemoryError. */
  readonly reason?: string;
}

/** How a task is stopped from outside. */
export interface Stop {
  /** Milliseconds after the task began to run. */
  readonly after: number;
  /** AWS, which takes Fargate Spot capacity back, or a person. */
  readonly by: 'spot' | 'user';
  /** What the person says. */
  readonly reason?: string;
}

/** How the tasks of an image behave. */
export interface Behaviour extends Conduct {
  /** Milliseconds between the container's start and the first request it can answer. */
  readonly startup: number;
  /** Milliseconds between SIGTERM and the container's exit; longer than the stop time-out ends in SIGKILL, exit code 137. */
  readonly shutdown: number;
  /** Exit code after SIGTERM. */
  readonly stopExitCode: number;
  /** Whether the image can be pulled: `failing` if there is none, `unreachable` if no route leads to its registry. */
  readonly pull: 'ok' | 'failing' | 'unreachable';
  /** The execution role may not read the container's secrets. */
  readonly secrets?: 'denied';
  readonly crash?: Crash;
  /** Somebody else stops the task. */
  readonly stop?: Stop;
  readonly changes: readonly Change[];
  /** What it writes to its log; nothing else. */
  readonly logs?: readonly LogHabit[];
}

/** A sound, quick web application. */
export const STEADY: Behaviour = {
  errorRate: 0,
  clientErrorRate: 0.01,
  unansweredRate: 0,
  latency: { p50: 40, p95: 120 },
  capacity: 100,
  memory: 0.4,
  healthCheck: { kind: 'passing' },
  startup: 8_000,
  shutdown: 1_500,
  stopExitCode: 0,
  pull: 'ok',
  changes: [],
};

const reached = (moment: Moment, age: number, share: number): boolean =>
  // A weight of 25% splits requests evenly over tasks, so the measured share may miss the mark by a hair.
  age >= (moment.age ?? 0) && share >= (moment.share ?? 0) - 0.002;

const resolved = new WeakMap<Behaviour, Map<string, Conduct>>();

/**
 * How the revision answers at a moment. Equal answers are the same object.
 *
 * @param age milliseconds since the task's containers started
 * @param share of the load balancer's requests that the revision gets, 0 to 1
 */
export function conductAt(behaviour: Behaviour, age: number, share: number): Conduct {
  if (behaviour.changes.length === 0) return behaviour;
  const active = behaviour.changes.filter(
    ({ from, until }) => reached(from, age, share) && !(until !== undefined && reached(until, age, share)),
  );
  if (active.length === 0) return behaviour;
  const key = active.map((change) => behaviour.changes.indexOf(change)).join();
  const known = resolved.get(behaviour) ?? new Map<string, Conduct>();
  resolved.set(behaviour, known);
  const conduct: Conduct = known.get(key) ?? Object.assign({}, behaviour, ...active);
  known.set(key, conduct);
  return conduct;
}

/**
 * Finds what is said of an image: of the whole image, of its last path segment (`app:v2` for `registry/team/app:v2`),
 * of its tag alone (`v2`), or of all images of its repository (`app`).
 */
export function byImage<Said>(image: string, said: Readonly<Record<string, Said>>): Said | undefined {
  const name = image.slice(image.lastIndexOf('/') + 1);
  const tag = name.slice(name.lastIndexOf(':') + 1);
  const [repository = ''] = name.split(/[:@]/);
  return said[image] ?? said[name] ?? said[tag] ?? said[repository];
}

/** An image's behaviour. */
export const behaviourOf = (image: string, behaviours: Readonly<Record<string, Behaviour>>): Behaviour =>
  byImage(image, behaviours) ?? STEADY;
