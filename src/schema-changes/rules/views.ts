import type { Node, RefreshMatViewStmt, SelectStmt, ViewStmt } from 'libpg-query';
import { type Catalog, newRelation, type Outputs, relationName, relationOf } from '../catalog.ts';
import { all, as, canonical, words } from '../nodes.ts';
import { rightsGone } from './access.ts';
import { blocks, type Scene } from './scene.ts';
import { notWritable, restoreView } from './tables.ts';

export function createView(scene: Scene, statement: ViewStmt): void {
  const { catalog } = scene;
  const name = relationName(catalog, statement.view);
  const before = catalog.relations.get(name);
  const select = as(statement.query, 'SelectStmt');
  const relation = newRelation('view', scene.fresh || name.startsWith('pg_temp.'));
  relation.whole = false;
  const outputs = outputsOf(catalog, statement.query, words(statement.aliases));
  if (outputs) relation.outputs = outputs;
  relation.updatable = select !== undefined && isSimple(select);
  catalog.relations.set(name, relation);
  // PostgreSQL itself sees to it that a view that is replaced keeps its columns and their types.
  if (before && statement.replace && !before.fresh) {
    relation.fresh = false;
    if (before.updatable && !relation.updatable) notWritable(scene, name);
  }
  const moved = catalog.others.get(`moved:${name}`)?.definition;
  const source = select && relationName(catalog, as(select.fromClause?.[0], 'RangeVar'));
  if (moved !== undefined && source === moved && relation.updatable && select && showsAll(select)) {
    // The table's old name goes on to work, reads and writes.
    scene.withdraw(`relation:${name}`);
    relation.fresh = false;
    rightsGone(scene, name);
  } else restoreView(scene, name, relation);
}

/** Whether rows can be written through it. https://www.postgresql.org/docs/current/sql-createview.html */
const isSimple = (select: SelectStmt): boolean =>
  (select.op ?? 'SETOP_NONE') === 'SETOP_NONE' &&
  (select.fromClause ?? []).length === 1 &&
  as(select.fromClause?.[0], 'RangeVar') !== undefined &&
  [select.distinctClause, select.groupClause, select.windowClause, select.valuesLists].every(
    (list) => (list ?? []).length === 0,
  ) &&
  [select.havingClause, select.limitCount, select.limitOffset, select.withClause].every(
    (part) => part === undefined,
  ) &&
  !all(select.targetList, 'ResTarget').some(({ val }) => isAggregate(val));

const isAggregate = (value: Node | undefined): boolean =>
  [
    'count',
    'sum',
    'avg',
    'min',
    'max',
    'array_agg',
    'string_agg',
    'jsonb_agg',
    'json_agg',
    'bool_and',
    'bool_or',
  ].includes(words(as(value, 'FuncCall')?.funcname).at(-1) ?? '');

/** `SELECT * FROM table`, and no condition that would hide rows. */
const showsAll = (select: SelectStmt): boolean =>
  select.whereClause === undefined &&
  all(select.targetList, 'ResTarget').length === 1 &&
  as(as(all(select.targetList, 'ResTarget')[0]?.val, 'ColumnRef')?.fields?.[0], 'A_Star') !== undefined;

/** The columns of a query by their names, as far as the query and the tables that are known tell them. */
export function outputsOf(
  catalog: Catalog,
  query: Node | undefined,
  aliases: readonly string[],
): Outputs | undefined {
  let select = as(query, 'SelectStmt');
  while (select && select.op !== 'SETOP_NONE' && select.larg) select = select.larg;
  if (!select) return undefined;
  const outputs: [string, string][] = [];
  for (const { name, val } of all(select.targetList, 'ResTarget')) {
    const column = as(val, 'ColumnRef');
    const fields = column?.fields ?? [];
    if (as(fields.at(-1), 'A_Star')) {
      const from = (select.fromClause ?? []).map((item) => as(item, 'RangeVar'));
      const tables = from.map((range) =>
        range ? catalog.relations.get(relationName(catalog, range)) : undefined,
      );
      for (const table of tables) {
        if (!table?.whole) return undefined;
        for (const shown of table.columns.keys()) outputs.push([shown, madeOf(shown)]);
      }
      continue;
    }
    const shown = name ?? words(fields).at(-1) ?? words(as(val, 'FuncCall')?.funcname).at(-1);
    if (shown === undefined) return undefined;
    // A column is the same under any alias of its table.
    outputs.push([shown, column ? madeOf(words(fields).at(-1) ?? '') : canonical(val)]);
  }
  return new Map(outputs.map(([name, made], index) => [aliases[index] ?? name, made]));
}

const madeOf = (column: string): string => `column ${column}`;

export function refreshView(scene: Scene, statement: RefreshMatViewStmt): void {
  const table = relationName(scene.catalog, statement.relation);
  if (statement.concurrent || relationOf(scene.catalog, table).fresh) return;
  blocks(scene, {
    rule: 'refresh-view',
    table,
    what: `refreshes ${table} without CONCURRENTLY`,
    lock: 'ACCESS EXCLUSIVE',
    until: 'until the query of the view is done',
    steps: [`Give ${table} a unique index, and use REFRESH MATERIALIZED VIEW CONCURRENTLY.`],
  });
}
