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
  const failed = given.failed ?? (stillThere ? runs : other(runs));
  const good =
    given.good ?? (outcome === 'rolled-back' && runs !== failed ? runs : other(failed, /^SUCCESSFUL$/));
  return { failed, good };
}

/** When the service was given back what it runs, and when it had it in all its tasks. */
export function timesOf(
  outcome: BadEnd,
  past: Past | undefined,
): { readonly at: number | undefined; readonly backAt: number | undefined } {
  const back = outcome === 'rolled-back' ? past?.history.find(({ runs }) => runs === past.runs) : undefined;
  if (!past || !back) return { at: undefined, backAt: undefined };
  const done = past.events
    .filter(({ at, text }) => at >= back.startedAt && /deployment completed/.test(text))
    .map(({ at }) => at);
  return { at: back.startedAt, backAt: done.length > 0 ? Math.min(...done) : undefined };
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
