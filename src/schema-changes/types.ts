import type { TypeName } from 'libpg-query';
import { all, words } from './nodes.ts';

/** A type as a column has it. */
export interface SqlType {
  readonly name: string;
  /** Such as the 50 of `varchar(50)`. */
  readonly modifiers: readonly number[];
  readonly array: boolean;
}

const NAMES: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int: 'integer',
  int8: 'bigint',
  bool: 'boolean',
  float4: 'real',
  float8: 'double precision',
  bpchar: 'char',
  serial2: 'smallserial',
  serial4: 'serial',
  serial8: 'bigserial',
  decimal: 'numeric',
};

const SERIALS: Readonly<Record<string, string>> = {
  smallserial: 'smallint',
  serial: 'integer',
  bigserial: 'bigint',
};

export function readType(type: TypeName | undefined): SqlType {
  const parts = words(type?.names).filter((word) => word !== 'pg_catalog' && word !== 'public');
  const name = parts.join('.');
  const modifiers = all(type?.typmods, 'A_Const').map(({ ival }) => ival?.ival ?? 0);
  const known = NAMES[name] ?? name;
  return {
    name: known,
    // The parser writes `char` as `char(1)`.
    modifiers,
    array: (type?.arrayBounds ?? []).length > 0,
  };
}

/** What a column of a serial type is in fact; `undefined` for any other type. */
export const serialOf = ({ name, modifiers, array }: SqlType): SqlType | undefined => {
  const base = SERIALS[name];
  return base === undefined ? undefined : { name: base, modifiers, array };
};

export const writtenType = ({ name, modifiers, array }: SqlType): string =>
  `${name}${modifiers.length > 0 ? `(${modifiers.join(',')})` : ''}${array ? '[]' : ''}`;

export type TypeChange =
  | { readonly kind: 'same' | 'wider' }
  | { readonly kind: 'breaking'; readonly why: string; readonly rewrites: boolean }
  /** Safe from some types, and those are not known. */
  | { readonly kind: 'unknown'; readonly safeFrom: string };

const TIMES = ['timestamp', 'timestamptz', 'time', 'timetz', 'interval'];
const INTEGERS = ['smallint', 'integer', 'bigint'];

/**
 * Whether statements that are written for the old type work with the new one, and the values look the same to them.
 * Those changes are the ones that need no rewrite either.
 * https://www.postgresql.org/docs/current/sql-altertable.html
 */
export function typeChange(from: SqlType | undefined, to: SqlType): TypeChange {
  if (from === undefined) return fromUnknown(to);
  if (from.name === to.name && from.array === to.array && String(from.modifiers) === String(to.modifiers))
    return { kind: 'same' };
  if (from.array !== to.array)
    return breaking(true, 'an array and a single value are written and read in different ways');
  const [a, b] = [from.modifiers, to.modifiers];
  const isText = ({ name, modifiers }: SqlType) =>
    name === 'text' || (name === 'varchar' && modifiers.length === 0);
  if (from.name === 'varchar' || from.name === 'text') {
    if (isText(to)) return { kind: 'wider' };
    if (to.name === 'varchar') {
      const [old, now] = [a[0] ?? Number.POSITIVE_INFINITY, b[0] ?? Number.POSITIVE_INFINITY];
      return from.name === 'varchar' && now >= old
        ? { kind: 'wider' }
        : breaking(true, `it may write longer values, which ${writtenType(to)} refuses`);
    }
  }
  if (from.name === 'numeric' && to.name === 'numeric') {
    if (b.length === 0) return { kind: 'wider' };
    const [p1, s1 = 0] = a;
    const [p2 = 0, s2 = 0] = b;
    if (p1 !== undefined && s1 === s2 && p2 >= p1) return { kind: 'wider' };
    return breaking(true, `it may write values that ${writtenType(to)} refuses or rounds`);
  }
  if (from.name === to.name && TIMES.includes(to.name)) {
    if ((b[0] ?? 6) >= (a[0] ?? 6)) return { kind: 'wider' };
    return breaking(true, `times are rounded to ${writtenType(to)}`);
  }
  if (from.name === 'varbit' && to.name === 'varbit' && (b[0] ?? Infinity) >= (a[0] ?? Infinity))
    return { kind: 'wider' };
  if (INTEGERS.includes(from.name) && INTEGERS.includes(to.name)) {
    if (INTEGERS.indexOf(to.name) < INTEGERS.indexOf(from.name))
      return breaking(true, `it may write numbers that do not fit into ${to.name}`);
    return breaking(
      true,
      `drivers hand ${to.name} over as another type than ${from.name} (many as text, some refuse it), functions that take ${from.name} do not take it, and prepared statements fail`,
    );
  }
  return breaking(
    true,
    `it reads and writes ${writtenType(from)}, and ${writtenType(to)} is neither written nor read that way`,
  );
}

function fromUnknown(to: SqlType): TypeChange {
  const safe: Readonly<Record<string, string>> = {
    text: 'varchar',
    varchar: to.modifiers.length === 0 ? 'varchar or text' : 'a shorter varchar',
    numeric: 'a numeric of the same scale with fewer digits',
    varbit: 'a shorter varbit',
    ...Object.fromEntries(TIMES.map((name) => [name, `${name} with no more digits`])),
  };
  const safeFrom = to.array ? undefined : safe[to.name];
  return safeFrom === undefined
    ? breaking(true, `it reads and writes the old type, and ${writtenType(to)} is another one`)
    : { kind: 'unknown', safeFrom };
}

const breaking = (rewrites: boolean, why: string): TypeChange => ({ kind: 'breaking', why, rewrites });
