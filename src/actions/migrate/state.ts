import type { MigrationRecord } from '../../migrations/entry.ts';
import type { Reporter } from '../../ports.ts';

/** What the post step needs to know to end what the main step could not. */
export interface PostState {
  readonly cluster: string;
  readonly lock: string;
  readonly runKey: string;
  readonly startedBy: string;
  /** ARNs of tasks that may still run; there may be others. */
  readonly tasks: readonly string[];
  /** What is put on record where the main step could not; nothing where no command has begun. */
  readonly record: MigrationRecord | undefined;
}

export const keepForPost = (reporter: Reporter, state: PostState): void =>
  reporter.saveState('migration', JSON.stringify(state));

/** Nothing is left for the post step. */
export const ended = (reporter: Reporter): void => reporter.saveState('ended', 'true');

/** `undefined` when the main step never took the lock, or has let it go. */
export function fromMain(reporter: Reporter): PostState | undefined {
  const text = reporter.state('migration');
  return text === '' || reporter.state('ended') === 'true' ? undefined : (JSON.parse(text) as PostState);
}
