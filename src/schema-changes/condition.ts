import type { Node } from 'libpg-query';
import { as, canonical, type Of, within, words } from './nodes.ts';

/** What a condition may come to: any of true, false and null, as bits. */
type Outcomes = number;
const TRUE = 1;
const FALSE = 2;
const NULL = 4;
const ANY = TRUE | FALSE | NULL;

/** What a column holds in the rows that the code of before writes, by its name. */
export type Held = (
  column: string,
) => { readonly kind: 'null' } | { readonly kind: 'constant'; readonly value: unknown } | undefined;

/**
 * Whether rows of code that does not know the new columns pass a CHECK, which fails on false only. `maybe` where that
 * depends on values.
 */
export function passes(condition: unknown, held: Held): 'always' | 'maybe' | 'never' {
  const outcomes = evaluate(condition as Node, held);
  if ((outcomes & FALSE) === 0) return 'always';
  return outcomes === FALSE ? 'never' : 'maybe';
}

function evaluate(node: Node | undefined, held: Held): Outcomes {
  const test = as(node, 'NullTest');
  if (test) {
    const [null_, other] = test.nulltesttype === 'IS_NULL' ? [TRUE, FALSE] : [FALSE, TRUE];
    const value = valueIn(test.arg, held);
    if (value === undefined) return TRUE | FALSE;
    return value.kind === 'null' ? null_ : other;
  }
  const bool = as(node, 'BoolExpr');
  if (bool) {
    const parts = (bool.args ?? []).map((part) => evaluate(part, held));
    if (bool.boolop === 'NOT_EXPR') return negated(parts[0] ?? ANY);
    const conjunction = bool.boolop === 'AND_EXPR';
    return parts.reduce((a, b) => combined(a, b, conjunction));
  }
  const operation = as(node, 'A_Expr');
  if (operation) return compare(operation, held);
  const value = valueIn(node, held);
  if (value?.kind === 'null') return NULL;
  const constant = as(value?.kind === 'constant' ? (value.value as Node) : undefined, 'A_Const');
  if (constant?.boolval) return constant.boolval.boolval ? TRUE : FALSE;
  return ANY;
}

function compare(operation: NonNullable<ReturnType<typeof as<'A_Expr'>>>, held: Held): Outcomes {
  const { kind, lexpr, rexpr } = operation;
  if (kind === 'AEXPR_DISTINCT' || kind === 'AEXPR_NOT_DISTINCT') return TRUE | FALSE;
  const [left, right] = [valueIn(lexpr, held), valueIn(rexpr, held)];
  if (left?.kind === 'null') return NULL;
  const list = listIn(operation);
  if (list) {
    const value = left?.kind === 'constant' ? plain(left.value) : undefined;
    if (value === undefined) return ANY;
    const among = list.values.includes(value);
    return among === list.among ? TRUE : FALSE;
  }
  if (right?.kind === 'null') return NULL;
  if (kind !== 'AEXPR_OP' || left?.kind !== 'constant' || right?.kind !== 'constant') return ANY;
  const [a, b] = [numberOf(left.value), numberOf(right.value)];
  const operator = words(operation.name).at(-1);
  if (a === undefined || b === undefined) {
    if (operator !== '=' || plain(left.value) !== plain(right.value)) return ANY;
    return TRUE;
  }
  const results: Readonly<Record<string, boolean>> = {
    '=': a === b,
    '<>': a !== b,
    '<': a < b,
    '<=': a <= b,
    '>': a > b,
    '>=': a >= b,
  };
  const result = results[operator ?? ''];
  return result === undefined ? ANY : result ? TRUE : FALSE;
}

/** `column IN (...)`, or `column = ANY (ARRAY[...])`, which PostgreSQL makes of it. */
export function listIn(
  operation: NonNullable<ReturnType<typeof as<'A_Expr'>>>,
): { readonly of: string; readonly among: boolean; readonly values: readonly string[] } | undefined {
  const { kind, lexpr, rexpr } = operation;
  const operator = words(operation.name).at(-1);
  const items =
    kind === 'AEXPR_IN'
      ? as(rexpr, 'List')?.items
      : kind === 'AEXPR_OP_ANY' && operator === '='
        ? as(withoutCast(rexpr), 'A_ArrayExpr')?.elements
        : undefined;
  if (!items) return undefined;
  const values = items.map(plain);
  if (values.some((value) => value === undefined)) return undefined;
  return {
    of: canonical(withoutCast(lexpr)),
    among: operator === '=',
    values: values as string[],
  };
}

/** Whether every row that passes one CHECK passes the other: the same, or a list with more in it. */
export function isWider(from: unknown, to: unknown): boolean {
  if (canonical(from) === canonical(to)) return true;
  const [a, b] = [from, to].map((node) => {
    const operation = as(node as Node, 'A_Expr');
    return operation && listIn(operation);
  });
  if (!a || !b || a.of !== b.of || !a.among || !b.among) return false;
  return a.values.every((value) => b.values.includes(value));
}

/** A cast keeps null null, and a constant what it is for all that is compared here. */
function withoutCast(node: Node | undefined): Node | undefined {
  const cast = as(node, 'TypeCast');
  return cast ? withoutCast(cast.arg) : node;
}

/** A constant as a text that is equal for equal constants. */
function plain(node: unknown): string | undefined {
  const constant = as(withoutCast(node as Node), 'A_Const');
  return constant && canonical(constant);
}

function numberOf(node: unknown): number | undefined {
  const constant = as(withoutCast(node as Node), 'A_Const');
  if (constant?.ival) return constant.ival.ival ?? 0;
  return constant?.fval ? Number(constant.fval.fval) : undefined;
}

/** Functions of PostgreSQL that give null for null. */
const STRICT = [
  'length',
  'char_length',
  'octet_length',
  'lower',
  'upper',
  'btrim',
  'ltrim',
  'rtrim',
  'trim',
  'abs',
  'round',
  'jsonb_typeof',
  'json_typeof',
  'cardinality',
  'array_length',
  'mod',
  'substring',
  'position',
  'left',
  'right',
];

function valueIn(node: Node | undefined, held: Held): ReturnType<Held> {
  const bare = withoutCast(node);
  const column = as(bare, 'ColumnRef');
  if (column) return held(words(column.fields).at(-1) ?? '');
  const constant = as(bare, 'A_Const');
  if (constant) return constant.isnull ? { kind: 'null' } : { kind: 'constant', value: bare };
  const call = as(bare, 'FuncCall');
  if (call && STRICT.includes(words(call.funcname).at(-1) ?? ''))
    return (call.args ?? []).some((arg) => valueIn(arg, held)?.kind === 'null')
      ? { kind: 'null' }
      : undefined;
  const operation = as(bare, 'A_Expr');
  if (operation?.kind === 'AEXPR_OP') {
    const operands = [operation.lexpr, operation.rexpr].filter((part) => part !== undefined);
    return operands.some((part) => valueIn(part, held)?.kind === 'null') ? { kind: 'null' } : undefined;
  }
  return undefined;
}

const negated = (outcomes: Outcomes): Outcomes =>
  (outcomes & NULL) | (outcomes & TRUE ? FALSE : 0) | (outcomes & FALSE ? TRUE : 0);

/** Kleene's logic over every pair of outcomes. */
function combined(a: Outcomes, b: Outcomes, conjunction: boolean): Outcomes {
  const strong = conjunction ? FALSE : TRUE;
  const weak = conjunction ? TRUE : FALSE;
  let result = 0;
  for (const one of [TRUE, FALSE, NULL]) {
    for (const other of [TRUE, FALSE, NULL]) {
      if (!(a & one) || !(b & other)) continue;
      if (one === strong || other === strong) result |= strong;
      else if (one === NULL || other === NULL) result |= NULL;
      else result |= weak;
    }
  }
  return result;
}

/** Whether a condition is nothing but `column IS NOT NULL`, which lets SET NOT NULL go without a look at the rows. */
export function notNullOf(condition: unknown): string | undefined {
  const test = as(condition as Node, 'NullTest');
  if (test?.nulltesttype !== 'IS_NOT_NULL') return undefined;
  return words(as(test.arg, 'ColumnRef')?.fields).at(-1);
}

/** Nodes whose value PostgreSQL knows without looking at a row, so that a new column costs no rewrite. */
export function isVolatile(node: Node | undefined): boolean {
  const bare = withoutCast(node);
  if (!bare || as(bare, 'A_Const') || as(bare, 'SQLValueFunction')) return false;
  const call = as(bare, 'FuncCall');
  if (call) return !STABLE.includes(words(call.funcname).at(-1) ?? '') || (call.args ?? []).some(isVolatile);
  const operation = as(bare, 'A_Expr');
  if (operation) return isVolatile(operation.lexpr) || isVolatile(operation.rexpr);
  const array = as(bare, 'A_ArrayExpr');
  if (array) return (array.elements ?? []).some(isVolatile);
  const coalesce = as(bare, 'CoalesceExpr');
  return coalesce ? (coalesce.args ?? []).some(isVolatile) : true;
}

/** Whether an expression of columns fails for some values: a cast of something that is no constant, a division. */
export const mayFail = (node: Node | undefined): boolean =>
  [...within(node)].some(([tag, content]) => {
    if (tag === 'TypeCast') {
      const { arg, typeName } = content as Of<'TypeCast'>;
      return (
        as(arg, 'A_Const') === undefined && !['text', 'varchar'].includes(words(typeName?.names).at(-1) ?? '')
      );
    }
    return tag === 'A_Expr' && ['/', '%'].includes(words((content as Of<'A_Expr'>).name).at(-1) ?? '');
  });

/** Whether a default is another one for each row. */
export const isDistinct = (node: Node | undefined): boolean =>
  /^(nextval|gen_random_uuid|uuid_generate_v\d\w*|uuidv[47])$/.test(
    words(as(withoutCast(node), 'FuncCall')?.funcname).at(-1) ?? '',
  );

const STABLE = [
  'now',
  'transaction_timestamp',
  'statement_timestamp',
  'current_setting',
  'to_tsvector',
  'lower',
  'upper',
  'jsonb_build_object',
  'json_build_object',
  'jsonb_build_array',
  'timezone',
  'date_trunc',
  'make_interval',
  'concat',
  'length',
  'md5',
  'text',
  'date',
  'round',
];
