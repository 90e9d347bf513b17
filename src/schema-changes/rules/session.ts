import type { ClusterStmt, LockStmt, VacuumStmt, VariableSetStmt } from 'libpg-query';
import { relationName, relationOf } from '../catalog.ts';
import { all } from '../nodes.ts';
import { blocks, type Scene } from './scene.ts';

export function setVariable(scene: Scene, statement: VariableSetStmt): void {
  const name = statement.name?.toLowerCase();
  const [value] = all(statement.args, 'A_Const');
  const text = value?.sval?.sval ?? (value?.ival ? String(value.ival.ival ?? 0) : '');
  if (name === 'lock_timeout')
    scene.lockTimeout =
      statement.kind === 'VAR_SET_VALUE' ? !/^0(\D|$)/.test(text) : scene.lockTimeoutElsewhere;
  if (statement.kind === 'VAR_RESET_ALL') scene.lockTimeout = scene.lockTimeoutElsewhere;
  // The first schema is where names are looked for first, and things are made.
  if (name === 'search_path')
    scene.catalog.searchPath =
      text === '' || text.startsWith('"$') ? 'public' : text.split(',')[0]?.trim() || 'public';
}

const LOCKS = [
  '',
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
];

export function lock(scene: Scene, statement: LockStmt): void {
  const mode = LOCKS[statement.mode ?? 8] ?? 'ACCESS EXCLUSIVE';
  if ((statement.mode ?? 8) < 5) return;
  for (const range of all(statement.relations, 'RangeVar')) {
    const table = relationName(scene.catalog, range);
    if (relationOf(scene.catalog, table).fresh) continue;
    scene.report({
      kind: 'blocking',
      rule: 'lock-table',
      table,
      what: `locks ${table}`,
      lock: mode,
      why: `It takes the lock ${mode} on ${table}: ${mode === 'ACCESS EXCLUSIVE' ? 'every query, reads too, waits' : 'every write waits'} until the transaction ends.`,
      steps: [
        'Let the statements that follow take the locks that they need, and keep the transaction short.',
      ],
    });
  }
}

export function vacuum(scene: Scene, statement: VacuumStmt): void {
  const full = all(statement.options, 'DefElem').some(({ defname }) => defname === 'full');
  if (!full || statement.is_vacuumcmd !== true) return;
  const tables = all(statement.rels, 'VacuumRelation').map(({ relation }) =>
    relationName(scene.catalog, relation),
  );
  for (const table of tables.length > 0 ? tables : ['every table'])
    anew(scene, table, 'VACUUM FULL', [
      'VACUUM without FULL lets everything go on; pg_repack gives the space back while the table is used.',
    ]);
}

export function cluster(scene: Scene, statement: ClusterStmt): void {
  const table = statement.relation
    ? relationName(scene.catalog, statement.relation)
    : 'every clustered table';
  anew(scene, table, 'CLUSTER', ['pg_repack sorts a table while it is used.']);
}

function anew(scene: Scene, table: string, what: string, steps: readonly string[]): void {
  if (scene.catalog.relations.has(table) && relationOf(scene.catalog, table).fresh) return;
  blocks(scene, {
    rule: 'rewrite',
    table,
    what: `runs ${what} on ${table}`,
    lock: 'ACCESS EXCLUSIVE',
    until: 'until all rows and indexes are written anew',
    steps,
  });
}
