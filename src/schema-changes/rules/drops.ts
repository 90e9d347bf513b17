import type { DropStmt, Node } from 'libpg-query';
import { dropRelation, nameOf, relationOf } from '../catalog.ts';
import { as, wordsOf } from '../nodes.ts';
import { dropIndex } from './indexes.ts';
import { forgetRoutine, routineGone } from './routines.ts';
import { locksBriefly, OLD_CODE, type Scene, sql } from './scene.ts';

const LABELS: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_FOREIGN_TABLE: 'foreign table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
  OBJECT_SCHEMA: 'schema',
  OBJECT_EXTENSION: 'extension',
};

export function drop(scene: Scene, statement: DropStmt): void {
  const { removeType: type = '' } = statement;
  if (type === 'OBJECT_INDEX') {
    dropIndex(scene, statement);
    return;
  }
  for (const object of statement.objects ?? []) {
    if (['OBJECT_TABLE', 'OBJECT_FOREIGN_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW'].includes(type))
      relationGoes(scene, nameOf(scene.catalog, wordsOf(object)), type);
    else if (['OBJECT_FUNCTION', 'OBJECT_PROCEDURE', 'OBJECT_ROUTINE', 'OBJECT_AGGREGATE'].includes(type))
      routineGoes(scene, object);
    else if (['OBJECT_TRIGGER', 'OBJECT_RULE', 'OBJECT_POLICY'].includes(type)) partGoes(scene, object, type);
    else if (
      ['OBJECT_SEQUENCE', 'OBJECT_TYPE', 'OBJECT_DOMAIN', 'OBJECT_SCHEMA', 'OBJECT_EXTENSION'].includes(type)
    )
      otherGoes(scene, object, type);
    else if (!HARMLESS.includes(type)) {
      const label = type.replace('OBJECT_', '').toLowerCase().replaceAll('_', ' ');
      scene.report({
        kind: 'breaking',
        rule: 'drop-other',
        what: `drops a ${label}`,
        why: `${OLD_CODE}: what of it uses the ${label} fails.`,
        steps: ['Drop it in a later release, when no task runs that uses it.'],
      });
    }
  }
}

/** What no statement of an application names. */
const HARMLESS = ['OBJECT_STATISTIC_EXT', 'OBJECT_EVENT_TRIGGER', 'OBJECT_TRANSFORM'];

const later = (what: string, statement: string): readonly string[] => [
  `This release: stop using ${what} in the code.`,
  'Let the release run until you would not go back behind it.',
  `A later release: ${statement}, with a comment before it: -- deploy-actions: compatible no code uses it since RELEASE`,
];

function relationGoes(scene: Scene, name: string, type: string): void {
  const relation = relationOf(scene.catalog, name);
  const label = LABELS[type] ?? 'table';
  dropRelation(scene.catalog, name);
  if (relation.fresh) return;
  const key = `relation:${name}`;
  const table = label === 'table' || label === 'foreign table';
  if (!table) scene.gone.views.set(key, { outputs: relation.outputs, updatable: relation.updatable });
  scene.report({
    kind: 'breaking',
    rule: table ? 'drop-table' : 'drop-view',
    table: name,
    ...(!table && { key }),
    what: `drops the ${label} ${name}`,
    why: `${OLD_CODE}: whatever of it reads or writes ${name} fails.${table ? ` What is in ${name} is lost.` : ''}`,
    steps: later(name, `DROP ${label.toUpperCase()} ${sql(name)}`),
  });
  if (table) locksBriefly(scene, name, `drops ${name}`);
}

function routineGoes(scene: Scene, object: Node): void {
  const found = as(object, 'ObjectWithArgs');
  if (!found) return;
  const { name, old } = forgetRoutine(scene, found);
  if (old.length === 0) return;
  scene.gone.routines.set(`routine:${name}`, old);
  routineGone(scene, name);
}

/** Triggers, rules and policies are named behind their table. */
function partGoes(scene: Scene, object: Node, type: string): void {
  const { others } = scene.catalog;
  const words = wordsOf(object);
  const table = nameOf(scene.catalog, words.slice(0, -1));
  const label = type.replace('OBJECT_', '').toLowerCase();
  const key = `${label}:${table}.${words.at(-1)}`;
  const known = others.get(key);
  others.delete(key);
  if (known?.fresh || relationOf(scene.catalog, table).fresh) return;
  scene.gone.definitions.set(key, known?.definition);
  const effect: Readonly<Record<string, string>> = {
    trigger: `it may count on what the trigger does to rows of ${table}, such as filling a column.`,
    rule: `it may count on what the rule makes of its writes to ${table}.`,
    policy: `with row security on, it may no longer see or write what the policy let it.`,
  };
  scene.report({
    kind: 'breaking',
    rule: `drop-${label}`,
    table,
    key,
    what: `drops the ${label} ${words.at(-1)} of ${table}`,
    why: `${OLD_CODE}: ${effect[label]}`,
    steps: later(`what the ${label} does`, `DROP ${label.toUpperCase()}`),
  });
}

function otherGoes(scene: Scene, object: Node, type: string): void {
  const { others } = scene.catalog;
  const label = LABELS[type] ?? 'type';
  const bare = type === 'OBJECT_SCHEMA' || type === 'OBJECT_EXTENSION';
  const name = bare ? wordsOf(object).join('.') : nameOf(scene.catalog, wordsOf(object));
  const key = `${label === 'domain' ? 'type' : label}:${name}`;
  const known = others.get(key);
  others.delete(key);
  if (known?.fresh) return;
  scene.report({
    kind: 'breaking',
    rule: `drop-${label}`,
    what: `drops the ${label} ${name}`,
    why: `${OLD_CODE}: whatever of it uses ${name} fails.`,
    steps: later(name, `DROP ${label.toUpperCase()} ${sql(name)}`),
  });
}
