import type { AlterTableCmd, AlterTableStmt, CreateStmt, CreateTableAsStmt, Node } from 'libpg-query';
import { newRelation, type Relation, relationName, relationOf } from '../catalog.ts';
import { all, as, words } from '../nodes.ts';
import { rightsGone } from './access.ts';
import {
  addColumn,
  addIdentity,
  alterType,
  columnDefault,
  dropColumn,
  dropIdentity,
  dropNotNull,
  learnColumn,
  setExpression,
  setIdentity,
  setNotNull,
} from './columns.ts';
import {
  addConstraint,
  alterConstraint,
  dropConstraint,
  learnConstraint,
  validateConstraint,
} from './constraints.ts';
import { blocks, locksBriefly, OLD_CODE, type Scene, sql } from './scene.ts';
import { outputsOf } from './views.ts';

export function createTable(scene: Scene, statement: CreateStmt): void {
  const { catalog } = scene;
  const name = relationName(catalog, statement.relation);
  if (statement.if_not_exists && catalog.relations.get(name)?.fresh === false) return;
  const relation = newRelation('table', scene.fresh || name.startsWith('pg_temp.'));
  catalog.relations.set(name, relation);
  const likes = all(statement.tableElts, 'TableLikeClause').length > 0;
  relation.whole =
    !likes && (statement.inhRelations ?? []).length === 0 && statement.ofTypename === undefined;
  const columns = all(statement.tableElts, 'ColumnDef');
  for (const column of columns) learnColumn(scene, name, column);
  for (const column of columns)
    for (const constraint of all(column.constraints, 'Constraint')) {
      learnConstraint(scene, name, constraint, column.colname);
      if (constraint.contype === 'CONSTR_FOREIGN') addConstraint(scene, name, constraint, column.colname);
    }
  for (const constraint of [
    ...all(statement.tableElts, 'Constraint'),
    ...all(statement.constraints, 'Constraint'),
  ]) {
    learnConstraint(scene, name, constraint);
    if (constraint.contype === 'CONSTR_FOREIGN') addConstraint(scene, name, constraint);
  }
  const [parent] = all(statement.inhRelations, 'RangeVar');
  if (parent && statement.partbound) {
    const table = relationName(catalog, parent);
    blocks(scene, {
      rule: 'create-partition',
      table,
      what: `creates the partition ${name} of ${table}`,
      lock: 'ACCESS EXCLUSIVE',
      until: 'for a moment, and while the default partition is looked at, if there is one',
      steps: [
        `CREATE TABLE ${sql(name)} (LIKE ${sql(table)} INCLUDING ALL), then ALTER TABLE ${sql(table)} ATTACH PARTITION ${sql(name)}, which lets reads and writes go on.`,
      ],
      location: parent.location,
    });
  }
}

/** CREATE TABLE AS, SELECT INTO and materialized views. */
export function createTableAs(scene: Scene, statement: CreateTableAsStmt): void {
  const { catalog } = scene;
  const name = relationName(catalog, statement.into?.rel);
  if (statement.if_not_exists && catalog.relations.get(name)?.fresh === false) return;
  const view = statement.objtype === 'OBJECT_MATVIEW';
  const relation = newRelation(
    view ? 'materialized view' : 'table',
    scene.fresh || name.startsWith('pg_temp.'),
  );
  relation.whole = false;
  const outputs = outputsOf(catalog, statement.query, words(statement.into?.colNames));
  if (view && outputs) relation.outputs = outputs;
  catalog.relations.set(name, relation);
  if (view) restoreView(scene, name, relation);
}

/** A view that was dropped before in the same changes, and is there again: its columns are compared. */
export function restoreView(scene: Scene, name: string, relation: Relation): void {
  const key = `relation:${name}`;
  if (!scene.gone.views.has(key)) return;
  const before = scene.gone.views.get(key);
  if (!scene.withdraw(key)) return;
  relation.fresh = false;
  rightsGone(scene, name);
  const why =
    !before?.outputs || !relation.outputs
      ? 'Whether it still has every column with the same type, the files do not tell.'
      : differences(before.outputs, relation.outputs);
  if (why !== undefined)
    scene.report({
      kind: why.startsWith('It has no') ? 'breaking' : 'unknown',
      rule: 'replace-view',
      table: name,
      what: `makes ${name} anew`,
      why,
      steps: [
        'Keep every column under its name and with its type; add new ones at the end with CREATE OR REPLACE VIEW.',
      ],
    });
  else if (before?.updatable && !relation.updatable) notWritable(scene, name);
}

export const notWritable = (scene: Scene, name: string): void =>
  scene.report({
    kind: 'breaking',
    rule: 'replace-view',
    table: name,
    what: `makes the view ${name} one that cannot be written through`,
    why: `${OLD_CODE}: an INSERT, UPDATE or DELETE of it on ${name} fails.`,
    steps: ['Leave the view as simple as it is, or give it INSTEAD OF triggers.'],
  });

function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string | undefined {
  const missing = [...before.keys()].filter((column) => !after.has(column));
  if (missing.length > 0)
    return `It has no ${missing.join(', ')} any more, which the code that runs may read.`;
  const other = [...before].filter(([column, made]) => after.get(column) !== made).map(([column]) => column);
  return other.length > 0
    ? `${other.join(', ')} ${other.length > 1 ? 'are' : 'is'} made in another way; whether with the same type, cannot be told here.`
    : undefined;
}

/** ALTER TABLE, and the same for views, indexes, sequences and types. */
export function alterTable(scene: Scene, statement: AlterTableStmt): void {
  const { catalog } = scene;
  const name = relationName(catalog, statement.relation);
  const commands = all(statement.cmds, 'AlterTableCmd');
  if (statement.objtype === 'OBJECT_TYPE') {
    alterComposite(scene, name, commands);
    return;
  }
  if (statement.objtype === 'OBJECT_INDEX') return;
  const relation = relationOf(catalog, name);
  for (const command of commands) alter(scene, name, relation, command);
}

function alterComposite(scene: Scene, name: string, commands: readonly AlterTableCmd[]): void {
  if (scene.catalog.others.get(`type:${name}`)?.fresh) return;
  for (const { subtype, name: attribute, def } of commands)
    scene.report({
      kind: 'breaking',
      rule: 'change-composite-type',
      what: `${subtype === 'AT_AddColumn' ? 'adds' : subtype === 'AT_DropColumn' ? 'drops' : 'changes'} the attribute ${attribute ?? as(def, 'ColumnDef')?.colname ?? ''} of the type ${name}`,
      why: `${OLD_CODE}: it writes and reads values of ${name} with the attributes of before.`,
      steps: [
        'This release: make a new type beside it, and columns of it.',
        'A later release: drop the old ones.',
      ],
    });
}

type Rule = (scene: Scene, table: string, relation: Relation, command: AlterTableCmd) => void;

const column =
  (
    rule: (alteration: { scene: Scene; table: string; relation: Relation; command: AlterTableCmd }) => void,
  ): Rule =>
  (scene, table, relation, command) =>
    rule({ scene, table, relation, command });

const free: Rule = () => {};

const rewrites =
  (what: string, steps: readonly string[]): Rule =>
  (scene, table) =>
    blocks(scene, {
      rule: 'rewrite',
      table,
      what: `${what} ${table}`,
      lock: 'ACCESS EXCLUSIVE',
      until: 'until all rows and indexes are written anew',
      steps,
    });

const doubtful =
  (rule: string, what: (command: AlterTableCmd) => string, why: string): Rule =>
  (scene, table, relation, command) => {
    if (!relation.fresh)
      scene.report({
        kind: 'unknown',
        rule,
        table,
        what: `${what(command)} ${table}`,
        why,
        steps: [
          'If the code that runs does not mind, say so before the statement: -- deploy-actions: compatible REASON',
        ],
      });
  };

const breaks =
  (rule: string, what: string, why: string, steps: readonly string[]): Rule =>
  (scene, table, relation) => {
    if (!relation.fresh)
      scene.report({
        kind: 'breaking',
        rule,
        table,
        what: `${what} ${table}`,
        why: `${OLD_CODE}: ${why}`,
        steps,
      });
  };

const rowSecurity = breaks(
  'row-security',
  'turns on row security for',
  'without a policy that lets it, it sees no rows and can write none, unless its role owns the table.',
  [
    'First create policies that let the role of the code that runs do all that it does.',
    'Then turn it on, with a comment before it: -- deploy-actions: compatible the policies let the application do what it does',
  ],
);

/** The trigger's own effect is not looked at. */
const triggerSwitch = doubtful(
  'switch-trigger',
  ({ subtype, name }) =>
    `${/Disable/.test(subtype ?? '') ? 'disables' : 'enables'} ${name ? `the trigger ${name}` : 'triggers'} of`,
  'What triggers do to the writes of the code that runs, the statement does not tell.',
);

/** Settings of tables are for storage; those of views say who reads. */
const viewOptions: Rule = (scene, table, relation, command) => {
  const view = all(as(command.def, 'List')?.items, 'DefElem').some(({ defname = '' }) =>
    /^(security_|check_)/.test(defname),
  );
  if (view)
    doubtful(
      'view-options',
      () => 'changes options of the view',
      'Who may read or write through it may be another one.',
    )(scene, table, relation, command);
};

const COMMANDS: Readonly<Record<string, Rule>> = {
  AT_AddColumn: column(addColumn),
  AT_DropColumn: column(dropColumn),
  AT_AlterColumnType: column(alterType),
  AT_SetNotNull: column(setNotNull),
  AT_DropNotNull: column(dropNotNull),
  AT_ColumnDefault: column(columnDefault),
  AT_AddIdentity: column(addIdentity),
  AT_SetIdentity: column(setIdentity),
  AT_DropIdentity: column(dropIdentity),
  AT_SetExpression: column(setExpression),
  AT_DropExpression: column(dropIdentity),
  AT_AddConstraint: (scene, table, _, { def }) => {
    const constraint = as(def, 'Constraint');
    if (constraint) addConstraint(scene, table, constraint);
  },
  AT_DropConstraint: dropConstraint,
  AT_ValidateConstraint: validateConstraint,
  AT_AlterConstraint: alterConstraint,
  AT_AttachPartition: attachPartition,
  AT_DetachPartition: detachPartition,
  AT_DetachPartitionFinalize: free,
  AT_SetLogged: rewrites('makes a logged table of', ['Do it in a quiet hour.']),
  AT_SetUnLogged: rewrites('makes an unlogged table of', [
    'Do not: an unlogged table is empty after a crash and on replicas.',
  ]),
  AT_SetTableSpace: rewrites('moves to another tablespace', ['pg_repack moves a table while it is used.']),
  AT_SetAccessMethod: rewrites('changes the access method of', ['Copy into a new table in batches.']),
  AT_EnableRowSecurity: rowSecurity,
  AT_ForceRowSecurity: rowSecurity,
  AT_DropInherit: breaks(
    'no-inherit',
    'takes a child table away from',
    'its rows are no longer found through the parent.',
    ['A later release, when no task runs that looks for them there.'],
  ),
  AT_AddInherit: doubtful(
    'inherit',
    () => 'adds a parent to',
    'Queries of the parent find the rows of the child from now on.',
  ),
  AT_ChangeOwner: doubtful(
    'change-owner',
    () => 'changes the owner of',
    'The role that owned it loses what only owners may do, and grants that it did not need before.',
  ),
  AT_SetRelOptions: viewOptions,
  AT_ResetRelOptions: viewOptions,
  AT_ReplicaIdentity: doubtful(
    'replica-identity',
    () => 'changes the replica identity of',
    'UPDATE and DELETE fail on a published table by whose identity rows cannot be told apart.',
  ),
  AT_EnableRule: triggerSwitch,
  AT_EnableAlwaysRule: triggerSwitch,
  AT_EnableReplicaRule: triggerSwitch,
  AT_DisableRule: triggerSwitch,
  AT_EnableTrig: triggerSwitch,
  AT_EnableAlwaysTrig: triggerSwitch,
  AT_EnableReplicaTrig: triggerSwitch,
  AT_DisableTrig: triggerSwitch,
  AT_EnableTrigAll: triggerSwitch,
  AT_DisableTrigAll: triggerSwitch,
  AT_EnableTrigUser: triggerSwitch,
  AT_DisableTrigUser: triggerSwitch,
  ...Object.fromEntries(
    [
      'SetStatistics',
      'SetOptions',
      'ResetOptions',
      'SetStorage',
      'SetCompression',
      'ClusterOn',
      'DropCluster',
      'DropOids',
      'DisableRowSecurity',
      'NoForceRowSecurity',
    ].map((name) => [`AT_${name}`, free]),
  ),
};

function alter(scene: Scene, table: string, relation: Relation, command: AlterTableCmd): void {
  const rule = COMMANDS[command.subtype ?? ''];
  if (rule) rule(scene, table, relation, command);
  else
    doubtful(
      'unknown-change',
      () => 'changes in a way that is not known here',
      'What it does to the code that runs has to be judged by a person.',
    )(scene, table, relation, command);
}

function attachPartition(scene: Scene, table: string, relation: Relation, command: AlterTableCmd): void {
  const part = relationName(scene.catalog, as(command.def as Node, 'PartitionCmd')?.name);
  const child = relationOf(scene.catalog, part);
  if (relation.fresh && child.fresh) return;
  if (!child.fresh) {
    scene.report({
      kind: 'unknown',
      rule: 'attach-partition',
      table,
      what: `attaches ${part} to ${table} as a partition`,
      why: `Writes of the code that runs to ${part} have to fit the partition's bounds from now on, and queries of ${table} find its rows.`,
      steps: [
        `If no code writes to ${part} itself, say so before the statement: -- deploy-actions: compatible REASON`,
      ],
    });
    blocks(scene, {
      rule: 'attach-partition-scan',
      table: part,
      what: `attaches ${part} to ${table} and looks at all of its rows`,
      lock: 'ACCESS EXCLUSIVE',
      until: 'while all of its rows are looked at',
      steps: [
        `Add a CHECK with the bounds to ${part} as NOT VALID and VALIDATE it before; ATTACH then believes it.`,
      ],
    });
  } else locksBriefly(scene, table, `attaches ${part} to ${table}`);
}

function detachPartition(scene: Scene, table: string, relation: Relation, command: AlterTableCmd): void {
  const detach = as(command.def as Node, 'PartitionCmd');
  const part = relationName(scene.catalog, detach?.name);
  if (relation.fresh || relationOf(scene.catalog, part).fresh) return;
  scene.report({
    kind: 'breaking',
    rule: 'detach-partition',
    table,
    what: `detaches the partition ${part} from ${table}`,
    why: `${OLD_CODE}: it no longer finds the rows of ${part} in ${table}, and writes of such rows fail.`,
    steps: [
      'This release: stop reading and writing such rows in the code.',
      'A later release, when no task runs that does: DETACH PARTITION ... CONCURRENTLY, with a comment before it: -- deploy-actions: compatible REASON',
    ],
  });
  if (!detach?.concurrent)
    blocks(scene, {
      rule: 'detach-partition-lock',
      table,
      what: `detaches ${part} from ${table} without CONCURRENTLY`,
      lock: 'ACCESS EXCLUSIVE',
      until: 'for a moment',
      steps: [
        `ALTER TABLE ${sql(table)} DETACH PARTITION ${sql(part)} CONCURRENTLY, outside of a transaction`,
      ],
    });
}
