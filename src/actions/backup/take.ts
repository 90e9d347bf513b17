import { KIND_WORDS, progressOf, readiness, type Source } from '../../backups/source.ts';
import type { Clock } from '../../clock.ts';
import { DeployError, isOutage } from '../../errors.ts';
import type { Snapshots } from '../../ports.ts';
import { formatDuration } from '../../rollout/duration.ts';
import { Backup, type Surroundings } from './backup.ts';
import type { Part } from './part.ts';
import { type Trouble, troubleOf } from './words.ts';

/** Between two looks at AWS, in ms. */
const ROUND_MS = 5_000;
/** AWS gets at most so many calls in any minute. */
const CALLS = 20;
const MINUTE_MS = 60_000;

/** What became of a database's backup. */
export interface Outcome {
  readonly source: Source;
  /** What there is of it; undefined when not even a look at its snapshots was possible. */
  readonly backup: Backup | undefined;
  /** Why it did not come to its end. */
  readonly trouble?: Trouble;
}

export interface Watch {
  readonly clock: Clock;
  readonly cancelled: AbortSignal;
  say(line: string): void;
  warn(line: string): void;
  /** When AWS got its calls so far, in ms since the epoch. */
  readonly calls: readonly number[];
}

/** How errors and lines call a database. */
export const titleOf = ({ kind, id }: Pick<Source, 'kind' | 'id'>): string => `${KIND_WORDS[kind]} ${id}`;

/** Where a part is, in the words of AWS. */
export function stateOf(part: Part): string {
  const { state, id, plan } = part;
  if (state.kind === 'to-order') return `its ${plan.what} ${id} is not begun yet`;
  const { status, percent } = state.snapshot;
  const share = progressOf(state.snapshot) === 'working' && percent !== undefined ? `, ${percent}%` : '';
  return `its ${plan.what} ${id} is ${status}${share}`;
}

/**
 * Takes the backups of all databases side by side: one loop looks at all that is under way in as few calls as AWS
 * allows, and does what each needs next. What goes wrong with one does not keep the others from their end. When the run
 * is cancelled it stops where it is; what AWS has begun goes on.
 */
export async function takeAll(
  sources: readonly Source[],
  surroundings: Surroundings,
  watch: Watch,
): Promise<readonly Outcome[]> {
  const { clock, cancelled } = watch;
  const started = clock.now();
  const deadline = started + surroundings.inputs.timeoutMs;
  const takes = await Promise.all(sources.map((source) => Take.begin(source, surroundings, watch)));
  let mentioned = false;
  let cost = 1;
  for (;;) {
    await Promise.all(takes.map((take) => take.act()));
    const open = takes.filter((take) => take.open);
    if (open.length === 0 || cancelled.aborted) break;
    if (clock.now() >= deadline) {
      for (const take of open) take.giveUp(clock.now() - started);
      break;
    }
    const pause = nextLook(watch.calls, cost, clock.now()) - clock.now();
    await clock.sleep(Math.min(pause, Math.max(1_000, deadline - clock.now())), cancelled);
    if (cancelled.aborted) break;
    const before = watch.calls.length;
    await look(open, clock.now(), (error) => {
      if (!mentioned) watch.warn(`AWS does not answer at the moment; it is asked again. ${error.message}`);
      mentioned = true;
    });
    cost = Math.max(1, watch.calls.length - before);
  }
  return takes.map((take) => take.outcome);
}

/**
 * When AWS may be looked at again: at a steady pace, and so that no minute holds too many calls.
 *
 * @param calls when the calls so far were made
 * @param cost how many calls a look takes; one that takes more than fit is made once a minute
 */
export function nextLook(calls: readonly number[], cost: number, now: number): number {
  const steady = now + Math.max(ROUND_MS, MINUTE_MS / Math.max(1, Math.floor(CALLS / Math.max(1, cost))));
  const full = calls.at(-Math.max(1, CALLS - cost + 1));
  return full === undefined ? steady : Math.max(steady, full + MINUTE_MS);
}

/** Looks at what all of them wait for. */
async function look(takes: readonly Take[], now: number, onOutage: (error: Error) => void): Promise<void> {
  const groups = new Map<Snapshots, Take[]>();
  for (const take of takes) {
    const place = take.place;
    if (place) groups.set(place, [...(groups.get(place) ?? []), take]);
  }
  await Promise.all(
    [...groups].map(async ([snapshots, some]) => {
      try {
        await lookAt(snapshots, some, now);
      } catch (error) {
        if (isOutage(error)) onOutage(error);
        else for (const take of some) take.fail(error);
      }
    }),
  );
}

async function lookAt(snapshots: Snapshots, takes: readonly Take[], now: number): Promise<void> {
  const working = takes.filter((take) => take.part?.state.kind === 'working');
  const waiting = takes.filter((take) => take.waitsForSource);
  if (working.length > 0) {
    const found = await snapshots.find(working.map((take) => take.part?.id ?? ''));
    for (const take of working) await take.see(found.get(take.part?.id ?? ''), now);
  }
  if (waiting.length > 0) {
    const statuses = await snapshots.statuses(waiting.map((take) => take.source.id));
    for (const take of waiting) take.sourceIs(statuses.get(take.source.id));
  }
}

/** A backup on its way. */
class Take {
  readonly source: Source;
  readonly #watch: Watch;
  readonly #backup: Backup | undefined;
  #trouble: Trouble | undefined;
  #status: string;
  #said = '';

  private constructor(source: Source, watch: Watch, backup: Backup | undefined, error: unknown) {
    this.source = source;
    this.#watch = watch;
    this.#backup = backup;
    this.#status = source.status;
    if (!backup) this.fail(error);
  }

  static async begin(source: Source, surroundings: Surroundings, watch: Watch): Promise<Take> {
    try {
      const backup = await Backup.begin(source, surroundings, watch.clock.now());
      return new Take(source, watch, backup, undefined);
    } catch (error) {
      return new Take(source, watch, undefined, error);
    }
  }

  get open(): boolean {
    return this.#trouble === undefined && this.#backup !== undefined && !this.#backup.finished;
  }

  get part(): Part | undefined {
    return this.#backup?.current;
  }

  /** Which adapter can tell how it goes on. */
  get place(): Snapshots | undefined {
    return this.part?.plan.snapshots;
  }

  /** A copy does not care for the database. */
  get waitsForSource(): boolean {
    return this.#backup?.parts.length === 1 && this.part?.state.kind === 'to-order';
  }

  get outcome(): Outcome {
    const trouble = this.#trouble;
    return { source: this.source, backup: this.#backup, ...(trouble && { trouble }) };
  }

  fail(error: unknown): void {
    if (this.#watch.cancelled.aborted) return;
    this.#trouble ??= troubleOf(error);
  }

  giveUp(afterMs: number): void {
    const part = this.part;
    if (!part) return;
    const waits = this.waitsForSource ? `; the database is ${this.#status}` : '';
    this.#trouble = {
      message: `${stateOf(part)} after ${formatDuration(afterMs)}${waits}`,
      next: 'What AWS has begun goes on. Run this step again: it waits for the same snapshot. If it takes longer as a rule, give it a longer timeout.',
    };
  }

  /** Does what can be done now. */
  async act(): Promise<void> {
    const backup = this.#backup;
    try {
      while (this.open && backup && !this.#watch.cancelled.aborted) {
        if (backup.current.state.kind === 'to-order') {
          if (!this.#mayOrder()) break;
          await backup.current.order(this.#watch.clock.now());
        }
        this.#tell();
        if (!(await backup.advance())) break;
      }
    } catch (error) {
      this.fail(error);
    }
    if (this.#trouble === undefined) this.#tell();
  }

  /** @throws DeployError when the database has come into a state that does not end by itself */
  #mayOrder(): boolean {
    if (!this.waitsForSource) return true;
    const ready = readiness({ status: this.#status });
    if (ready === 'ready') return true;
    if (ready === 'soon') return false;
    throw new DeployError(
      `it is ${this.#status || 'gone'} now, and AWS takes snapshots of what is available`,
      {
        next: 'Run this step again when it is available.',
      },
    );
  }

  async see(snapshot: Parameters<Part['see']>[0] | undefined, now: number): Promise<void> {
    const part = this.part;
    if (part?.state.kind !== 'working') return;
    try {
      if (!snapshot) return part.miss(now);
      // Lists do not tell tags everywhere; what was ordered is known.
      part.see({ ...snapshot, tags: { ...part.state.snapshot.tags, ...snapshot.tags } }, now);
      if (progressOf(snapshot) === 'lost') throw await this.#lost(part);
    } catch (error) {
      this.fail(error);
    }
  }

  async #lost(part: Part): Promise<DeployError> {
    const reason = await part.plan.snapshots.reason(part.id).catch((error: unknown) => {
      const { message } = troubleOf(error);
      return `AWS does not say why (${message})`;
    });
    const why = reason === undefined ? 'AWS does not say why' : reason;
    const status = part.state.kind === 'to-order' ? '' : part.state.snapshot.status;
    return new DeployError(`its ${part.plan.what} ${part.id} is ${status}: ${why}`, {
      next: 'Mend what AWS says, and run this step again: it makes another snapshot. One that failed is of no use and can be deleted.',
    });
  }

  sourceIs(status: string | undefined): void {
    this.#status = status ?? '';
  }

  #tell(): void {
    const part = this.part;
    if (!part) return;
    const waits = this.waitsForSource ? ` (it is ${this.#status})` : '';
    const { state } = part;
    const why = state.kind === 'to-order' && state.why !== undefined ? `: ${state.why}` : '';
    const line = `${titleOf(this.source)}: ${stateOf(part)}${waits}${why}`;
    // A big database takes hours: every tenth of it is enough.
    const step = line.replace(/\d%$/, '0%');
    if (step !== this.#said) this.#watch.say(line);
    this.#said = step;
  }
}
