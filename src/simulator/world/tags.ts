import type { Kernel } from './kernel.ts';
import { StaleViews } from './stale-views.ts';

/** The tags of every resource of the account, by ARN. Reads through `read` and `tagged` lag behind writes. */
export class TagStore {
  readonly #tags = new Map<string, ReadonlyMap<string, string>>();
  readonly #views: StaleViews<ReadonlyMap<string, string>>;

  constructor(kernel: Kernel) {
    this.#views = new StaleViews(kernel);
  }

  /** Adds tags or changes the values of existing ones. */
  add(arn: string, tags: Iterable<readonly [key: string, value: string]>): void {
    const before = this.#tags.get(arn);
    const after = new Map(before);
    for (const [key, value] of tags) after.set(key, value);
    this.#views.remember(arn, before);
    this.#tags.set(arn, after);
  }

  remove(arn: string, keys: Iterable<string>): void {
    const before = this.#tags.get(arn);
    if (before === undefined) return;
    const after = new Map(before);
    for (const key of keys) after.delete(key);
    this.#views.remember(arn, before);
    this.#tags.set(arn, after);
  }

  /** Forgets a resource that was deleted. */
  forget(arn: string): void {
    this.#views.remember(arn, this.#tags.get(arn));
    this.#tags.delete(arn);
  }

  /** Whether the resource truly has the tags, whatever describes show. */
  current(arn: string): ReadonlyMap<string, string> {
    return this.#tags.get(arn) ?? new Map();
  }

  /** The tags as a describe shows them now, in the order in which they were added. */
  read(arn: string): [key: string, value: string][] {
    return [...(this.#views.read(arn, this.#tags.get(arn)) ?? [])];
  }

  /** Every resource that a describe shows with at least one tag, in the order of the ARNs. */
  tagged(): { arn: string; tags: [key: string, value: string][] }[] {
    const ghosts = this.#views.ghosts((arn) => this.#tags.has(arn));
    return [...this.#tags.keys(), ...ghosts]
      .sort()
      .map((arn) => ({ arn, tags: this.read(arn) }))
      .filter(({ tags }) => tags.length > 0);
  }
}
