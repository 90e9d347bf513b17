/** Something that will happen; `cancel` keeps it from happening. */
export interface Scheduled {
  cancel(): void;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/**
 * What is going to happen in the simulated world, in the order of its time; equal times keep the order in which
 * they were scheduled. Time stands still except in `advance`: there are no timers.
 */
export class EventQueue {
  #now: number;
  #order = 0;
  readonly #heap: Entry[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  /** The world's time in milliseconds since the epoch: of the event that runs, or of the last `advance`. */
  get now(): number {
    return this.#now;
  }

  /** Schedules `run` for the time `at` (ms); a time in the past means as soon as possible. */
  at(at: number, run: () => void): Scheduled {
    const entry: Entry = { at: Math.max(at, this.#now), order: this.#order++, run };
    this.#push(entry);
    return {
      cancel: () => {
        entry.run = undefined;
      },
    };
  }

  /** Schedules `run` in `delay` milliseconds. */
  after(delay: number, run: () => void): Scheduled {
    return this.at(this.#now + delay, run);
  }

  /** Runs everything that is due up to `until` (ms), including what those events schedule in turn. */
  advance(until: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      this.#now = next.at;
      next.run?.();
    }
    this.#now = Math.max(this.#now, until);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const smaller = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = smaller === right ? 2 * index + 2 : 2 * index + 1;
    }
    heap[index] = last;
  }
}
