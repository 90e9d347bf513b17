import type { Kernel } from './kernel.ts';

interface PastView<View> {
  readonly until: number;
  readonly view: View | undefined;
}

/**
 * Eventual consistency: describes may answer with the state before a write until the write has spread
 * (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html and others say so).
 * Reads never go back in time: of two writes the later never becomes visible first.
 */
export class StaleViews<View> {
  readonly #kernel: Kernel;
  readonly #past = new Map<string, PastView<View>[]>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Called before a write: `view` is what a describe has answered so far, `undefined` if there was nothing. */
  remember(key: string, view: View | undefined): void {
    const lag = this.#kernel.consistencyLag();
    if (lag <= 0) return;
    const now = this.#kernel.events.now;
    const past = this.#live(key, now);
    past.push({ until: Math.max(now + lag, past.at(-1)?.until ?? 0), view });
    this.#past.set(key, past);
  }

  /** What a describe answers now for a thing whose true state is `current`. */
  read(key: string, current: View | undefined): View | undefined {
    const past = this.#live(key, this.#kernel.events.now);
    if (past.length === 0) {
      this.#past.delete(key);
      return current;
    }
    this.#past.set(key, past);
    return past[0]?.view;
  }

  /** Keys of things that a describe still shows although they are gone. */
  ghosts(exists: (key: string) => boolean): string[] {
    return [...this.#past.keys()].filter((key) => !exists(key) && this.read(key, undefined) !== undefined);
  }

  #live(key: string, now: number): PastView<View>[] {
    return (this.#past.get(key) ?? []).filter((view) => view.until > now);
  }
}
