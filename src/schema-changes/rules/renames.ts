import type { AlterObjectSchemaStmt, AlterOwnerStmt, Node, RenameStmt } from 'libpg-query';
import { isFreshColumn, nameOf, relationName, relationOf, renameRelation } from '../catalog.ts';
import { as, words, wordsOf } from '../nodes.ts';
import { locksBriefly, OLD_CODE, type Scene, sql } from './scene.ts';

const expand = (kind: string, from: string, to: string): readonly string[] => [
  `This release: add ${to} beside ${from}, and let the code write both${kind === 'column' ? '; fill the rows that are there in batches' : ''}.`,
  `The next release: use ${to} only.`,
  `A later release, when no task runs that uses ${from}: drop ${from}, with a comment before it: -- deploy-actions: compatible no code uses it since RELEASE`,
];

export function rename(scene: Scene, statement: RenameStmt): void {
  const { renameType: type, subname = '', newname = '' } = statement;
  switch (type) {
    case 'OBJECT_TABLE':
    case 'OBJECT_FOREIGN_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
      renameTable(scene, statement);
      return;
    case 'OBJECT_COLUMN':
      renameColumn(scene, statement);
      return;
    case 'OBJECT_ATTRIBUTE': {
      const name = relationName(scene.catalog, statement.relation);
      if (!scene.catalog.others.get(`type:${name}`)?.fresh)
        says(scene, 'change-composite-type', 'attribute', `${name}.${subname}`, newname);
      return;
    }
    case 'OBJECT_INDEX':
      renameIndex(scene, statement);
      return;
    case 'OBJECT_TABCONSTRAINT':
      renameConstraint(scene, statement);
      return;
    case 'OBJECT_TRIGGER':
    case 'OBJECT_RULE':
    case 'OBJECT_POLICY':
    case 'OBJECT_DOMCONSTRAINT':
    case 'OBJECT_EVENT_TRIGGER':
    case 'OBJECT_STATISTIC_EXT':
      return;
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN':
    case 'OBJECT_SCHEMA':
      renameOther(scene, statement);
      return;
    default: {
      const label = (type ?? 'object').replace('OBJECT_', '').toLowerCase().replaceAll('_', ' ');
      const routine = as(statement.object, 'ObjectWithArgs');
      const name = routine
        ? nameOf(scene.catalog, words(routine.objname))
        : wordsOf(statement.object).join('.') || subname;
      const known = scene.catalog.routines.get(name);
      if (known) {
        scene.catalog.routines.delete(name);
        scene.catalog.routines.set(newname, known);
        if (known.every(({ fresh }) => fresh)) return;
      }
      says(scene, 'rename-other', label, name, newname);
    }
  }
}

function says(
  scene: Scene,
  rule: string,
  kind: string,
  from: string,
  to: string,
  key?: string,
  table?: string,
): void {
  scene.report({
    kind: 'breaking',
    rule,
    ...(key !== undefined && { key }),
    ...(table !== undefined && { table }),
    what: `renames the ${kind} ${from} to ${to}`,
    why: `${OLD_CODE}: whatever of it uses ${from} by that name fails.`,
    steps: expand(kind, from, to),
  });
}

function renameTable(scene: Scene, { relation: range, newname = '' }: RenameStmt): void {
  const { catalog } = scene;
  const from = relationName(catalog, range);
  const relation = relationOf(catalog, from);
  const schema = from.includes('.') ? `${from.split('.')[0]}.` : '';
  const to = `${schema}${newname}`;
  renameRelation(catalog, from, to);
  if (relation.fresh) return;
  catalog.others.set(`moved:${from}`, { fresh: false, definition: to });
  scene.report({
    kind: 'breaking',
    rule: 'rename-table',
    table: from,
    key: `relation:${from}`,
    what: `renames ${from} to ${to}`,
    why: `${OLD_CODE}: whatever of it uses ${from} by that name fails.`,
    steps: [
      `This release: in one transaction, ALTER TABLE ${sql(from)} RENAME TO ${sql(newname)} and CREATE VIEW ${sql(from)} AS SELECT * FROM ${sql(to)}, through which the code that runs reads and writes.`,
      `The same or the next release: use ${to} in the code.`,
      `A later release, when no task runs that uses ${from}: drop the view, with a comment before it: -- deploy-actions: compatible no code uses it since RELEASE`,
    ],
  });
  locksBriefly(scene, to, `renames ${from}`);
}

function renameColumn(scene: Scene, { relation: range, subname = '', newname = '' }: RenameStmt): void {
  const table = relationName(scene.catalog, range);
  const relation = relationOf(scene.catalog, table);
  const column = relation.columns.get(subname);
  const fresh = isFreshColumn(relation, subname);
  relation.columns.delete(subname);
  relation.columns.set(newname, column ?? { fresh: false });
  const moved = (columns: readonly string[]) => columns.map((each) => (each === subname ? newname : each));
  for (const [name, constraint] of relation.constraints)
    relation.constraints.set(name, { ...constraint, columns: moved(constraint.columns) });
  if (fresh) return;
  scene.report({
    kind: 'breaking',
    rule: 'rename-column',
    table,
    what: `renames the column ${subname} of ${table} to ${newname}`,
    why: `${OLD_CODE}: whatever of it reads or writes ${subname} fails.`,
    steps: [
      `This release: add the column ${newname} beside ${subname}, write both in the code, and fill the rows that are there in batches.`,
      `The next release: read ${newname} only, then write it only.`,
      `A later release, when no task runs that uses ${subname}: ALTER TABLE ${sql(table)} DROP COLUMN ${sql(subname)}, with a comment before it: -- deploy-actions: compatible no code uses it since RELEASE`,
    ],
  });
  locksBriefly(scene, table, `renames a column of ${table}`);
}

/** The index of a constraint carries the constraint's name. */
function renameIndex(scene: Scene, { relation: range, newname = '' }: RenameStmt): void {
  const { indexes, relations } = scene.catalog;
  const from = relationName(scene.catalog, range);
  const index = indexes.get(from);
  if (index) {
    indexes.delete(from);
    indexes.set(newname, index);
    return;
  }
  for (const [table, relation] of relations) {
    const constraint = relation.constraints.get(from);
    if (!constraint) continue;
    relation.constraints.delete(from);
    relation.constraints.set(newname, constraint);
    if (!constraint.fresh && !relation.fresh) nameOfConstraint(scene, table, from, newname, 'breaking');
    return;
  }
}

function renameConstraint(scene: Scene, { relation: range, subname = '', newname = '' }: RenameStmt): void {
  const table = relationName(scene.catalog, range);
  const relation = relationOf(scene.catalog, table);
  const constraint = relation.constraints.get(subname);
  relation.constraints.delete(subname);
  if (constraint) relation.constraints.set(newname, constraint);
  if (relation.fresh || constraint?.fresh) return;
  if (constraint && !['unique', 'primary', 'exclusion'].includes(constraint.kind)) return;
  nameOfConstraint(scene, table, subname, newname, constraint ? 'breaking' : 'unknown');
}

function nameOfConstraint(
  scene: Scene,
  table: string,
  from: string,
  to: string,
  kind: 'breaking' | 'unknown',
): void {
  scene.report({
    kind,
    rule: 'rename-constraint',
    table,
    what: `renames the constraint ${from} of ${table} to ${to}`,
    why: `ON CONFLICT ON CONSTRAINT ${from} in the code that runs fails${kind === 'unknown' ? ', if it is a key' : ''}.`,
    steps: [
      'If no code names it, say so before the statement: -- deploy-actions: compatible no code names the constraint',
    ],
  });
}

function renameOther(
  scene: Scene,
  { renameType, relation: range, object, subname = '', newname = '' }: RenameStmt,
): void {
  const { catalog } = scene;
  const label = (renameType ?? '').replace('OBJECT_', '').toLowerCase();
  const name = range
    ? relationName(catalog, range)
    : renameType === 'OBJECT_SCHEMA'
      ? subname
      : nameOf(catalog, wordsOf(object));
  const prefix = label === 'domain' ? 'type' : label;
  const known = catalog.others.get(`${prefix}:${name}`);
  catalog.others.delete(`${prefix}:${name}`);
  if (known) catalog.others.set(`${prefix}:${newname}`, known);
  if (!known?.fresh) says(scene, `rename-${label}`, label, name, newname);
}

export function setSchema(
  scene: Scene,
  { objectType, relation: range, object, newschema = '' }: AlterObjectSchemaStmt,
): void {
  const { catalog } = scene;
  const label = (objectType ?? '').replace('OBJECT_', '').toLowerCase().replaceAll('_', ' ');
  const routine = as(object, 'ObjectWithArgs');
  const name = range
    ? relationName(catalog, range)
    : nameOf(catalog, routine ? words(routine.objname) : wordsOf(object));
  const bare = name.split('.').at(-1) ?? name;
  const to = newschema === 'public' ? bare : `${newschema}.${bare}`;
  if (range && !['OBJECT_SEQUENCE', 'OBJECT_TYPE'].includes(objectType ?? '')) {
    const { fresh } = relationOf(catalog, name);
    renameRelation(catalog, name, to);
    if (fresh) return;
    catalog.others.set(`moved:${name}`, { fresh: false, definition: to });
  } else if (isFreshOther(scene, label, name)) return;
  scene.report({
    kind: 'breaking',
    rule: 'set-schema',
    ...(range && { table: name, key: `relation:${name}` }),
    what: `moves the ${label} ${name} to the schema ${newschema}`,
    why: `${OLD_CODE}: it does not find ${name} any more, unless its search_path has both schemas.`,
    steps: [
      ...(range
        ? [
            `This release: in the same transaction, CREATE VIEW ${sql(name)} AS SELECT * FROM ${sql(to)}, through which the code that runs reads and writes.`,
          ]
        : [`This release: make it anew in ${newschema} and keep ${name}.`]),
      `A later release, when no task runs that uses ${name}: drop what is left there.`,
    ],
  });
}

const isFreshOther = ({ catalog }: Scene, label: string, name: string): boolean =>
  catalog.others.get(`${label}:${name}`)?.fresh === true ||
  (catalog.routines.get(name) ?? []).some(({ fresh }) => fresh);

export function changeOwner(scene: Scene, { objectType, relation: range, object }: AlterOwnerStmt): void {
  const { catalog } = scene;
  const label = (objectType ?? '').replace('OBJECT_', '').toLowerCase().replaceAll('_', ' ');
  const routine = as(object as Node | undefined, 'ObjectWithArgs');
  const name = range
    ? relationName(catalog, range)
    : routine
      ? nameOf(catalog, words(routine.objname))
      : wordsOf(object).join('.');
  if ((range && catalog.relations.get(name)?.fresh) || isFreshOther(scene, label, name)) return;
  scene.report({
    kind: 'unknown',
    rule: 'change-owner',
    what: `changes the owner of the ${label} ${name}`,
    why: 'The role that owned it loses what only owners may do, and grants that it did not need before.',
    steps: [
      'If the code that runs does not need them, say so before the statement: -- deploy-actions: compatible REASON',
    ],
  });
}
