import type { AlterDomainStmt, AlterEnumStmt, AlterSeqStmt } from 'libpg-query';
import { nameOf, relationName } from '../catalog.ts';
import { all, as, words } from '../nodes.ts';
import { readType } from '../types.ts';
import { OLD_CODE, type Scene } from './scene.ts';

/** Values are data, so no text says which one. */
export function alterEnum(scene: Scene, statement: AlterEnumStmt): void {
  const name = nameOf(scene.catalog, words(statement.typeName));
  if (scene.catalog.others.get(`type:${name}`)?.fresh) return;
  if (statement.oldVal !== undefined && statement.oldVal !== '')
    scene.report({
      kind: 'breaking',
      rule: 'rename-enum-value',
      what: `renames a value of the enum ${name}`,
      why: `${OLD_CODE}: it writes and compares with the value of before, which PostgreSQL then refuses.`,
      steps: [
        'This release: add the new value, and let the code read both.',
        'The next release: write the new value, and change the rows that are there in batches.',
        'The old value stays in the type: PostgreSQL cannot take one away.',
      ],
    });
  else
    scene.report({
      kind: 'notice',
      rule: 'add-enum-value',
      what: `adds a value to the enum ${name}`,
      why: 'The statements of the code that runs work as before; it reads the new value as soon as the new code writes it.',
      steps: ['Write the new value only in a later release, when all code that runs can read it.'],
    });
}

/** https://www.postgresql.org/docs/current/sql-alterdomain.html */
export function alterDomain(scene: Scene, statement: AlterDomainStmt): void {
  const name = nameOf(scene.catalog, words(statement.typeName));
  if (scene.catalog.others.get(`type:${name}`)?.fresh) return;
  const { subtype } = statement;
  const constraint = as(statement.def, 'Constraint');
  const strict =
    subtype === 'C' || subtype === 'AD_AddConstraint'
      ? 'adds a constraint to'
      : subtype === 'O' || subtype === 'AD_SetNotNull'
        ? 'forbids NULL in'
        : (subtype === 'T' || subtype === 'AD_AlterDefault') && statement.def === undefined
          ? 'removes the default of'
          : undefined;
  if (strict === undefined && constraint === undefined) return;
  scene.report({
    kind: 'breaking',
    rule: 'change-domain',
    what: `${strict ?? 'changes'} the domain ${name}`,
    why: `${OLD_CODE}: its writes to columns of that type may fail.`,
    steps: [
      'This release: change the code so that it keeps to it, and mend the rows that do not.',
      'A later release, when no task runs that could break it: change the domain, with a comment before it: -- deploy-actions: compatible REASON',
    ],
  });
}

export function alterSequence(scene: Scene, statement: AlterSeqStmt): void {
  const name = relationName(scene.catalog, statement.sequence);
  if (scene.catalog.others.get(`sequence:${name}`)?.fresh) return;
  const risky = all(statement.options, 'DefElem').filter(
    ({ defname = '', arg }) =>
      ['restart', 'start', 'minvalue', 'maxvalue', 'increment', 'cycle'].includes(defname) ||
      (defname === 'as' && readType(as(arg, 'TypeName')).name !== 'bigint'),
  );
  if (risky.length === 0) return;
  scene.report({
    kind: 'unknown',
    rule: 'change-sequence',
    what: `changes ${risky.map(({ defname }) => defname).join(' and ')} of the sequence ${name}`,
    why: 'The code that runs may get numbers that are taken, or none.',
    steps: [
      'If all numbers to come are free, say so before the statement: -- deploy-actions: compatible REASON',
    ],
  });
}
