import { choose } from '../../backups/choose.ts';
import { copiedFrom, isOfStep, isOwn, marksFor, type Occasion } from '../../backups/marks.ts';
import { encryptedName, namePrefix, snapshotName } from '../../backups/names.ts';
import type { Snapshot, Source, SourceKind } from '../../backups/source.ts';
import type { Snapshots } from '../../ports.ts';
import type { Inputs } from './inputs.ts';
import { Part, type PartPlan } from './part.ts';

/** What all backups of a run share. */
export interface Surroundings {
  readonly inputs: Inputs;
  readonly occasion: Occasion;
  /** What the names of snapshots end in. */
  readonly run: string;
  /** In the region of the job, or in another one. */
  snapshotsOf(kind: SourceKind, region?: string): Promise<Snapshots>;
}

/** The backup of one database: its snapshot, and the copies of it that were asked for, one after the other. */
export class Backup {
  readonly source: Source;
  readonly surroundings: Surroundings;
  /** Of this region: the last one is what a restore takes. */
  #parts: readonly Part[];
  #left: readonly ('encrypted' | 'elsewhere')[];
  /** How it came to its snapshot. */
  readonly origin: 'made' | 'continued' | 'same-step' | 'newer-than';

  private constructor(source: Source, surroundings: Surroundings, first: Part, origin: Backup['origin']) {
    this.source = source;
    this.surroundings = surroundings;
    this.#parts = [first];
    this.origin = origin;
    const { kmsKey, copy } = surroundings.inputs;
    const encrypts = kmsKey !== undefined && source.kind.startsWith('db-') && !hasKey(source, kmsKey);
    this.#left = [...(encrypts ? (['encrypted'] as const) : []), ...(copy ? (['elsewhere'] as const) : [])];
  }

  /** Looks at what is there of the database, and decides what its backup begins with. */
  static async begin(source: Source, surroundings: Surroundings, now: number): Promise<Backup> {
    const { inputs, occasion, run } = surroundings;
    const { kind, id } = source;
    const { label, newerThanMs, kmsKey } = inputs;
    const snapshots = await surroundings.snapshotsOf(kind);
    const there = await snapshots.list(source, namePrefix(kind, id, label));
    const own = there.filter((snapshot) => isOwn(snapshot, source, occasion));
    const choice = choose(own, occasion, now, newerThanMs);
    const name = (nth: number) => snapshotName({ kind, source: id, label, at: now, run, nth });
    const taken = new Set(own.map((snapshot) => snapshot.id));
    let nth = 1;
    while (taken.has(name(nth))) nth += 1;
    const plan: PartPlan = {
      what: 'snapshot',
      snapshots,
      name,
      order: (name) =>
        snapshots.take({
          source,
          id: name,
          tags: { ...inputs.tags, ...marksFor(name, source, occasion) },
          ...(kmsKey !== undefined && !kind.startsWith('db-') && { kmsKey }),
        }),
      belongs: (snapshot) =>
        !isOwn(snapshot, source, occasion) ? 'foreign' : isOfStep(snapshot, occasion) ? 'mine' : 'sibling',
    };
    if (choice.kind === 'make') return new Backup(source, surroundings, new Part(plan, nth), 'made');
    const origin = choice.kind === 'use' ? choice.why : 'continued';
    return new Backup(source, surroundings, new Part(plan, nth, choice.snapshot), origin);
  }

  /** What is being made now. */
  get current(): Part {
    return this.#parts.at(-1) as Part;
  }

  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** The copies that are still to come, and what each is made of. */
  get toCome(): readonly { readonly id: string; readonly of: string; readonly region?: string }[] {
    const { copy } = this.surroundings.inputs;
    let of = this.current.id;
    return this.#left.map((next) => {
      if (next === 'elsewhere') return { id: of, of, ...(copy && { region: copy.region }) };
      const made = { id: encryptedName(of), of };
      of = made.id;
      return made;
    });
  }

  /** Whether all of it is there, as far as it is waited for. */
  get finished(): boolean {
    const { kind } = this.current.state;
    return (
      this.#left.length === 0 &&
      (kind === 'finished' || (kind === 'working' && !this.surroundings.inputs.wait))
    );
  }

  /** What a restore in this region takes. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshots.findLast(({ region }) => region === this.source.region);
  }

  /** What it is in the other region. */
  get copy(): Snapshot | undefined {
    return this.#snapshots.find(({ region }) => region !== this.source.region);
  }

  get #snapshots(): readonly Snapshot[] {
    return this.#parts.flatMap(({ state }) => (state.kind === 'to-order' ? [] : [state.snapshot]));
  }

  /** Goes on to the next copy when what it is made of is finished; false when there is none to be made now. */
  async advance(): Promise<boolean> {
    const [next, ...left] = this.#left;
    const { state } = this.current;
    if (next === undefined || state.kind !== 'finished') return false;
    this.#left = left;
    this.#parts = [...this.#parts, new Part(await this.#copyOf(state.snapshot, next))];
    return true;
  }

  async #copyOf(from: Snapshot, next: 'encrypted' | 'elsewhere'): Promise<PartPlan> {
    const { inputs, occasion, snapshotsOf } = this.surroundings;
    const { source } = this;
    const elsewhere = next === 'elsewhere' ? inputs.copy : undefined;
    const kmsKey = elsewhere ? elsewhere.kmsKey : inputs.kmsKey;
    const snapshots = await snapshotsOf(source.kind, elsewhere?.region);
    const name = elsewhere ? from.id : encryptedName(from.id);
    // What the database's own tags have put on the snapshot goes with it, for the bill.
    const carried = Object.entries(from.tags).filter(([key]) => !/^(deploy-actions|aws|rds):/i.test(key));
    const tags = {
      ...Object.fromEntries(carried),
      ...inputs.tags,
      ...marksFor(name, source, occasion, from.id),
    };
    return {
      what: elsewhere ? `copy in ${elsewhere.region}` : 'encrypted copy',
      snapshots,
      name: () => name,
      order: (id) => snapshots.copy({ from, id, tags, ...(kmsKey !== undefined && { kmsKey }) }),
      // A copy belongs to what it is a copy of, whichever run has made it.
      belongs: (snapshot) =>
        isOwn(snapshot, source, occasion) && copiedFrom(snapshot) === from.id ? 'mine' : 'foreign',
    };
  }
}

/** Whether a database is encrypted with the very key, as far as its name tells: an alias is another name of some key. */
const hasKey = ({ kmsKey }: Source, wanted: string): boolean =>
  kmsKey !== undefined && (kmsKey === wanted || kmsKey.endsWith(`/${wanted}`));
