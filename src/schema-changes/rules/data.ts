import type { DeleteStmt, Node, TruncateStmt, UpdateStmt } from 'libpg-query';
import { relationName, relationOf } from '../catalog.ts';
import { all, as, columnsIn, type Of, within, words } from '../nodes.ts';
import { blocks, OLD_CODE, type Scene, sql } from './scene.ts';

const DATA_STEPS = [
  'Make sure that nothing reads those rows any more, and take a backup first.',
  'If they are not needed, say so before the statement: -- deploy-actions: compatible REASON',
];

export function truncate(scene: Scene, statement: TruncateStmt): void {
  for (const range of all(statement.relations, 'RangeVar')) {
    const table = relationName(scene.catalog, range);
    if (relationOf(scene.catalog, table).fresh) continue;
    scene.report({
      kind: 'breaking',
      rule: 'empty-table',
      table,
      what: `empties ${table}`,
      why: `${OLD_CODE}: the rows that it counts on are gone, and no rollback brings them back.`,
      steps: DATA_STEPS,
      location: range.location,
    });
  }
}

/** Every part of a statement that writes rows: it, its common table expressions, and what stands in those. */
export function writes(scene: Scene, node: Node): void {
  for (const [tag, content] of within(node)) {
    if (tag === 'DeleteStmt') deletes(scene, content as DeleteStmt);
    else if (tag === 'UpdateStmt') updates(scene, content as UpdateStmt);
    else if (tag === 'MergeStmt') merges(scene, content as Of<'MergeStmt'>);
    else if (tag === 'FuncCall') calls(scene, content as Of<'FuncCall'>);
  }
}

/** `WHERE true` and `WHERE 1 = 1` are none. */
function hasCondition(where: Node | undefined): boolean {
  if (where === undefined) return false;
  const constant = as(where, 'A_Const');
  if (constant) return constant.boolval?.boolval !== true;
  return [...within(where)].some(([tag]) =>
    ['ColumnRef', 'FuncCall', 'SubLink', 'CurrentOfExpr', 'ParamRef'].includes(tag),
  );
}

function deletes(scene: Scene, { relation, whereClause, usingClause }: DeleteStmt): void {
  const table = relationName(scene.catalog, relation);
  if (hasCondition(whereClause) || (usingClause ?? []).length > 0 || relationOf(scene.catalog, table).fresh)
    return;
  scene.report({
    kind: 'breaking',
    rule: 'empty-table',
    table,
    what: `deletes all rows of ${table}`,
    why: `${OLD_CODE}: the rows that it counts on are gone, and no rollback brings them back.`,
    steps: DATA_STEPS,
    location: relation?.location,
  });
}

function updates(scene: Scene, { relation, whereClause, targetList, fromClause }: UpdateStmt): void {
  const table = relationName(scene.catalog, relation);
  const known = relationOf(scene.catalog, table);
  if (known.fresh) return;
  const named = all(targetList, 'ResTarget').map(({ name = '' }) => name);
  // A condition on new columns only is true for all rows: nothing is in them yet.
  const used = columnsIn(whereClause);
  const everywhere =
    !hasCondition(whereClause) ||
    (used.length > 0 && used.every((column) => known.columns.get(column)?.fresh === true));
  if (!everywhere || (fromClause ?? []).length > 0) return;
  blocks(scene, {
    rule: 'update-all',
    table,
    what: `updates ${named.join(', ')} in all rows of ${table} at once`,
    lock: 'ROW EXCLUSIVE',
    until: 'until all rows are written and the transaction ends, and the table grows by a copy of each',
    steps: [
      `Fill in batches after the migration, such as UPDATE ${sql(table)} SET ... WHERE id BETWEEN ... AND ..., each in a transaction of its own.`,
    ],
    location: relation?.location,
  });
}

function merges(scene: Scene, { relation, mergeWhenClauses }: Of<'MergeStmt'>): void {
  const table = relationName(scene.catalog, relation);
  const removes = all(mergeWhenClauses, 'MergeWhenClause').some(
    ({ commandType }) => commandType === 'CMD_DELETE',
  );
  if (!removes || relationOf(scene.catalog, table).fresh) return;
  scene.report({
    kind: 'unknown',
    rule: 'merge-deletes',
    table,
    what: `deletes rows of ${table} in a MERGE`,
    why: 'Whether the code that runs needs them, the statement does not tell.',
    steps: DATA_STEPS,
  });
}

/** Functions of PostgreSQL, and of what comes with it, that change nothing or nothing that code relies on. */
const KNOWN_CALLS =
  /^(pg_catalog\.)?(pg_(?!terminate|drop|reload|promote|rotate|cancel)\w+|set_config|setval|nextval|currval|lastval|now|clock_timestamp|\w+_timestamp|gen_random_uuid|uuid\w*|random|count|sum|avg|min|max|coalesce|nullif|greatest|least|lower|upper|initcap|length|char_length|left|right|substr\w*|replace|translate|trim|[blr]trim|[lr]pad|repeat|reverse|concat\w*|format|split_part|string_\w+|array_\w+|unnest|cardinality|jsonb?_\w+|to_\w+|row_to_json|date_\w+|extract|make_\w+|age|timezone|md5|sha\d+|encode|decode|digest|crypt|gen_salt|abs|ceil\w*|floor|round|trunc|mod|power|sqrt|sign|exp|ln|log|generate_\w+|regexp_\w+|row_number|rank|dense_rank|lag|lead|first_value|last_value|ntile|bool_\w+|every|position|overlay|text|int[248]|numeric|float[48]|bpchar|varchar|chr|ascii|quote_\w+|current_\w+|version|has_\w+|obj_description|col_description|format_type|percentile_\w+|exists|hstore|st_\w+|unaccent|similarity|ts\w+|plainto_tsquery|setweight|strip|like_escape|similar_to_escape|xml\w+|host|family|network|inet\w*|isfinite|justify_\w+|num_nulls|num_nonnulls|grouping|mode|stddev\w*|var\w*|corr|regr_\w+|bit_\w+|range_\w+|lower_inc|upper_inc|isempty|daterange|tsrange|tstzrange|int[48]range|numrange|any_value)$/;

export function calls(scene: Scene, { funcname }: Of<'FuncCall'>): void {
  const name = words(funcname).join('.');
  if (KNOWN_CALLS.test(name)) return;
  scene.report({
    kind: 'unknown',
    rule: 'call',
    key: `call:${name}`,
    what: `calls the function ${name}`,
    why: 'What the function changes cannot be seen here.',
    steps: [
      'If the code that runs does not mind, say so before the statement: -- deploy-actions: compatible REASON',
    ],
  });
}
