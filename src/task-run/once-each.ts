import type { LogLine } from '../ports.ts';

/** How often each line was met; equal lines of the same millisecond cannot be told apart. */
class Count {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): number {
    const count = this.of(key) + 1;
    this.#counts.set(key, count);
    return count;
  }
}

const keyOf = ({ at, text }: LogLine): string => `${at} ${text}`;

/** A reading of a log from its beginning on, page by page. */
export interface Reading {
  /** @returns the lines of the page that are still to be shown, in their order */
  take(page: readonly LogLine[]): readonly LogLine[];
  /** How many lines the live side has shown that this reading has not met yet. */
  missing(): number;
}

/**
 * Brings the two ways together that a line may come: a live side, which may leave lines out, repeat them and mix their
 * order, and readings, which have them all. Once a reading is complete, every line has been shown exactly once.
 */
export class OnceEach {
  readonly #shown = new Count();
  /** How often a line was shown when the live side showed it last. */
  readonly #live = new Map<string, number>();

  /**
   * One update of the live side. A line that comes again in a later one is a repetition, or one that only a reading can
   * tell from it; equal lines in one update are as many as they are.
   *
   * @returns the lines that are new, by when they were written
   */
  live(lines: readonly LogLine[]): readonly LogLine[] {
    const inUpdate = new Count();
    const fresh = lines.filter((line) => {
      const key = keyOf(line);
      if (inUpdate.add(key) <= this.#shown.of(key)) return false;
      this.#shown.add(key);
      this.#live.set(key, this.#shown.of(key));
      return true;
    });
    return fresh.toSorted((a, b) => a.at - b.at);
  }

  reading(): Reading {
    const met = new Count();
    const unmet = new Map(this.#live);
    return {
      take: (page) =>
        page.filter((line) => {
          const key = keyOf(line);
          const count = met.add(key);
          if (count >= (unmet.get(key) ?? 0)) unmet.delete(key);
          if (count <= this.#shown.of(key)) return false;
          this.#shown.add(key);
          return true;
        }),
      missing: () => unmet.size,
    };
  }
}
