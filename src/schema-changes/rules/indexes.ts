import type { DropStmt, IndexElem, IndexStmt, ReindexStmt } from 'libpg-query';
import { nameOf, relationName, relationOf } from '../catalog.ts';
import { mayFail } from '../condition.ts';
import { all, canonical, columnsIn, wordsOf } from '../nodes.ts';
import { blocks, computes, OLD_CODE, type Scene, sql } from './scene.ts';

/** What `ON CONFLICT` finds a unique index by. */
export const indexShape = (columns: readonly string[], condition = ''): string =>
  JSON.stringify([columns.toSorted(), condition]);

const LONG = ['text', 'varchar', 'bytea', 'jsonb', 'citext'];

const elementOf = ({ name, expr }: IndexElem): string => name ?? canonical(expr);

export function createIndex(scene: Scene, statement: IndexStmt): void {
  const { catalog } = scene;
  const table = relationName(catalog, statement.relation);
  const relation = relationOf(catalog, table);
  const elements = all(statement.indexParams, 'IndexElem');
  const keys = elements.map(elementOf);
  const name =
    statement.idxname ??
    [table.split('.').at(-1), ...elements.map(({ name: column = 'expr' }) => column), 'idx'].join('_');
  const schema = table.includes('.') ? `${table.split('.')[0]}.` : '';
  const where = statement.whereClause === undefined ? '' : canonical(statement.whereClause);
  const shape = indexShape(keys, where);
  const unique = statement.unique === true;
  const before = catalog.indexes.get(`${schema}${name}`);
  if (statement.if_not_exists && before) return;
  const alike = [...catalog.indexes.values()].some(
    (index) => index.unique && index.table === table && index.shape === shape,
  );
  catalog.indexes.set(`${schema}${name}`, {
    table,
    unique,
    columns:
      columnsIn(statement.indexParams).length > 0 ? [...columnsIn(statement.indexParams), ...keys] : keys,
    shape,
    fresh: scene.fresh,
  });
  const location = statement.relation?.location;
  const restored = unique && scene.withdraw(`unique:${table}:${shape}`);
  const empty = elements.some(({ name: column }) => {
    const known = column === undefined ? undefined : relation.columns.get(column);
    return known?.fresh === true && !known.filled;
  });
  const constrained = [...relation.constraints.values()].some(
    (other) => (other.kind === 'unique' || other.kind === 'primary') && indexShape(other.columns) === shape,
  );
  const free = (empty && statement.nulls_not_distinct !== true) || restored || alike || constrained;
  const generated = elements.some(({ name: column }) => {
    const known = column === undefined ? undefined : relation.columns.get(column);
    return known?.fresh === true && known.distinct === true;
  });
  if (unique && !relation.fresh && !free && !generated) {
    scene.report({
      kind: 'breaking',
      rule: 'add-unique',
      table,
      what: `adds the unique index ${name} to ${table}`,
      why: `${OLD_CODE}: it does not know of the index, and its writes fail where they would make a second row of the same kind.`,
      steps: [
        'This release: change the code so that it makes one row for each, and mend the rows that stand twice.',
        `A later release, when no task runs that could make a second one: CREATE UNIQUE INDEX CONCURRENTLY, with a comment before it: -- deploy-actions: compatible all code keeps to it since RELEASE`,
      ],
      location,
    });
  }
  if (!relation.fresh) {
    if (elements.some(({ expr }) => mayFail(expr)) || mayFail(statement.whereClause))
      computes(scene, table, `indexes an expression of ${table} by ${name}`, location);
    const long = elements.flatMap(({ name: column }) => {
      const type = column === undefined ? undefined : relation.columns.get(column)?.type;
      return column !== undefined && type && LONG.includes(type.name) && type.modifiers.length === 0
        ? [column]
        : [];
    });
    if (statement.accessMethod === 'btree' && long.length > 0)
      scene.report({
        kind: 'notice',
        rule: 'index-long-values',
        table,
        what: `indexes ${long.join(', ')} of ${table}`,
        why: 'A write of a value of more than about 2,700 bytes fails when its column is in a B-tree index.',
        steps: ['For long values, index a hash of them, or use another kind of index.'],
        location,
      });
  }
  if (statement.concurrent) concurrently(scene, `CREATE INDEX CONCURRENTLY ${sql(name)}`, location);
  else
    blocks(scene, {
      rule: 'create-index',
      table,
      what: `builds the index ${name} on ${table}`,
      lock: 'SHARE',
      until: 'until the index is built',
      steps: [
        `CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${sql(name)} ..., outside of a transaction; if it fails, drop the invalid index that it leaves and run it again.`,
      ],
      location,
    });
}

/** What runs CONCURRENTLY does so in several transactions of its own. */
export function concurrently(scene: Scene, what: string, location?: number): void {
  if (scene.transaction !== 'yes') return;
  scene.report({
    kind: 'failing',
    rule: 'concurrently-in-transaction',
    what: `runs ${what} inside of a transaction`,
    why: 'PostgreSQL refuses that: the migration fails.',
    steps: [
      'Put the statement into a migration of its own without a transaction: no BEGIN around it, and what your tool has for it, such as "-- +goose NO TRANSACTION", "transaction:false" for dbmate, "runInTransaction:false" for Liquibase, one statement in the file for golang-migrate and Prisma.',
    ],
    location,
  });
}

export function dropIndex(scene: Scene, statement: DropStmt): void {
  const { catalog } = scene;
  for (const object of statement.objects ?? []) {
    const name = nameOf(catalog, wordsOf(object));
    const index = catalog.indexes.get(name);
    catalog.indexes.delete(name);
    if (statement.concurrent) concurrently(scene, `DROP INDEX CONCURRENTLY ${sql(name)}`);
    if (index?.fresh || (index && relationOf(catalog, index.table).fresh)) continue;
    const table = index?.table;
    const steps = [
      'This release: change the code that relies on it.',
      'A later release, when no task runs that does: DROP INDEX CONCURRENTLY, with a comment before it: -- deploy-actions: compatible REASON',
    ];
    if (!index)
      scene.report({
        kind: 'unknown',
        rule: 'drop-index',
        what: `drops the index ${name}`,
        why: 'Where it is a unique one, ON CONFLICT in the code that runs fails without it; whether it is, is in none of the files.',
        steps: [
          'If it is not, say so before the statement: -- deploy-actions: compatible the index is not unique',
          ...steps,
        ],
      });
    else if (
      index.unique &&
      ![...catalog.indexes.values()].some(
        (other) => other.unique && other.table === index.table && other.shape === index.shape,
      ) &&
      ![...relationOf(catalog, index.table).constraints.values()].some(
        (other) =>
          (other.kind === 'unique' || other.kind === 'primary') && indexShape(other.columns) === index.shape,
      )
    )
      scene.report({
        kind: 'breaking',
        rule: 'drop-unique',
        table: index.table,
        key: `unique:${index.table}:${index.shape}`,
        what: `drops the unique index ${name} of ${index.table}`,
        why: `${OLD_CODE}: ON CONFLICT of it fails without the index, and rows that it takes for single ones may come twice.`,
        steps,
      });
    if (!statement.concurrent) {
      const on = table ?? 'its table';
      scene.report({
        kind: 'blocking',
        rule: 'drop-index-lock',
        ...(table !== undefined && { table }),
        what: `drops the index ${name} without CONCURRENTLY`,
        lock: 'ACCESS EXCLUSIVE',
        why: `It takes the lock ACCESS EXCLUSIVE on ${on}, behind the longest query that runs, and every other query of ${on} waits behind it.`,
        steps: [`DROP INDEX CONCURRENTLY ${sql(name)}, outside of a transaction`],
      });
    }
  }
}

export function reindex(scene: Scene, statement: ReindexStmt): void {
  const concurrent = all(statement.params, 'DefElem').some(({ defname }) => defname === 'concurrently');
  const name = statement.relation ? relationName(scene.catalog, statement.relation) : (statement.name ?? '');
  if (concurrent) {
    concurrently(scene, `REINDEX CONCURRENTLY ${sql(name)}`);
    return;
  }
  const table = statement.kind === 'REINDEX_OBJECT_INDEX' ? scene.catalog.indexes.get(name)?.table : name;
  if (table !== undefined && statement.relation && relationOf(scene.catalog, table).fresh) return;
  scene.report({
    kind: 'blocking',
    rule: 'reindex',
    ...(table !== undefined && { table }),
    what: `builds ${name} anew without CONCURRENTLY`,
    lock: 'SHARE',
    why: 'It takes the lock SHARE on the table and ACCESS EXCLUSIVE on the index: writes wait until the index is built, and so do reads that would use it.',
    steps: ['REINDEX ... CONCURRENTLY, outside of a transaction'],
  });
}
