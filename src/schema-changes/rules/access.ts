import type { CreatePolicyStmt, CreateTrigStmt, GrantRoleStmt, GrantStmt, Node, RuleStmt } from 'libpg-query';
import { nameOf, relationName, relationOf } from '../catalog.ts';
import { all, as, canonical, words, wordsOf } from '../nodes.ts';
import { blocks, OLD_CODE, type Scene, sql } from './scene.ts';

export function grant(scene: Scene, statement: GrantStmt): void {
  if (statement.is_grant) {
    for (const name of grantedIn(scene, statement)) {
      scene.catalog.others.set(`granted:${name}`, { fresh: scene.fresh });
      scene.withdraw(`grants:${name}`);
    }
    return;
  }
  const whole = statement.targtype === 'ACL_TARGET_ALL_IN_SCHEMA';
  if (statement.targtype === 'ACL_TARGET_DEFAULTS') return;
  const old = (statement.objects ?? []).flatMap((object) =>
    nameOfOld(scene, statement.objtype ?? '', object),
  );
  const names = whole
    ? [`all in ${(statement.objects ?? []).map((object) => wordsOf(object).join('.')).join(', ')}`]
    : old;
  if (names.length === 0) return;
  scene.report({
    kind: 'breaking',
    rule: 'revoke',
    what: `takes rights on ${names.join(', ')} away`,
    why: `${OLD_CODE}: what its role may no longer do, fails.`,
    steps: [
      'This release: stop doing it in the code.',
      'A later release, when no task runs that does: REVOKE, with a comment before it: -- deploy-actions: compatible the role of the application does not need it',
    ],
  });
}

/** The tables and views that a GRANT is about. */
function grantedIn({ catalog }: Scene, { targtype, objects, objtype }: GrantStmt): readonly string[] {
  if (targtype !== 'ACL_TARGET_ALL_IN_SCHEMA')
    return all(objects, 'RangeVar').map((range) => relationName(catalog, range));
  const schemas = (objects ?? []).map((object) => wordsOf(object).join('.'));
  return objtype === 'OBJECT_TABLE'
    ? [...catalog.relations.keys()].filter((name) =>
        schemas.includes(name.includes('.') ? (name.split('.')[0] ?? '') : 'public'),
      )
    : [];
}

/** A view that is made anew has the rights of its owner only. */
export function rightsGone(scene: Scene, name: string): void {
  const granted = scene.catalog.others.has(`granted:${name}`);
  scene.report({
    kind: granted ? 'unknown' : 'notice',
    rule: 'rights-gone',
    table: name,
    key: `grants:${name}`,
    what: `makes ${name} anew without the rights that were granted on it`,
    why: 'A role that does not own it may not read it any more, until it is granted again.',
    steps: [`Grant what was granted in the same migration, such as GRANT SELECT ON ${sql(name)} TO ...`],
  });
}

/** The object, unless the same changes have made it. */
function nameOfOld(scene: Scene, type: string, object: Node): readonly string[] {
  const { catalog } = scene;
  const range = as(object, 'RangeVar');
  if (range) {
    const name = relationName(catalog, range);
    return catalog.relations.get(name)?.fresh || catalog.others.get(`sequence:${name}`)?.fresh ? [] : [name];
  }
  const routine = as(object, 'ObjectWithArgs');
  if (routine) {
    const name = nameOf(catalog, words(routine.objname));
    const known = catalog.routines.get(name) ?? [];
    return known.length > 0 && known.every(({ fresh }) => fresh) ? [] : [name];
  }
  const found = wordsOf(object);
  const name = found.length === 0 || type === 'OBJECT_SCHEMA' ? found.join('.') : nameOf(catalog, found);
  if (name === '') return [`a ${type.replace('OBJECT_', '').toLowerCase()}`];
  return catalog.others.get(`${type.replace('OBJECT_', '').toLowerCase()}:${name}`)?.fresh ? [] : [name];
}

export function grantRole(scene: Scene, statement: GrantRoleStmt): void {
  if (!statement.is_grant) roleLoses(scene, 'takes the membership of a role away');
}

export function roleLoses(scene: Scene, what: string): void {
  scene.report({
    kind: 'breaking',
    rule: 'revoke',
    what,
    why: `${OLD_CODE}: what its role may no longer do, fails.`,
    steps: ['Do it in a later release, when no task runs that needs it.'],
  });
}

export const roleChanges = (scene: Scene): void =>
  scene.report({
    kind: 'unknown',
    rule: 'change-settings',
    what: 'changes a role, or settings of a role, the database or the server',
    why: 'The code that runs gets them with its next connection.',
    steps: ['If it does not mind, say so before the statement: -- deploy-actions: compatible REASON'],
  });

export function createPolicy(scene: Scene, statement: CreatePolicyStmt): void {
  const { catalog } = scene;
  const table = relationName(catalog, statement.table);
  const relation = relationOf(catalog, table);
  const key = `policy:${table}.${statement.policy_name}`;
  const definition = canonical(statement);
  catalog.others.set(key, { fresh: scene.fresh, definition });
  if (relation.fresh) return;
  if (again(scene, key, definition, table, `the policy ${statement.policy_name}`)) return;
  if (statement.permissive === true) return;
  scene.report({
    kind: 'breaking',
    rule: 'restrictive-policy',
    table,
    what: `adds the restrictive policy ${statement.policy_name} to ${table}`,
    why: `${OLD_CODE}: rows that the policy hides are gone for it, and writes of them fail.`,
    steps: ['Add it in a later release, when no task runs that needs those rows.'],
  });
}

export const alterPolicy = (
  scene: Scene,
  statement: { table?: Parameters<typeof relationName>[1]; policy_name?: string },
): void => {
  const table = relationName(scene.catalog, statement.table);
  if (relationOf(scene.catalog, table).fresh) return;
  changed(scene, table, `the policy ${statement.policy_name}`);
};

const changed = (scene: Scene, table: string, what: string): void =>
  scene.report({
    kind: 'unknown',
    rule: 'change-rule',
    table,
    what: `changes ${what} of ${table}`,
    why: 'What that does to the reads and writes of the code that runs has to be judged by a person.',
    steps: ['If it does not mind, say so before the statement: -- deploy-actions: compatible REASON'],
  });

/** Whether something that was dropped before in the same changes is made again; says so where it is another. */
function again(scene: Scene, key: string, definition: string, table: string, what: string): boolean {
  if (!scene.gone.definitions.has(key) || !scene.withdraw(key)) return false;
  if (scene.gone.definitions.get(key) !== definition) changed(scene, table, what);
  return true;
}

export function createTrigger(scene: Scene, statement: CreateTrigStmt): void {
  const { catalog } = scene;
  const table = relationName(catalog, statement.relation);
  const key = `trigger:${table}.${statement.trigname}`;
  const definition = canonical({ ...statement, replace: undefined });
  const before = catalog.others.get(key);
  catalog.others.set(key, { fresh: scene.fresh, definition });
  if (relationOf(catalog, table).fresh) return;
  const what = `the trigger ${statement.trigname}`;
  if (!again(scene, key, definition, table, what) && before?.definition !== definition)
    scene.report({
      kind: 'unknown',
      rule: 'add-trigger',
      table,
      what: `adds ${what} to ${table}`,
      why: 'It runs when the code that runs writes, and may change or refuse what that writes.',
      steps: ['If it does neither, say so before the statement: -- deploy-actions: compatible REASON'],
      location: statement.relation?.location,
    });
  blocks(scene, {
    rule: 'create-trigger',
    table,
    what: `creates ${what} on ${table}`,
    lock: 'SHARE ROW EXCLUSIVE',
    until: 'for a moment, which comes only when the writes that are under way have ended',
    steps: [
      "Set a limit before the statement, such as SET lock_timeout = '5s', and run the migration again when it fails.",
    ],
    location: statement.relation?.location,
  });
}

export function createRule(scene: Scene, statement: RuleStmt): void {
  const { catalog } = scene;
  const table = relationName(catalog, statement.relation);
  const key = `rule:${table}.${statement.rulename}`;
  const definition = canonical({ ...statement, replace: undefined });
  catalog.others.set(key, { fresh: scene.fresh, definition });
  if (
    relationOf(catalog, table).fresh ||
    again(scene, key, definition, table, `the rule ${statement.rulename}`)
  )
    return;
  changed(scene, table, `the rule ${statement.rulename}`);
}
