import { type Catalog, type Constraint, type Outputs, type Routine, relationOf } from '../catalog.ts';
import type { Draft } from '../finding.ts';

/** What a rule has to do with: what is known, what is said, and what was dropped before in the same changes. */
export interface Scene {
  readonly catalog: Catalog;
  /** Whether what is made now is new to the code that runs; `false` for the files that were there before. */
  readonly fresh: boolean;
  /** Whether the statement is inside of a transaction, as far as it can be told. */
  readonly transaction: 'yes' | 'no' | 'unknown';
  /** What the same changes have dropped, by the key of the finding. */
  readonly gone: Gone;
  /** Whether waiting for locks has been limited before. */
  lockTimeout: boolean;
  /** Whether it is limited where the SQL sets nothing. */
  readonly lockTimeoutElsewhere: boolean;
  report(draft: Draft): void;
  /** Takes a finding back, because what it says has been mended since. */
  withdraw(key: string): boolean;
}

export interface Gone {
  readonly constraints: Map<string, readonly Constraint[]>;
  readonly views: Map<
    string,
    { readonly outputs: Outputs | undefined; readonly updatable: boolean | undefined }
  >;
  readonly routines: Map<string, readonly (Routine | undefined)[]>;
  readonly definitions: Map<string, string | undefined>;
}

export const nothingGone = (): Gone => ({
  constraints: new Map(),
  views: new Map(),
  routines: new Map(),
  definitions: new Map(),
});

export const OLD_CODE =
  'The code that runs goes on beside the new one until its last task has stopped, and comes back with a rollback';

/** A name as SQL takes it, with quotes where it has capitals or blanks. */
export const sql = (name: string): string =>
  name
    .split('.')
    .map((word) => (/^[a-z_][a-z0-9_$]*$/.test(word) ? word : `"${word.replaceAll('"', '""')}"`))
    .join('.');

/** Locks in the words of those who wait. https://www.postgresql.org/docs/current/explicit-locking.html */
const WAITING = {
  'ACCESS EXCLUSIVE': (table: string) => `every query of ${table}, reads too, waits`,
  'SHARE ROW EXCLUSIVE': (table: string) => `every write to ${table} waits`,
  SHARE: (table: string) => `every write to ${table} waits`,
  'ROW EXCLUSIVE': (table: string) => `whoever writes the same rows of ${table} waits`,
} as const;

export interface Blocking {
  readonly rule: string;
  readonly table: string;
  readonly what: string;
  readonly lock: keyof typeof WAITING;
  /** How long, such as `until the index is built`. */
  readonly until: string;
  readonly steps: readonly string[];
  readonly location?: number | undefined;
}

/** Says what a lock makes wait, unless nobody can use the table yet. */
export function blocks(scene: Scene, { lock, until, ...blocking }: Blocking): void {
  const { table } = blocking;
  if (relationOf(scene.catalog, table).fresh) return;
  const queue = lock === 'ACCESS EXCLUSIVE' ? ', and so do all that come after it in the queue' : '';
  scene.report({
    kind: 'blocking',
    ...blocking,
    lock,
    why: `It takes the lock ${lock} on ${table}: ${WAITING[lock](table)} ${until}${queue}.`,
  });
}

/** A lock that is held for a moment, and waits for every query of the table before it gets that far. */
export const locksBriefly = (scene: Scene, table: string, what: string, location?: number): void => {
  if (scene.lockTimeout || relationOf(scene.catalog, table).fresh) return;
  scene.report({
    kind: 'blocking',
    rule: 'lock-timeout',
    table,
    what: `${what} without a lock_timeout`,
    why: `It needs a strong lock on ${table} for a moment only, but waits for it behind the longest query that runs, and other queries of ${table} wait behind it.`,
    steps: [
      "Set a limit before the statement, such as SET lock_timeout = '5s', and run the migration again when it fails. Where the role, the database or the tool sets it already, give this action lock-timeout: elsewhere.",
    ],
    location,
  });
};

/** An expression that PostgreSQL computes for every row that is written. */
export const computes = (scene: Scene, table: string, what: string, location?: number): void =>
  scene.report({
    kind: 'unknown',
    rule: 'computed-on-write',
    table,
    what,
    why: 'PostgreSQL computes it for every row that the code that runs writes; where the expression fails for a value, the write fails.',
    steps: ['If it fails for no value, say so before the statement: -- deploy-actions: compatible REASON'],
    location,
  });
