import { Cron } from 'croner';
import { parseSchedule } from './expression.ts';

/** Something that AWS does by a schedule. Times in ms since the epoch. */
export interface Scheduled {
  /** `cron(...)`, `rate(...)` or `at(...)`, as AWS takes them. */
  readonly schedule: string;
  /** IANA's name; UTC where there is none. */
  readonly timezone?: string;
  readonly startsAt?: number;
  readonly endsAt?: number;
  /** A rate without a start counts from here. */
  readonly createdAt: number;
}

/**
 * The last time that it was due after `after` and not later than `until`; `undefined` where it was not, or where the
 * schedule cannot be understood. A time that a change to summer time leaves out comes right after it, one that occurs
 * twice in autumn comes once.
 */
export function lastDue(scheduled: Scheduled, after: number, until: number): number | undefined {
  const from = Math.max(after, (scheduled.startsAt ?? 0) - 1);
  const to = Math.min(until, scheduled.endsAt ?? Number.POSITIVE_INFINITY);
  if (to <= from) return undefined;
  const due = before(scheduled, to + 1);
  return due !== undefined && due > from ? due : undefined;
}

/** The first time that it is due after `after` and not later than `until`. */
export function firstDue(scheduled: Scheduled, after: number, until: number): number | undefined {
  const from = Math.max(after, (scheduled.startsAt ?? 0) - 1);
  const to = Math.min(until, scheduled.endsAt ?? Number.POSITIVE_INFINITY);
  if (to <= from) return undefined;
  const due = next(scheduled, from);
  return due !== undefined && due <= to ? due : undefined;
}

/** Whether it can be told when it is due. */
export const isUnderstood = (scheduled: Scheduled): boolean =>
  rate(scheduled) !== undefined ||
  onceAt(scheduled) !== undefined ||
  quietly(() => cron(scheduled)?.match(new Date(scheduled.createdAt))) !== undefined;

function before(scheduled: Scheduled, time: number): number | undefined {
  const every = rate(scheduled);
  if (every) {
    const count = Math.ceil((time - every.first) / every.everyMs) - 1;
    return count < 0 ? undefined : every.first + count * every.everyMs;
  }
  const once = onceAt(scheduled);
  if (once !== undefined) return once < time ? once : undefined;
  return quietly(() => cron(scheduled)?.previousRuns(1, second(time))[0]?.getTime());
}

function next(scheduled: Scheduled, time: number): number | undefined {
  const every = rate(scheduled);
  if (every) {
    const count = Math.max(0, Math.floor((time - every.first) / every.everyMs) + 1);
    return every.first + count * every.everyMs;
  }
  const once = onceAt(scheduled);
  if (once !== undefined) return once > time ? once : undefined;
  return quietly(() => cron(scheduled)?.nextRun(new Date(time))?.getTime());
}

/** croner counts in whole seconds: one that has begun is rounded up, so that what is due in it lies before it. */
const second = (time: number): Date => new Date(Math.ceil(time / 1000) * 1000);

function rate({ schedule, startsAt, createdAt }: Scheduled) {
  const parsed = parseSchedule(schedule);
  if (parsed?.kind !== 'rate') return undefined;
  return { everyMs: parsed.everyMs, first: startsAt ?? createdAt + parsed.everyMs };
}

function onceAt({ schedule, timezone = 'UTC' }: Scheduled): number | undefined {
  const parsed = parseSchedule(schedule);
  if (parsed?.kind !== 'at') return undefined;
  return quietly(() => new Cron(parsed.local, { timezone, paused: true }).getOnce()?.getTime());
}

function cron({ schedule, timezone = 'UTC' }: Scheduled): Cron | undefined {
  const parsed = parseSchedule(schedule);
  if (parsed?.kind !== 'cron') return undefined;
  return new Cron(parsed.pattern, { timezone, paused: true, domAndDow: true, mode: '7-part' });
}

/** A time zone, or a pattern, that is not known here is nothing that a rollout may fail by. */
function quietly<T>(compute: () => T | undefined): T | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}
