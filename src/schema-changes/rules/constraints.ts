import type { AlterTableCmd, Constraint as ConstraintNode, Node } from 'libpg-query';
import { type Constraint, isFreshColumn, type Relation, relationName, relationOf } from '../catalog.ts';
import { type Held, isWider, notNullOf, passes } from '../condition.ts';
import { as, columnsIn, words } from '../nodes.ts';
import { notNullBreaks } from './columns.ts';
import { indexShape } from './indexes.ts';
import { blocks, locksBriefly, OLD_CODE, type Scene, sql } from './scene.ts';

/** The last part of a table's name, of which PostgreSQL makes names of constraints. */
const bare = (table: string): string => table.split('.').at(-1) ?? table;

/**
 * A constraint in CREATE TABLE, ALTER TABLE or behind a column: what it is in short, and the name that PostgreSQL gives
 * it by itself.
 */
export function readConstraint(
  scene: Scene,
  table: string,
  node: ConstraintNode,
  column?: string,
): readonly [name: string, constraint: Constraint] | undefined {
  const { fresh } = scene;
  const valid = node.skip_validation !== true;
  const own = column === undefined ? undefined : [column];
  const named = (suffix: string, columns: readonly string[]) =>
    node.conname ?? [bare(table), ...columns, suffix].join('_');
  switch (node.contype) {
    case 'CONSTR_CHECK': {
      const columns = columnsIn(node.raw_expr);
      const condition = node.raw_expr;
      const notNull = notNullOf(condition);
      if (notNull !== undefined)
        return [named('check', [notNull]), { kind: 'not-null', columns: [notNull], condition, valid, fresh }];
      return [
        named('check', columns.length === 1 ? columns : []),
        { kind: 'check', columns, condition, valid, fresh },
      ];
    }
    case 'CONSTR_NOTNULL': {
      const columns = own ?? words(node.keys);
      return [named('not_null', columns), { kind: 'not-null', columns, valid, fresh }];
    }
    case 'CONSTR_PRIMARY':
    case 'CONSTR_UNIQUE': {
      const primary = node.contype === 'CONSTR_PRIMARY';
      const index =
        node.indexname === undefined ? undefined : scene.catalog.indexes.get(indexOf(table, node.indexname));
      const columns = index?.columns ?? own ?? words(node.keys);
      const name = node.conname ?? node.indexname ?? named(primary ? 'pkey' : 'key', primary ? [] : columns);
      return [name, { kind: primary ? 'primary' : 'unique', columns, valid: true, fresh }];
    }
    case 'CONSTR_EXCLUSION': {
      const columns = columnsIn(node.exclusions);
      return [named('excl', columns), { kind: 'exclusion', columns, valid: true, fresh }];
    }
    case 'CONSTR_FOREIGN': {
      const columns = own ?? words(node.fk_attrs);
      return [
        named('fkey', columns),
        {
          kind: 'foreign',
          columns,
          target: relationName(scene.catalog, node.pktable),
          targetColumns: words(node.pk_attrs),
          onDelete: node.fk_del_action ?? 'a',
          valid,
          fresh,
        },
      ];
    }
    default:
      return undefined;
  }
}

const indexOf = (table: string, index: string): string => {
  const schema = table.includes('.') ? `${table.split('.')[0]}.` : '';
  return `${schema}${index}`;
};

/** Remembers a constraint of a table that is made in the same statement. */
export function learnConstraint(scene: Scene, table: string, node: ConstraintNode, column?: string): void {
  const read = readConstraint(scene, table, node, column);
  if (!read) return;
  const relation = relationOf(scene.catalog, table);
  relation.constraints.set(...read);
  requireColumns(relation, read[1]);
}

function requireColumns(relation: Relation, { kind, columns }: Constraint): void {
  if (kind !== 'primary' && kind !== 'not-null') return;
  for (const name of columns) {
    const column = relation.columns.get(name);
    if (kind === 'primary' || column?.fresh)
      relation.columns.set(name, { ...column, notNull: true, fresh: column?.fresh ?? false });
  }
}

/** ADD CONSTRAINT, or one behind a column that is added. */
export function addConstraint(scene: Scene, table: string, node: ConstraintNode, column?: string): void {
  const read = readConstraint(scene, table, node, column);
  if (!read) return;
  const [name, constraint] = read;
  const relation = relationOf(scene.catalog, table);
  const known = [...relation.constraints.values()];
  relation.constraints.set(name, constraint);
  const { location } = node;
  if (constraint.kind === 'foreign') pointsAt(scene, table, constraint, location);
  if (relation.fresh || node.is_enforced === false) {
    requireColumns(relation, constraint);
    return;
  }
  const told: Told = { scene, table, relation, name, constraint, node, known, location };
  switch (constraint.kind) {
    case 'check':
      addCheck(told);
      break;
    case 'not-null':
      addNotNull(told);
      break;
    case 'foreign':
      addForeignKey(told);
      break;
    default:
      addKey(told);
  }
}

interface Told {
  readonly scene: Scene;
  readonly table: string;
  readonly relation: Relation;
  readonly name: string;
  readonly constraint: Constraint;
  readonly node: ConstraintNode;
  /** Those that the table had before. */
  readonly known: readonly Constraint[];
  readonly location: number | undefined;
}

/** What rows of the code of before hold in new columns. */
const heldIn =
  (relation: Relation): Held =>
  (name) => {
    const column = relation.columns.get(name);
    if (!column?.fresh) return undefined;
    if (!column.filled) return { kind: 'null' };
    return column.fallback === undefined ? undefined : { kind: 'constant', value: column.fallback };
  };

const LATER = (table: string, what: string) => [
  `This release: change the code so that it keeps to ${what}, and mend the rows that do not.`,
  `A later release, when no task runs that could break it: add the constraint to ${table} as NOT VALID and VALIDATE it in a statement of its own, with a comment before it: -- deploy-actions: compatible all code keeps to it since RELEASE`,
];

function addCheck({ scene, table, relation, name, constraint, node, location }: Told): void {
  const gone = scene.gone.constraints.get(table) ?? [];
  const wider = gone.some(
    ({ kind, condition }) => kind === 'check' && isWider(condition, constraint.condition),
  );
  const passing = wider ? 'always' : passes(constraint.condition, heldIn(relation));
  if (passing !== 'always') {
    const fresh =
      constraint.columns.length > 0 && constraint.columns.every((column) => isFreshColumn(relation, column));
    scene.report({
      kind: fresh && passing === 'maybe' ? 'unknown' : 'breaking',
      rule: 'add-check',
      table,
      what: `adds the CHECK ${name} to ${table}`,
      why:
        fresh && passing === 'maybe'
          ? `Whether the default of the new columns passes it cannot be told here; if not, every INSERT of the code that runs fails.`
          : `${OLD_CODE}: it does not know of the condition, and its writes fail where they break it, with NOT VALID too.`,
      steps: LATER(table, 'the condition'),
      location,
    });
  }
  if (node.skip_validation !== true) scansFor(scene, table, name, 'CHECK', location);
  else locksBriefly(scene, table, `adds the CHECK ${name} to ${table}`, location);
}

function scansFor(
  scene: Scene,
  table: string,
  name: string,
  kind: string,
  location: number | undefined,
): void {
  blocks(scene, {
    rule: 'add-constraint-scan',
    table,
    what: `adds the ${kind} ${name} to ${table} and looks at all rows`,
    lock: 'ACCESS EXCLUSIVE',
    until: 'while all rows are looked at',
    steps: [
      `Add it with NOT VALID, which is over at once.`,
      `ALTER TABLE ${sql(table)} VALIDATE CONSTRAINT ${sql(name)}, in a transaction of its own: reads and writes go on meanwhile.`,
    ],
    location,
  });
}

function addNotNull({ scene, table, relation, name, constraint, node, known, location }: Told): void {
  const [column = ''] = constraint.columns;
  const before = relation.columns.get(column);
  const checked = known.some(({ kind, columns }) => kind === 'not-null' && columns[0] === column);
  if (before?.fresh) {
    if (!before.filled) notNullBreaks(scene, table, column, location);
  } else if (!before?.notNull && !checked) notNullBreaks(scene, table, column, location);
  if (node.skip_validation !== true) scansFor(scene, table, name, 'constraint', location);
  else locksBriefly(scene, table, `adds the constraint ${name} to ${table}`, location);
}

/** What a foreign key does when rows that it points at go, other than to refuse that. */
const FOLLOWS: readonly string[] = ['c', 'n', 'd'];

function addForeignKey({ scene, table, relation, name, constraint, node, location }: Told): void {
  const { columns, target = '', onDelete = 'a' } = constraint;
  if (FOLLOWS.includes(onDelete)) scene.withdraw(`cascade:${table}:${target}`);
  const gone = scene.gone.constraints.get(table) ?? [];
  const again = gone.some(
    (old) => old.kind === 'foreign' && old.target === target && String(old.columns) === String(columns),
  );
  const empty = columns.some((column) => {
    const known = relation.columns.get(column);
    return known?.fresh === true && known.filled !== true;
  });
  if (!again && !empty) {
    scene.report({
      kind: 'breaking',
      rule: 'add-foreign-key',
      table,
      what: `adds the foreign key ${name} from ${table} to ${target}`,
      why: `${OLD_CODE}: it may write rows into ${table} before or without the row in ${target}, or delete that first, and fails then, with NOT VALID too.`,
      steps: LATER(table, `the order that the key asks for, ${target} first`),
      location,
    });
  }
  const both = [...new Set([table, target])].filter((each) => !relationOf(scene.catalog, each).fresh);
  const concerned = both[0] ?? table;
  if (node.skip_validation !== true)
    blocks(scene, {
      rule: 'add-foreign-key-scan',
      table: concerned,
      what: `adds the foreign key ${name} from ${table} to ${target} and looks at all rows`,
      lock: 'SHARE ROW EXCLUSIVE',
      until: `${both[1] === undefined ? '' : `as do those to ${both[1]}, `}while all rows are looked at`,
      steps: [
        'Add it with NOT VALID, which is over at once.',
        `ALTER TABLE ${sql(table)} VALIDATE CONSTRAINT ${sql(name)}, in a transaction of its own: reads and writes go on meanwhile.`,
      ],
      location,
    });
  else locksBriefly(scene, concerned, `adds the foreign key ${name} to ${table}`, location);
}

/** A table that is pointed at cannot lose rows as freely as before. */
function pointsAt(
  scene: Scene,
  table: string,
  { target = '', onDelete }: Constraint,
  location: number | undefined,
): void {
  const parent = relationOf(scene.catalog, target);
  if (relationOf(scene.catalog, table).fresh && !parent.fresh)
    locksBriefly(scene, target, `lets rows of ${table} point at ${target}`, location);
  if (parent.fresh || target === table || (onDelete !== 'a' && onDelete !== 'r')) return;
  const gone = scene.gone.constraints.get(table) ?? [];
  if (gone.some((old) => old.kind === 'foreign' && old.target === target)) return;
  scene.report({
    kind: 'notice',
    rule: 'foreign-key-target',
    table: target,
    what: `lets rows of ${table} point at ${target}`,
    why: `Where the code that runs deletes rows of ${target}, that fails for those that the new code has pointed at from ${table}.`,
    steps: [`Give the key ON DELETE CASCADE or SET NULL if ${target} loses rows.`],
    location,
  });
}

function addKey({ scene, table, relation, name, constraint, node, known, location }: Told): void {
  const { kind, columns } = constraint;
  const label =
    kind === 'primary' ? 'PRIMARY KEY' : kind === 'unique' ? 'UNIQUE constraint' : 'EXCLUDE constraint';
  const shape = indexShape(columns);
  const restored = scene.withdraw(`unique:${table}:${shape}`);
  const unique =
    restored ||
    known.some(
      (old) => (old.kind === 'unique' || old.kind === 'primary') && String(old.columns) === String(columns),
    ) ||
    [...scene.catalog.indexes.values()].some(
      (index) => index.unique && index.table === table && index.shape === shape,
    );
  const nulls = columns.some((column) => {
    const old = relation.columns.get(column);
    return old?.fresh === true && !old.filled;
  });
  const free = kind === 'unique' && nulls && node.nulls_not_distinct !== true;
  const strict =
    kind === 'primary' ? columns.filter((column) => relation.columns.get(column)?.notNull !== true) : [];
  const generated = columns.some((column) => {
    const old = relation.columns.get(column);
    return old?.fresh === true && old.distinct === true;
  });
  requireColumns(relation, constraint);
  if (!unique && !free && !generated)
    scene.report({
      kind: 'breaking',
      rule: kind === 'exclusion' ? 'add-exclusion' : 'add-unique',
      table,
      what: `adds the ${label} ${name} on ${columns.join(', ')} to ${table}`,
      why: `${OLD_CODE}: it does not know of the constraint, and its writes fail where they would make a second row of the same kind.`,
      steps: LATER(table, 'one row for each'),
      location,
    });
  else if (strict.length > 0 && !generated)
    for (const column of strict) notNullBreaks(scene, table, column, location);
  if (node.indexname === undefined)
    blocks(scene, {
      rule: 'add-constraint-index',
      table,
      what: `adds the ${label} ${name} to ${table} and builds its index`,
      lock: 'ACCESS EXCLUSIVE',
      until: 'until the index is built',
      steps:
        kind === 'exclusion'
          ? [`An EXCLUDE constraint cannot be added without that lock: choose a quiet hour, or a new table.`]
          : [
              `CREATE UNIQUE INDEX CONCURRENTLY ${sql(name)} ON ${sql(table)} (${columns.map(sql).join(', ')}), outside of a transaction`,
              `ALTER TABLE ${sql(table)} ADD CONSTRAINT ${sql(name)} ${kind === 'primary' ? 'PRIMARY KEY' : 'UNIQUE'} USING INDEX ${sql(name)}`,
            ],
      location,
    });
  else locksBriefly(scene, table, `adds the ${label} ${name} to ${table}`, location);
}

export function dropConstraint(
  scene: Scene,
  table: string,
  relation: Relation,
  command: AlterTableCmd,
): void {
  const name = command.name ?? '';
  const constraint = relation.constraints.get(name);
  relation.constraints.delete(name);
  if (constraint)
    scene.gone.constraints.set(table, [...(scene.gone.constraints.get(table) ?? []), constraint]);
  if (relation.fresh || constraint?.fresh) {
    // What it would have broken, it breaks no more; but that is for those to say who added it.
    return;
  }
  const steps = [
    `This release: change the code that relies on it.`,
    `A later release, when no task runs that does: drop it, with a comment before it: -- deploy-actions: compatible REASON`,
  ];
  if (!constraint) {
    scene.report({
      kind: 'unknown',
      rule: 'drop-constraint',
      table,
      what: `drops the constraint ${name} of ${table}`,
      why: `What it is, is in none of the files. Where it is a key, ON CONFLICT in the code that runs fails without it; where a foreign key cascades, rows are left behind; without a CHECK nothing breaks.`,
      steps: [
        `If nothing relies on it, say so before the statement: -- deploy-actions: compatible REASON`,
        ...steps,
      ],
    });
  } else if (['unique', 'primary', 'exclusion'].includes(constraint.kind)) {
    const others = [...relation.constraints.values()].some(
      (other) =>
        other.kind !== 'foreign' &&
        String(other.columns) === String(constraint.columns) &&
        (other.kind === 'unique' || other.kind === 'primary'),
    );
    const shape = indexShape(constraint.columns);
    const index = [...scene.catalog.indexes.values()].some(
      (other) => other.table === table && other.unique && other.shape === shape,
    );
    if (!others && !index)
      scene.report({
        kind: 'breaking',
        rule: 'drop-unique',
        table,
        key: `unique:${table}:${shape}`,
        what: `drops the constraint ${name} on ${constraint.columns.join(', ')} of ${table}`,
        why: `${OLD_CODE}: ON CONFLICT (${constraint.columns.join(', ')}) of it fails, and rows that it takes for single ones may come twice.`,
        steps,
      });
  } else if (constraint.kind === 'foreign' && FOLLOWS.includes(constraint.onDelete ?? 'a')) {
    scene.report({
      kind: 'breaking',
      rule: 'drop-cascade',
      table,
      key: `cascade:${table}:${constraint.target}`,
      what: `drops the foreign key ${name} of ${table}, which follows deletions in ${constraint.target}`,
      why: `${OLD_CODE}: it deletes rows of ${constraint.target} and counts on those of ${table} being dealt with.`,
      steps,
    });
  }
  locksBriefly(scene, table, `drops the constraint ${name} of ${table}`);
}

export function validateConstraint(
  scene: Scene,
  table: string,
  relation: Relation,
  command: AlterTableCmd,
): void {
  const constraint = relation.constraints.get(command.name ?? '');
  if (constraint) {
    if (constraint.fresh && scene.fresh && scene.transaction === 'yes' && !relation.fresh)
      blocks(scene, {
        rule: 'validate-in-transaction',
        table,
        what: `validates ${command.name} of ${table} in the transaction that added it`,
        lock: constraint.kind === 'foreign' ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE',
        until:
          'while all rows are looked at, because the lock of ADD CONSTRAINT is kept to the end of the transaction',
        steps: ['Put VALIDATE CONSTRAINT into a migration of its own.'],
      });
    constraint.valid = true;
  }
}

export function alterConstraint(
  scene: Scene,
  table: string,
  relation: Relation,
  command: AlterTableCmd,
): void {
  const change = as(command.def as Node, 'ATAlterConstraint');
  const name = change?.conname ?? command.name ?? '';
  if (relation.fresh || relation.constraints.get(name)?.fresh || change?.is_enforced !== true) return;
  if (change.alterEnforceability)
    scene.report({
      kind: 'breaking',
      rule: 'enforce-constraint',
      table,
      what: `enforces the constraint ${name} of ${table}`,
      why: `${OLD_CODE}: its writes fail where they break the constraint.`,
      steps: LATER(table, 'the constraint'),
    });
}
