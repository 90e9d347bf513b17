import { describeStop, type StoppedTask } from '../rollout/judge/evidence.ts';
import type { BadEnd, Moment } from './incident.ts';

/** One deployment of the service, as ECS remembers it. */
export interface Deployed {
  /** `family:revision` */
  readonly runs: string;
  /** AWS's word. */
  readonly status: string;
  readonly startedAt: number;
}

/** What the service is set to run, and what it ran, newest first. */
export interface Past {
  readonly runs: string;
  readonly history: readonly Deployed[];
  readonly events: readonly Moment[];
}

/** Which revision failed, and which is the good one. */
export interface Sides {
  readonly failed: string | undefined;
  readonly good: string | undefined;
}

/**
 * Which revision is which, as far as nobody has said it.
 *
 * @param given what the inputs or the record say
 */
export function sidesOf(outcome: BadEnd, given: Sides, past: Past | undefined): Sides {
  if (!past) return given;
  const { runs, history } = past;
  // The outputs of rollback name them the other way round: what runs after a rollback is not what has failed.
  const mixed = outcome === 'rolled-back' && given.failed === runs && given.good !== undefined;
  if (mixed && given.good !== runs) return { failed: given.good, good: given.failed };
  const stillThere = outcome === 'failed' || outcome === 'rollback-failed';
  const other = (not: string | undefined, status = /./) =>
    history.find((each) => each.runs !== not && status.test(each.status))?.runs;
  const failed = given.failed ?? (stillThere ? runs : takenBack(other(runs), past));
  const good =
    given.good ?? (outcome === 'rolled-back' && runs !== failed ? runs : other(failed, /^SUCCESSFUL$/));
  return { failed, good };
}

/** What ran before, unless it looks as if the service had only gone forward from it: then a canary was taken back. */
function takenBack(before: string | undefined, { runs, history }: Past): string | undefined {
  const at = history.findIndex((each) => each.runs === before);
  const returned = history.slice(at + 1).some((each) => each.runs === runs);
  const byEcs = history[at]?.status.startsWith('ROLLBACK') ?? false;
  const [family, number] = (before ?? '').split(':');
  const [runsFamily, runsNumber] = runs.split(':');
  const newer = family === runsFamily && Number(number) > Number(runsNumber);
  return returned || byEcs || newer ? before : undefined;
}

/** A task of the failed revision; 0 and `undefined` where it is not known. */
interface FailedTask {
  readonly createdAt: number;
  readonly stoppedAt?: number;
}

/** When it was decided that a release is no good. */
export interface Times {
  /** ms since the epoch */
  readonly at: number | undefined;
  /** `about`: only that it was near. */
  readonly atIs: 'known' | 'about';
  /** When the service had what it was given back in all its tasks. */
  readonly backAt: number | undefined;
}

/** ECS starts tasks of a deployment for so long after it was asked for another one, in ms. */
const LAG_MS = 60_000;

/**
 * When a release was rolled back, as far as ECS tells it. Where the service itself had the release, it was given the
 * former revision by a deployment. A canary's end is none: only its tasks, which are stopped then, tell of it.
 *
 * @param tasks those of the failed revision that ECS remembers
 */
export function timesOf(
  outcome: BadEnd,
  past: Past | undefined,
  failed: string | undefined,
  tasks: readonly FailedTask[],
): Times {
  const unknown: Times = { at: undefined, atIs: 'about', backAt: undefined };
  if (outcome !== 'rolled-back' || failed === undefined) return unknown;
  const back = past && givenBack(past, failed);
  if (back && !tasks.some(({ createdAt }) => createdAt > back.startedAt + LAG_MS)) {
    const done = past.events
      .filter(({ at, text }) => at >= back.startedAt && /deployment completed/.test(text))
      .map(({ at }) => at);
    return {
      at: back.startedAt,
      atIs: 'known',
      backAt: done.length > 0 ? Math.min(...done) : undefined,
    };
  }
  const stops = tasks.flatMap(({ stoppedAt }) => stoppedAt ?? []).filter((at) => at > 0);
  return stops.length > 0 ? { ...unknown, at: Math.max(...stops) } : unknown;
}

/** The deployment that took the place of the failed revision; what came later may have started its tasks anew. */
function givenBack({ runs, history }: Past, failed: string): Deployed | undefined {
  const next = history.findIndex((each) => each.runs !== runs);
  return history[next]?.runs === failed ? history[next - 1] : undefined;
}

const AROUND_MS = 2 * 3_600_000;
const MOST_STOPS = 5;

/**
 * What happened to the service around the incident, where no record tells it, and when tasks stopped.
 *
 * @param recorded the timeline of the record
 */
export function withEcs(
  recorded: readonly Moment[],
  stops: readonly StoppedTask[],
  past: Past | undefined,
  at: number,
): readonly Moment[] {
  const near = ({ at: when }: Moment) => Math.abs(when - at) <= AROUND_MS;
  const deployments = (past?.history ?? []).map(({ runs, status, startedAt }) => ({
    at: startedAt,
    text: `ECS began to deploy ${runs} (${status.toLowerCase().replaceAll('_', ' ')})`,
  }));
  const stopped = stops
    .filter(({ stoppedAt }) => stoppedAt > 0)
    .toSorted((a, b) => a.stoppedAt - b.stoppedAt)
    .slice(0, MOST_STOPS)
    .map((task) => ({ at: task.stoppedAt, text: describeStop(task) }));
  const beside = recorded.length > 0 ? [] : [...deployments, ...(past?.events ?? [])];
  return [...recorded, ...stopped, ...beside.filter(near)].toSorted((a, b) => a.at - b.at);
}
