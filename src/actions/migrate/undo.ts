import { ConfigError } from '../../errors.ts';
import { migrationsSince, readJournal } from '../../migrations/journal.ts';
import { lockParameter } from '../../migrations/lock.ts';
import type { Parameters } from '../../ports.ts';
import type { Inputs } from './inputs.ts';

/**
 * An undo takes away what running code may need and what users have written since: only somebody who knows that it does
 * neither lets it pass.
 *
 * @throws ConfigError with the way on, unless `compatible` says that it is safe
 */
export async function requireUndoable(inputs: Inputs, parameters: Parameters): Promise<void> {
  if (inputs.compatible === true) return;
  const journal = readJournal(await parameters.history(lockParameter(inputs.lock)));
  const [last] = migrationsSince(journal, 0).migrations;
  const backups = [...new Set([...inputs.backups, ...(last?.backups ?? [])])];
  const backup =
    backups.length > 0
      ? `The backup from before the last migration is ${backups.join(', ')}.`
      : 'No backup is known.';
  const verdict =
    inputs.compatible === false
      ? 'is false'
      : 'is not given, and nobody has said that the undo loses nothing';
  throw new ConfigError({
    input: 'compatible',
    message: `${verdict}; nothing was run. Fix forward: write a migration that repairs the schema, and release it. To undo all the same, make sure that the code that runs works without what the undo removes, and that nothing written since is lost, and set compatible: true, or let check-migrations judge the undo's SQL. ${backup}`,
  });
}
