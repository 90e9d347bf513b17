import { createHash } from 'node:crypto';
import { PRESETS } from '../../migrations/presets.ts';
import type { Inputs, Words } from './inputs.ts';

/** What tells a migration of a workflow run from all others. */
export interface Identity {
  /** The same for every attempt of the same step of the same run. */
  readonly runKey: string;
  /** Who started a task, as ECS keeps it: at most 36 characters. */
  readonly startedBy: string;
  /** Makes RunTask idempotent: one for each command and each time that it is begun anew. */
  token(step: string, generation: number): string;
}

/**
 * Every attempt of a run names its migration alike, and so finds what an earlier one has started. The jobs of a matrix
 * are told apart by their inputs alone: to GitHub they are one job.
 */
export function identityOf(inputs: Inputs, env: NodeJS.ProcessEnv): Identity {
  const {
    GITHUB_REPOSITORY: repository = '',
    GITHUB_RUN_ID: run,
    GITHUB_JOB: job = '',
    GITHUB_ACTION: step = '',
  } = env;
  // Outside of GitHub nothing tells one run from the next.
  const own = run ?? `local-${process.pid}`;
  const { lock, undo, commands, cluster, service, source, container, environment } = inputs;
  // Built anew, an image has another digest, and perhaps another tag.
  const images = inputs.images.map((each) => [
    each.container,
    each.image?.replace(/@.*$/, '').replace(/:[^/:]*$/, ''),
  ]);
  const what = { undo, commands, cluster, service, source, images, container, environment };
  const runKey = digest(repository, own, job, step, lock, JSON.stringify(what)).slice(0, 32);
  return {
    runKey,
    startedBy: `deploy-actions/${own}`.slice(0, 36),
    token: (name, generation) => digest(runKey, name, String(generation)).slice(0, 32),
  };
}

const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** A command for the job's log, in which the runner masks secrets: words that need quotes as JSON. */
export function commandText(command: Words | undefined): string {
  if (command === undefined) return "the container's own program";
  return command.every((word) => /^[\w./:=,@%+-]+$/.test(word)) ? command.join(' ') : JSON.stringify(command);
}

/**
 * What a command is called where the runner masks nothing, such as in AWS: words that a user gave may be secrets, all but
 * the name of the program.
 */
export function publicName(command: Words | undefined): string {
  if (command === undefined) return "the container's own program";
  if (ofPresets.has(command)) return command.join(' ');
  const last = command[0]?.split('/').at(-1) ?? '';
  // Anything else is no program: a whole command in one word, or a URL.
  const program = /^[\w.+-]+$/.test(last) ? last : 'a command';
  return command.length > 1 ? `${program} ...` : program;
}

const ofPresets: ReadonlySet<Words | undefined> = new Set(
  Object.values(PRESETS).flatMap(({ command, undo, status, verify }) => [
    command,
    undo,
    status?.command,
    verify?.command,
  ]),
);
