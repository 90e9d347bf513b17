import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordEntry, RolloutRecord } from '../report/record.ts';

export type DecisionEntry = RecordEntry & { readonly kind: 'decision' };

/** Follows the record that a rollout writes into its job's directory while it runs. */
export class FollowedRecord {
  readonly #directory: string;
  #told = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(): RolloutRecord | undefined {
    const folder = join(this.#directory, 'deploy-actions');
    if (!existsSync(folder)) return undefined;
    const [file] = globSync('rollout-*.json', { cwd: folder });
    if (file === undefined) return undefined;
    // A rename puts the file in place, so it is never half written.
    return JSON.parse(readFileSync(join(folder, file), 'utf8')) as RolloutRecord;
  }

  /** The decisions since the last time that this was asked. */
  news(): { readonly record: RolloutRecord; readonly decisions: readonly DecisionEntry[] } | undefined {
    const record = this.read();
    if (record === undefined) return undefined;
    const decisions = record.entries.slice(this.#told).filter((entry) => entry.kind === 'decision');
    this.#told = record.entries.length;
    return { record, decisions };
  }
}
