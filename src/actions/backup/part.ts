import { progressOf, type Snapshot } from '../../backups/source.ts';
import { DeployError } from '../../errors.ts';
import type { Ordered, Snapshots } from '../../ports.ts';
import { formatDuration } from '../../rollout/duration.ts';

/** Reads lag behind writes: AWS may not show for so long what it has begun, in ms. */
const UNSEEN_MS = 120_000;
/** How often AWS may say that the state of things does not allow it, while it shows a state that does. */
const REFUSALS = 6;

/** One snapshot or copy that a backup consists of. */
export interface PartPlan {
  /** What it is in words: `snapshot`, `copy in eu-central-1`. */
  readonly what: string;
  /** Where it is made. */
  readonly snapshots: Snapshots;
  /** Names in the order in which they are tried. */
  name(nth: number): string;
  order(id: string): Promise<Ordered>;
  /** `mine` goes on with what has the name, `sibling` takes another name; `foreign` is left to whom it belongs. */
  belongs(snapshot: Snapshot): 'mine' | 'sibling' | 'foreign';
}

export type PartState =
  | { readonly kind: 'to-order'; readonly why?: string }
  | { readonly kind: 'working'; readonly snapshot: Snapshot; readonly seenAt: number }
  | { readonly kind: 'finished'; readonly snapshot: Snapshot };

export const nameTaken = (id: string, what: string): DeployError =>
  new DeployError(`the name ${id} is taken by a ${what} that this action has not made for it`, {
    next: `Rename or delete the snapshot ${id} if nobody needs it, or give this step another label.`,
  });

/** Makes one snapshot or copy, or goes on with the one that is there under its name, until it is finished. */
export class Part {
  readonly plan: PartPlan;
  #state: PartState = { kind: 'to-order' };
  #nth: number;
  #refusals = 0;
  /** Whether AWS may have begun it, for all that is known. */
  asked = false;

  constructor(plan: PartPlan, nth = 1, there?: Snapshot) {
    this.plan = plan;
    this.#nth = nth;
    if (there) this.see(there, Number.NEGATIVE_INFINITY);
  }

  get state(): PartState {
    return this.#state;
  }

  /** The name that is tried, or has been found. */
  get id(): string {
    return this.#state.kind === 'to-order' ? this.plan.name(this.#nth) : this.#state.snapshot.id;
  }

  /**
   * Asks AWS to begin.
   *
   * @throws DeployError when the name is somebody else's, or AWS refuses for long; what AWS says otherwise
   */
  async order(now: number): Promise<void> {
    for (;;) {
      const id = this.plan.name(this.#nth);
      this.asked = true;
      const ordered = await this.plan.order(id);
      if (ordered.kind === 'begun') return this.see(ordered.snapshot, now);
      if (ordered.kind === 'not-now') {
        this.asked = false;
        return this.#refused(ordered.why);
      }
      const there = await this.plan.snapshots.look(id);
      if (!there) return this.#refused(`a snapshot ${id} exists, and AWS does not show it yet`);
      const whose = this.plan.belongs(there);
      if (whose === 'foreign') {
        this.asked = false;
        throw nameTaken(id, this.plan.what);
      }
      // One of ours that AWS did not finish keeps its name until it is deleted.
      if (whose === 'mine' && progressOf(there) !== 'lost') return this.see(there, now);
      this.#nth += 1;
    }
  }

  #refused(why: string): void {
    this.#refusals += 1;
    this.#state = { kind: 'to-order', why };
    if (this.#refusals >= REFUSALS) {
      throw new DeployError(`AWS did not begin its ${this.plan.what}: ${why}`, {
        next: 'Look at the state of the database, and run this step again when it is available.',
      });
    }
  }

  /** Takes in how AWS shows it. */
  see(snapshot: Snapshot, now: number): void {
    this.#state =
      progressOf(snapshot) === 'finished'
        ? { kind: 'finished', snapshot }
        : { kind: 'working', snapshot, seenAt: now };
  }

  /**
   * Takes in that AWS does not show it.
   *
   * @throws DeployError when it was seen long ago
   */
  miss(now: number): void {
    if (this.#state.kind !== 'working') return;
    const { snapshot, seenAt } = this.#state;
    // One that was there when this run began has been seen then.
    if (seenAt === Number.NEGATIVE_INFINITY) this.#state = { ...this.#state, seenAt: now };
    else if (now - seenAt > UNSEEN_MS) {
      throw new DeployError(
        `its ${this.plan.what} ${snapshot.id} is gone: AWS has not shown it for ${formatDuration(now - seenAt)}`,
        { next: 'Find out who has deleted it, and run this step again.' },
      );
    }
  }
}
