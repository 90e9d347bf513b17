import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Period } from '../rollout/judge/evidence.ts';

/** A record with its entries, kept in a file that outlives the process. */
export class RecordFile<Recorded extends { readonly entries: readonly object[] }> {
  readonly path: string;
  readonly #what: string;
  readonly #warn: (message: string) => void;
  readonly #record: Recorded;
  readonly #newest = new Map<string, readonly Period[]>();
  readonly #minutes = new Map<string, string>();
  /** What is recorded does not change any more, so each entry is made a line of once. */
  readonly #lines: string[] = [];
  #unwritable = false;

  /** @param what it is a record of, for a warning */
  constructor(record: Recorded, path: string, what: string, warn: (message: string) => void) {
    this.#record = record;
    this.path = path;
    this.#what = what;
    this.#warn = warn;
  }

  /** Minutes that were not recorded yet, or otherwise: late metrics change what was said before. */
  fresh(side: string, periods: readonly Period[]): readonly Period[] {
    if (this.#newest.get(side) === periods) return [];
    this.#newest.set(side, periods);
    return periods.filter((period) => {
      const key = `${side} ${period.start}`;
      const text = JSON.stringify(period);
      if (this.#minutes.get(key) === text) return false;
      this.#minutes.set(key, text);
      return true;
    });
  }

  /**
   * Writes the record, an entry a line, so that a reader never sees half of it. A disk that is full must not keep a
   * release from being taken back, so a record that cannot be written is warned about, once.
   */
  save(): void {
    try {
      this.#write();
    } catch (error) {
      if (this.#unwritable) return;
      this.#unwritable = true;
      this.#warn(
        `The record of the ${this.#what} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #write(): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const draft = `${this.path}.part`;
    const { entries, ...head } = this.#record;
    for (const entry of entries.slice(this.#lines.length)) this.#lines.push(JSON.stringify(entry));
    writeFileSync(
      draft,
      `${JSON.stringify(head).slice(0, -1)},"entries":[\n${this.#lines.join(',\n')}\n]}\n`,
    );
    renameSync(draft, this.path);
  }
}
