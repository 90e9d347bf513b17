import type { EcsTask, TaskContainer } from '../ports.ts';
import { exitCodeMeaning, quoted, startFailure, stopCause } from './stop-reasons.ts';

/** How a task ended; see `TaskEnd`. */
export interface Verdict {
  readonly verdict: 'succeeded' | 'failed' | 'never-started' | 'stopped';
  readonly exitCode?: number;
  readonly why: string;
  readonly fix?: string;
  readonly ran: boolean;
}

/** What was seen of a task before. */
export interface Seen {
  /** The verdict container was running. */
  readonly running: boolean;
  /** Another container that had ended while the verdict container still ran. */
  readonly endedFirst?: TaskContainer;
}

/** Adds what one look at the task shows. */
export function look(seen: Seen, task: EcsTask, container: string): Seen {
  const own = containerOf(task, container);
  const running = own?.status === 'RUNNING';
  const other = running
    ? task.containers.find(
        ({ name, status, exitCode }) => name !== container && status === 'STOPPED' && exitCode !== undefined,
      )
    : undefined;
  const endedFirst = seen.endedFirst ?? (task.stopping ? other : undefined);
  return { running: seen.running || running, ...(endedFirst && { endedFirst }) };
}

/**
 * The verdict on a task, as soon as there is one: the container has an exit code, or the task has stopped without.
 * Who stopped it, where this run did, the caller knows.
 */
export function verdictOf(task: EcsTask, container: string, seen: Seen): Verdict | undefined {
  const own = containerOf(task, container);
  if (own?.exitCode !== undefined && own.status === 'STOPPED') return ended(task, own, own.exitCode, seen);
  // What failed to start has nothing to end, however long ECS takes to put it away.
  const failedToStart = task.stopCode === 'TaskFailedToStart' && task.stopping && !seen.running;
  if (task.status !== 'STOPPED' && !failedToStart) return undefined;
  if (seen.running || (task.startedAt !== undefined && !startReason(task, own))) return lost(task, container);
  return neverStarted(task, container, own);
}

const containerOf = (task: EcsTask, name: string): TaskContainer | undefined =>
  task.containers.find((container) => container.name === name);

/** AWS's words on a container that could not be started, which may carry an exit code all the same. */
const startReason = (task: EcsTask, own: TaskContainer | undefined): string | undefined =>
  [own?.reason, task.stopCode === 'TaskFailedToStart' ? task.stoppedReason : undefined].find(
    (reason) =>
      reason !== undefined && /Cannot\w+Error|ResourceInitializationError|TimeoutError/.test(reason),
  );

function ended(task: EcsTask, own: TaskContainer, exitCode: number, seen: Seen): Verdict {
  if (exitCode !== 0 && !seen.running && startReason(task, own)) {
    return { ...neverStarted(task, own.name, own), exitCode };
  }
  const outside = interruption(task, own, seen);
  const code = `Container ${own.name} ended with exit code ${exitCode}`;
  if (outside) {
    const doubt =
      exitCode === 0 ? ' after it was told to stop, which does not say that it finished its work' : '';
    return {
      verdict: 'stopped',
      exitCode,
      why: `${outside.meaning} ${code}${doubt}.`,
      fix: outside.fix,
      ran: true,
    };
  }
  if (exitCode === 0) return { verdict: 'succeeded', exitCode, why: `${code}.`, ran: true };
  const { meaning, fix } = exitCodeMeaning(exitCode, own.reason ?? memoryReason(task));
  const words = own.reason === undefined ? '' : ` AWS says: ${quoted(own.reason)}.`;
  return {
    verdict: 'failed',
    exitCode,
    why: [`${code}.`, meaning].filter(Boolean).join(' ') + words,
    ...(fix !== undefined && { fix }),
    ran: true,
  };
}

/** A limit of the whole task is told of in the reason of its stop. */
const memoryReason = ({ stoppedReason = '' }: EcsTask): string | undefined =>
  /OutOfMemory/i.test(stoppedReason) ? stoppedReason : undefined;

/** Why a run stops a task whose container has ended and does not end the task, as it is not essential. */
export const endedReason = (container: string): string => `container ${container} has ended`;

/** What ended the task before its container did, if anything else than the container itself. */
function interruption(
  task: EcsTask,
  own: TaskContainer,
  { endedFirst }: Seen,
): { readonly meaning: string; readonly fix: string } | undefined {
  if (task.stoppedReason?.includes(endedReason(own.name))) return undefined;
  const known = stopCause(task.stopCode, task.stoppedReason);
  if (known) return { meaning: `${known.meaning}${awsSays(task)}`, fix: known.fix };
  if (!endedFirst) return undefined;
  return {
    meaning: `Container ${endedFirst.name} ended first, with exit code ${endedFirst.exitCode}, and took the task with it: it is essential.${awsSays(task)}`,
    fix: `Set "essential": false for ${endedFirst.name} in a task definition for this task, or run one without it; ${own.name} alone should decide.`,
  };
}

const awsSays = ({ stoppedReason }: EcsTask): string =>
  stoppedReason ? ` AWS says: ${quoted(stoppedReason)}.` : '';

function neverStarted(task: EcsTask, container: string, own: TaskContainer | undefined): Verdict {
  // The reason of a container says more than that of the task; another container's may have kept ours from starting.
  const others = task.containers.filter(({ name, reason }) => name !== container && reason !== undefined);
  const [source, words] = own?.reason
    ? [container, own.reason]
    : others[0]?.reason && !stopCause(task.stopCode)
      ? [others[0].name, others[0].reason]
      : [container, task.stoppedReason ?? ''];
  const known = startFailure(words) ?? startFailure(task.stoppedReason ?? '');
  const outside = stopCause(task.stopCode, task.stoppedReason);
  const failedOther = others.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0);
  const exit = task.containers.find(({ name, exitCode }) => name !== container && exitCode !== undefined);
  const meaning = known
    ? source === container
      ? ` ${known.meaning}`
      : ` Container ${source} kept it from starting. ${known.meaning.replace(/^It\b/, source).replace(/^Its\b/, 'Its')}`
    : outside
      ? ` ${outside.meaning}`
      : exit
        ? ` Container ${exit.name} ended before, with exit code ${exit.exitCode}.`
        : '';
  const said = words || task.stoppedReason || '';
  const fix =
    known?.fix ??
    outside?.fix ??
    (failedOther || exit
      ? `Look at the log of ${exit?.name ?? failedOther?.name}, or run a task definition without it.`
      : undefined);
  return {
    verdict: 'never-started',
    why: `Container ${container} never ran.${meaning}${said ? ` AWS says: ${quoted(said)}.` : ' AWS gives no reason.'}`,
    ...(fix !== undefined && { fix }),
    ran: false,
  };
}

/** It ran, and how it ended nobody knows. */
function lost(task: EcsTask, container: string): Verdict {
  const known = stopCause(task.stopCode, task.stoppedReason);
  return {
    verdict: 'stopped',
    why: `${known ? `${known.meaning} ` : ''}The task stopped, and ECS has no exit code of container ${container}: how far it came is not known.${awsSays(task)}`,
    fix: known?.fix ?? 'Look at the end of its log for how far it came.',
    ran: true,
  };
}

/** This run stopped the task. */
export type Interruption =
  | { readonly kind: 'timed-out'; readonly after: string }
  | { readonly kind: 'cancelled' };

/** The words on a task that this run has stopped, as far as it was seen. */
export function interruptedEnd(
  interruption: Interruption,
  { task, container, seen, gone }: { task: EcsTask; container: string; seen: Seen; gone: boolean },
): { readonly why: string; readonly ran: boolean; readonly exitCode?: number } {
  const cause =
    interruption.kind === 'cancelled'
      ? 'The run was cancelled and stopped the task.'
      : `The task had not ended after ${interruption.after} and was stopped.`;
  const own = containerOf(task, container);
  if (own?.exitCode !== undefined && own.status === 'STOPPED') {
    const { exitCode } = own;
    const meaning = exitCode === 143 ? '' : exitCodeMeaning(exitCode, own.reason).meaning;
    const told =
      exitCode === 0
        ? 'ended with exit code 0 all the same: it may have finished its work, or given it up in good order'
        : `ended with exit code ${exitCode}${exitCode === 143 ? ', told to stop (SIGTERM)' : ''}`;
    return {
      why: [cause, `Container ${container} ${told}.`, meaning].filter(Boolean).join(' '),
      ran: true,
      exitCode,
    };
  }
  // By then no container is left to start.
  const over = task.status === 'STOPPED' || task.status === 'DEPROVISIONING';
  if (over && !seen.running && task.startedAt === undefined) {
    return { why: `${cause} Container ${container} never ran.`, ran: false };
  }
  if (task.status === 'STOPPED') {
    return {
      why: `${cause} ECS has no exit code of container ${container}: how far it came is not known.`,
      ran: true,
    };
  }
  const state = gone ? 'ECS no longer tells of it' : `it was ${task.status} when it was seen last`;
  return {
    why: `${cause} Its end was not seen: ${state}. Container ${container} may still be ending.`,
    ran: true,
  };
}
