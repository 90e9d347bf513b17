import type { Change, Crash, HealthAnswer, Latency, LogHabit, Moment, Stop } from '../traffic/behaviour.ts';
import type { ScenarioBehaviour } from './scenario.ts';
import {
  duration,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  type Reader,
  required,
  share,
  text,
  whole,
  withDefault,
  wrong,
} from './shape.ts';

const latency = object<Latency>({ p50: required(duration), p95: required(duration) });

/** `passing`, `timeout`, `refused`, or the code that the check is answered with. */
const healthCheck: Reader<HealthAnswer> = (value, path) => {
  if (typeof value === 'number') return { kind: 'status', code: whole(100, 599)(value, path) };
  if (value === 'passing' || value === 'timeout' || value === 'refused') return { kind: value };
  throw wrong(path, 'passing, timeout, refused or a status code', value);
};

interface CrashInFile {
  readonly after: number;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly outOfMemory?: boolean;
}

const crashInFile = object<CrashInFile>({
  after: withDefault(duration, 0),
  exitCode: optional(whole(0, 255)),
  reason: optional(text),
  outOfMemory: optional(flag),
});

/** `onStart`, or after a time; `outOfMemory` gives it the exit code and the words of a task that used too much. */
const crash: Reader<Crash> = (value, path) => {
  if (value === 'onStart') return { after: 0, exitCode: 1 };
  const { after, exitCode, reason, outOfMemory } = crashInFile(value, path);
  if (outOfMemory) {
    return { after, exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' };
  }
  return { after, exitCode: exitCode ?? 1, ...(reason === undefined ? {} : { reason }) };
};

const moment = object<Moment>({ age: optional(duration), share: optional(share) });

const conduct = {
  errorRate: optional(share),
  clientErrorRate: optional(share),
  unansweredRate: optional(share),
  latency: optional(latency),
  capacity: optional(number(0.001)),
  memory: optional(share),
  healthCheck: optional(healthCheck),
} as const;

const change = object<Change>({ ...conduct, from: required(moment), until: optional(moment) });

/** How an image behaves, as a scenario file says it. */
export const behaviour = object<ScenarioBehaviour>({
  ...conduct,
  startup: optional(duration),
  shutdown: optional(duration),
  stopExitCode: optional(whole(0, 255)),
  pull: optional(oneOf('ok', 'failing', 'unreachable')),
  secrets: optional(oneOf('denied')),
  stop: optional(
    object<Stop>({ after: required(duration), by: required(oneOf('spot', 'user')), reason: optional(text) }),
  ),
  crash: optional(crash),
  changes: optional(list(change)),
  logs: optional(
    list(
      object<LogHabit>({ line: required(text), after: withDefault(duration, 0), every: optional(duration) }),
    ),
  ),
});
