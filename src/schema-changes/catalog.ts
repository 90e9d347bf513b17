import type { RangeVar } from 'libpg-query';
import { wordsOfRange } from './nodes.ts';
import type { SqlType } from './types.ts';

/** What is known of a column; what is not known is absent. */
export interface Column {
  type?: SqlType;
  notNull?: boolean;
  /** Whether it gets a value when an INSERT leaves it out: a default, an identity, an expression. */
  filled?: boolean;
  /** Whether what fills it is never the same twice: a number from a sequence, a random UUID. */
  distinct?: boolean;
  /** The default's tree, where it is simple enough to be evaluated. */
  fallback?: unknown;
  fresh: boolean;
}

export interface Constraint {
  readonly kind: 'check' | 'unique' | 'primary' | 'foreign' | 'exclusion' | 'not-null';
  readonly columns: readonly string[];
  /** The condition of a CHECK, as its tree. */
  readonly condition?: unknown;
  /** The table that a foreign key points at. */
  readonly target?: string;
  readonly targetColumns?: readonly string[];
  /** What a foreign key does when the row that it points at is deleted, as the parse tree has it. */
  readonly onDelete?: string;
  /** Whether rows that were there have been looked at. */
  valid: boolean;
  fresh: boolean;
}

/** A column that a view shows, and the tree that it is made of. */
export type Outputs = ReadonlyMap<string, string>;

export interface Relation {
  kind: 'table' | 'view' | 'materialized view';
  /** Made by the changes that are judged: the code that runs does not know it. */
  fresh: boolean;
  /** Whether all of its columns are known. */
  whole: boolean;
  readonly columns: Map<string, Column>;
  readonly constraints: Map<string, Constraint>;
  /** Of a view. */
  outputs?: Outputs;
  /** Of a view: whether rows can be written through it. */
  updatable?: boolean;
}

export interface Index {
  readonly table: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
  /** Everything that `ON CONFLICT` looks at. */
  readonly shape: string;
  fresh: boolean;
}

export interface Routine {
  readonly inputs: readonly string[];
  readonly required: number;
  readonly returns: string;
  fresh: boolean;
}

export interface Other {
  fresh: boolean;
  /** What it was made by, to compare. */
  readonly definition?: string;
}

/** The schema as far as the files tell it. */
export interface Catalog {
  searchPath: string;
  readonly relations: Map<string, Relation>;
  readonly indexes: Map<string, Index>;
  readonly routines: Map<string, Routine[]>;
  /** Everything else that has a name, such as `type:color` and `trigger:orders.audit`. */
  readonly others: Map<string, Other>;
}

export const newCatalog = (): Catalog => ({
  searchPath: 'public',
  relations: new Map(),
  indexes: new Map(),
  routines: new Map(),
  others: new Map(),
});

/** The same schema once it runs: nothing in it is new. */
export function settled(catalog: Catalog): Catalog {
  const copy = structuredClone(catalog);
  for (const relation of copy.relations.values()) {
    relation.fresh = false;
    for (const column of relation.columns.values()) column.fresh = false;
    for (const constraint of relation.constraints.values()) constraint.fresh = false;
  }
  for (const index of copy.indexes.values()) index.fresh = false;
  for (const routines of copy.routines.values()) for (const routine of routines) routine.fresh = false;
  for (const other of copy.others.values()) other.fresh = false;
  copy.searchPath = 'public';
  return copy;
}

/** One name for each thing: without `public`, which is where names without a schema are looked for. */
export function nameOf(catalog: Catalog, words: readonly string[]): string {
  const [schema, name] = words.length > 1 ? [words.at(-2), words.at(-1)] : [catalog.searchPath, words[0]];
  return schema === 'public' || schema === '' ? String(name) : `${schema}.${name}`;
}

export const relationName = (catalog: Catalog, range: RangeVar | undefined): string =>
  range?.relpersistence === 't' ? `pg_temp.${range.relname}` : nameOf(catalog, wordsOfRange(range));

/** What is known of a table; one that no file makes has been there before. */
export function relationOf(catalog: Catalog, name: string): Relation {
  const known = catalog.relations.get(name);
  if (known) return known;
  const relation: Relation = {
    kind: 'table',
    fresh: name.startsWith('pg_temp.'),
    whole: false,
    columns: new Map(),
    constraints: new Map(),
  };
  catalog.relations.set(name, relation);
  return relation;
}

export const newRelation = (kind: Relation['kind'], fresh: boolean): Relation => ({
  kind,
  fresh,
  whole: true,
  columns: new Map(),
  constraints: new Map(),
});

/** Whether the code that runs cannot know a column. */
export const isFreshColumn = (relation: Relation, column: string): boolean =>
  relation.fresh || relation.columns.get(column)?.fresh === true;

/** Moves what is known of a table, its indexes included, to another name. */
export function renameRelation(catalog: Catalog, from: string, to: string): void {
  const relation = relationOf(catalog, from);
  catalog.relations.delete(from);
  catalog.relations.set(to, relation);
  for (const [name, index] of catalog.indexes) {
    if (index.table === from) catalog.indexes.set(name, { ...index, table: to });
  }
}

export function dropRelation(catalog: Catalog, name: string): void {
  catalog.relations.delete(name);
  for (const [index, { table }] of [...catalog.indexes]) if (table === name) catalog.indexes.delete(index);
}
