/**
 * `breaking`: the code that runs fails or loses data; `unknown`: whether it does cannot be seen; `failing`: PostgreSQL
 * refuses the statement; `blocking`: a lock or a rewrite; `notice`: worth a look, and no reason against it.
 */
export type Kind = 'breaking' | 'unknown' | 'failing' | 'blocking' | 'notice';

export interface SourcePlace {
  /** Path in the workspace, or the name of a command. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a person has decided about a statement, in a comment before it. */
export interface Allowance {
  /** `compatible`: the code that runs does not mind; `allow`: it may break. */
  readonly as: 'compatible' | 'allow';
  readonly reason: string;
}

/** What one statement does to those that use the database at the same time; it holds names, never values. */
export interface Finding {
  readonly kind: Kind;
  /** The rule's name, such as `drop-column`. */
  readonly rule: string;
  /** What is done to what, such as `drops the column total of orders`. */
  readonly what: string;
  /** Why that hurts. */
  readonly why: string;
  /** What to do instead, in order; with several releases, one for each step. */
  readonly steps: readonly string[];
  /** The table that is concerned, as `schema.table` outside of `public`. */
  readonly table?: string;
  /** PostgreSQL's name of the lock that is taken. */
  readonly lock?: string;
  readonly place: SourcePlace;
  readonly direction: 'up' | 'down';
  readonly allowed?: Allowance;
}

/** What a rule says of a statement; the judge adds where it stands. */
export interface Draft extends Omit<Finding, 'place' | 'direction' | 'allowed'> {
  /** Where in the text, in bytes, as the parse tree has it; without it, the statement's beginning. */
  readonly location?: number | undefined;
  /** By which later statements take it back, such as the creation of what was dropped. */
  readonly key?: string;
}
