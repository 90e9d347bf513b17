import type { Node } from 'libpg-query';
import { nameOf, relationName } from '../catalog.ts';
import { type Of, type Tag, tagOf, words } from '../nodes.ts';
import {
  alterPolicy,
  createPolicy,
  createRule,
  createTrigger,
  grant,
  grantRole,
  roleChanges,
  roleLoses,
} from './access.ts';
import { calls, truncate, writes } from './data.ts';
import { drop } from './drops.ts';
import { createIndex, reindex } from './indexes.ts';
import { changeOwner, rename, setSchema } from './renames.ts';
import { createRoutine } from './routines.ts';
import type { Scene } from './scene.ts';
import { cluster, lock, setVariable, vacuum } from './session.ts';
import { alterTable, createTable, createTableAs } from './tables.ts';
import { alterDomain, alterEnum, alterSequence } from './user-types.ts';
import { createView, refreshView } from './views.ts';

type Rulebook = { readonly [K in Tag]?: (scene: Scene, statement: Of<K>) => void };

const free = (): void => {};

const makes = (scene: Scene, key: string): void => {
  const before = scene.catalog.others.get(key);
  scene.catalog.others.set(key, { fresh: before?.fresh ?? scene.fresh });
  // Whatever it is, the code that runs finds something by that name again, and PostgreSQL checks nothing of it.
};

const makesType = (scene: Scene, name: readonly string[]): void =>
  makes(scene, `type:${nameOf(scene.catalog, name)}`);

/** PostgreSQL refuses writes to published tables by which it could not tell the rows apart. */
const publishes = (scene: Scene, { pubname }: { readonly pubname?: string }): void =>
  scene.report({
    kind: 'unknown',
    rule: 'publish',
    what: `changes what the publication ${pubname} holds`,
    why: 'UPDATE and DELETE of the code that runs fail on a published table that has neither a primary key nor another replica identity.',
    steps: ['If all of them have one, say so before the statement: -- deploy-actions: compatible REASON'],
  });

/** What each kind of statement does to the code that runs. What is not here is not known. */
const RULES: Rulebook = {
  AlterTableStmt: alterTable,
  AlterDomainStmt: alterDomain,
  AlterEnumStmt: alterEnum,
  AlterSeqStmt: alterSequence,
  AlterObjectSchemaStmt: setSchema,
  AlterOwnerStmt: changeOwner,
  AlterPolicyStmt: alterPolicy,
  ClusterStmt: cluster,
  CallStmt: (scene, { funccall }) => {
    if (funccall) calls(scene, funccall);
  },
  CreateStmt: createTable,
  CreateForeignTableStmt: (scene, { base }) => {
    if (base) createTable(scene, base);
  },
  CreateTableAsStmt: createTableAs,
  CreateFunctionStmt: createRoutine,
  CreatePolicyStmt: createPolicy,
  CreateTrigStmt: createTrigger,
  AlterPublicationStmt: publishes,
  CreatePublicationStmt: publishes,
  CreateTableSpaceStmt: free,
  CreateSchemaStmt: (scene, { schemaname, schemaElts }) => {
    makes(scene, `schema:${schemaname}`);
    for (const element of schemaElts ?? []) judgeNode(scene, element);
  },
  CreateSeqStmt: (scene, { sequence }) => makes(scene, `sequence:${relationName(scene.catalog, sequence)}`),
  CreateEnumStmt: (scene, { typeName }) => makesType(scene, words(typeName)),
  CreateDomainStmt: (scene, { domainname }) => makesType(scene, words(domainname)),
  CreateRangeStmt: (scene, { typeName }) => makesType(scene, words(typeName)),
  CompositeTypeStmt: (scene, { typevar }) => makes(scene, `type:${relationName(scene.catalog, typevar)}`),
  CreateExtensionStmt: (scene, { extname }) => makes(scene, `extension:${extname}`),
  DropStmt: drop,
  GrantStmt: grant,
  GrantRoleStmt: grantRole,
  IndexStmt: createIndex,
  LockStmt: lock,
  RefreshMatViewStmt: refreshView,
  ReindexStmt: reindex,
  RenameStmt: rename,
  RuleStmt: createRule,
  TruncateStmt: truncate,
  VacuumStmt: vacuum,
  VariableSetStmt: setVariable,
  ViewStmt: createView,
  DropOwnedStmt: (scene) => roleLoses(scene, 'drops all that a role owns'),
  DropRoleStmt: (scene) => roleLoses(scene, 'drops a role'),
  DropdbStmt: (scene) => roleLoses(scene, 'drops a database'),
  AlterRoleStmt: roleChanges,
  AlterRoleSetStmt: roleChanges,
  AlterDatabaseStmt: roleChanges,
  AlterDatabaseSetStmt: roleChanges,
  AlterSystemStmt: roleChanges,
  ReassignOwnedStmt: roleChanges,
  InsertStmt: (scene, statement) => writes(scene, { InsertStmt: statement }),
  UpdateStmt: (scene, statement) => writes(scene, { UpdateStmt: statement }),
  DeleteStmt: (scene, statement) => writes(scene, { DeleteStmt: statement }),
  MergeStmt: (scene, statement) => writes(scene, { MergeStmt: statement }),
  SelectStmt: (scene, statement) => {
    const { intoClause } = statement;
    if (intoClause)
      createTableAs(scene, { query: { SelectStmt: statement }, into: intoClause, objtype: 'OBJECT_TABLE' });
    writes(scene, { SelectStmt: statement });
  },
  CopyStmt: free,
  AlterDefaultPrivilegesStmt: free,
  AlterExtensionStmt: free,
  AlterStatsStmt: free,
  AlterObjectDependsStmt: free,
  CheckPointStmt: free,
  ClosePortalStmt: free,
  CommentStmt: free,
  ConstraintsSetStmt: free,
  CreateAmStmt: free,
  CreateCastStmt: free,
  CreateConversionStmt: free,
  CreateFdwStmt: free,
  CreateForeignServerStmt: free,
  CreateOpClassStmt: free,
  CreateOpFamilyStmt: free,
  CreatePLangStmt: free,
  CreateRoleStmt: free,
  CreateStatsStmt: free,
  CreateSubscriptionStmt: free,
  CreateTransformStmt: free,
  CreateUserMappingStmt: free,
  CreatedbStmt: free,
  DeallocateStmt: free,
  DeclareCursorStmt: free,
  DefineStmt: (scene, { kind, defnames }) => {
    if (kind === 'OBJECT_TYPE') makesType(scene, words(defnames));
  },
  DiscardStmt: free,
  ExplainStmt: free,
  FetchStmt: free,
  ImportForeignSchemaStmt: free,
  ListenStmt: free,
  LoadStmt: free,
  NotifyStmt: free,
  PrepareStmt: free,
  SecLabelStmt: free,
  TransactionStmt: free,
  UnlistenStmt: free,
  VariableShowStmt: free,
};

/** Judges one statement, and remembers what it makes of the schema. */
export function judgeNode(scene: Scene, node: Node): void {
  const tag = tagOf(node);
  const rule = RULES[tag] as ((scene: Scene, statement: unknown) => void) | undefined;
  if (rule) {
    rule(scene, (node as Readonly<Record<string, unknown>>)[tag]);
    return;
  }
  scene.report({
    kind: 'unknown',
    rule: 'unknown-statement',
    what: `runs a statement of a kind that is not judged here (${tag.replace(/Stmt$/, '')})`,
    why: 'What it does to the code that runs has to be judged by a person.',
    steps: ['If it does not mind, say so before the statement: -- deploy-actions: compatible REASON'],
  });
}
