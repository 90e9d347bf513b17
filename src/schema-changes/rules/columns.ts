import type { AlterTableCmd, ColumnDef, Node, TypeName } from 'libpg-query';
import { type Column, isFreshColumn, type Relation, relationOf } from '../catalog.ts';
import { isDistinct, isVolatile, mayFail } from '../condition.ts';
import { all, as, canonical, words } from '../nodes.ts';
import { readType, type SqlType, serialOf, typeChange, writtenType } from '../types.ts';
import { addConstraint } from './constraints.ts';
import { blocks, computes, locksBriefly, OLD_CODE, type Scene, sql } from './scene.ts';

/** One ALTER of a table's columns: the scene, the table's name, the command. */
interface Alteration {
  readonly scene: Scene;
  readonly table: string;
  readonly relation: Relation;
  readonly command: AlterTableCmd;
}

/** Remembers a column as its definition has it. */
export function learnColumn(scene: Scene, table: string, definition: ColumnDef): Column {
  const relation = relationOf(scene.catalog, table);
  const written = readType(definition.typeName);
  const serial = serialOf(written);
  const constraints = all(definition.constraints, 'Constraint');
  const has = (kind: string) => constraints.find(({ contype }) => contype === kind);
  const fallback = has('CONSTR_DEFAULT')?.raw_expr;
  const isNull = as(fallback, 'A_Const')?.isnull === true;
  const column: Column = {
    type: serial ?? written,
    notNull:
      serial !== undefined ||
      [has('CONSTR_NOTNULL'), has('CONSTR_PRIMARY'), has('CONSTR_IDENTITY')].some(
        (each) => each !== undefined,
      ),
    filled:
      serial !== undefined ||
      (fallback !== undefined && !isNull) ||
      has('CONSTR_IDENTITY') !== undefined ||
      has('CONSTR_GENERATED') !== undefined,
    distinct: serial !== undefined || has('CONSTR_IDENTITY') !== undefined || isDistinct(fallback),
    ...(fallback !== undefined && !isNull && { fallback }),
    fresh: scene.fresh,
  };
  relation.columns.set(definition.colname ?? '', column);
  return column;
}

export function addColumn({ scene, table, relation, command }: Alteration): void {
  const definition = as(command.def, 'ColumnDef');
  const name = definition?.colname ?? '';
  const before = relation.columns.get(name);
  // It is there already, and stays as it is.
  if (!definition || (command.missing_ok && before)) return;
  const column = learnColumn(scene, table, definition);
  const constraints = all(definition.constraints, 'Constraint');
  required(scene, table, name, definition.location);
  for (const constraint of constraints) {
    if (
      !['CONSTR_DEFAULT', 'CONSTR_NOTNULL', 'CONSTR_NULL', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'].includes(
        constraint.contype ?? '',
      )
    )
      addConstraint(scene, table, constraint, name);
  }
  const { fallback } = column;
  const generated = constraints.find(({ contype }) => contype === 'CONSTR_GENERATED');
  const identity = constraints.some(({ contype }) => contype === 'CONSTR_IDENTITY');
  const serial = serialOf(readType(definition.typeName)) !== undefined;
  const stored = generated !== undefined && generated.generated_kind !== 'v';
  if (stored && !relation.fresh && mayFail(generated.raw_expr))
    computes(scene, table, `adds the computed column ${name} to ${table}`, definition.location);
  const because = serial
    ? 'a number from a sequence'
    : identity
      ? 'an identity'
      : stored
        ? 'a stored expression'
        : fallback !== undefined && isVolatile(fallback as Node)
          ? 'a default that differs from row to row'
          : undefined;
  if (because !== undefined) {
    blocks(scene, {
      rule: 'add-column-rewrite',
      table,
      what: `adds the column ${name} to ${table} with ${because}`,
      lock: 'ACCESS EXCLUSIVE',
      until: 'until all rows and indexes are written anew',
      steps: [
        `Add ${name} without a default, then set the default in a statement of its own: it counts for new rows only.`,
        'Fill the rows that are there in batches.',
      ],
      location: definition.location,
    });
  } else locksBriefly(scene, table, `adds the column ${name} to ${table}`, definition.location);
}

/** A new column that has to have a value, and that the code of before does not give one. */
function required(scene: Scene, table: string, name: string, location?: number): void {
  const relation = relationOf(scene.catalog, table);
  const column = relation.columns.get(name);
  const key = `required:${table}.${name}`;
  if (relation.fresh || !column?.fresh) return;
  if (!column.notNull || column.filled) {
    scene.withdraw(key);
    return;
  }
  scene.withdraw(key);
  scene.report({
    kind: 'breaking',
    rule: 'required-column',
    table,
    key,
    what: `makes the new column ${name} of ${table} NOT NULL without a default`,
    why: `${OLD_CODE}: it does not know ${name}, so every INSERT of it fails. On a table with rows the statement may fail itself.`,
    steps: [
      `This release: add ${name} without NOT NULL, or with a DEFAULT that stays (Django: db_default instead of default; Alembic: server_default; Rails and others: look that the SQL does not drop the default again).`,
      `The same or the next release: write ${name} in the code, and fill the rows that are there in batches.`,
      `A later release, when no task runs that does not write it: ALTER TABLE ${sql(table)} ALTER COLUMN ${sql(name)} SET NOT NULL.`,
    ],
    location,
  });
}

export function dropColumn({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  const fresh = isFreshColumn(relation, name);
  relation.columns.delete(name);
  scene.withdraw(`required:${table}.${name}`);
  for (const [constraint, { columns }] of [...relation.constraints])
    if (columns.includes(name)) relation.constraints.delete(constraint);
  for (const [index, { table: of, columns }] of [...scene.catalog.indexes])
    if (of === table && columns.includes(name)) scene.catalog.indexes.delete(index);
  if (fresh) return;
  scene.report({
    kind: 'breaking',
    rule: 'drop-column',
    table,
    what: `drops the column ${name} of ${table}`,
    why: `${OLD_CODE}: whatever of it reads or writes ${name} fails. What is in ${name} is lost.`,
    steps: [
      `This release: stop reading and writing ${name} in the code; if it is NOT NULL without a default, drop NOT NULL or give it a default first.`,
      `Let the release run until you would not go back behind it.`,
      `A later release: ALTER TABLE ${sql(table)} DROP COLUMN ${sql(name)}, with a comment before it: -- deploy-actions: compatible no code uses ${name} since RELEASE`,
    ],
  });
  locksBriefly(scene, table, `drops the column ${name} of ${table}`);
}

export function alterType({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  const definition = as(command.def, 'ColumnDef');
  const column = relation.columns.get(name);
  const to = readType(definition?.typeName as TypeName | undefined);
  const from = column?.type;
  const fresh = isFreshColumn(relation, name);
  relation.columns.set(name, { ...column, type: to, fresh: column?.fresh ?? false });
  if (relation.fresh) return;
  const change = typeChange(from, to);
  const converted = definition?.raw_default !== undefined && !isPlainCast(definition.raw_default, name, to);
  const collated = definition?.collClause !== undefined;
  const what = `changes the type of ${name} in ${table}${from ? ` from ${writtenType(from)}` : ''} to ${writtenType(to)}`;
  const steps = [
    `This release: add a column of the new type beside ${name}, write both in the code, and fill the rows that are there in batches.`,
    `The next release: read the new column only.`,
    `A later release, when no task runs that uses ${name}: drop ${name}, and rename the new column in the same way if you must.`,
  ];
  const { location } = definition ?? {};
  if (!fresh) {
    if (converted)
      scene.report({
        kind: 'breaking',
        rule: 'change-type',
        table,
        what,
        why: `${OLD_CODE}: the values of ${name} become others by USING, and it still reads and writes the old ones.`,
        steps,
        location,
      });
    else if (collated)
      scene.report({
        kind: 'unknown',
        rule: 'change-type',
        table,
        what: `changes the collation of ${name} in ${table}`,
        why: `What is equal and how rows are sorted may be another thing for the code that runs.`,
        steps,
        location,
      });
    else if (change.kind === 'breaking')
      scene.report({
        kind: 'breaking',
        rule: 'change-type',
        table,
        what,
        why: `${OLD_CODE}: ${change.why}.`,
        steps,
        location,
      });
    else if (change.kind === 'unknown')
      scene.report({
        kind: 'unknown',
        rule: 'change-type',
        table,
        what,
        why: `That is safe when ${name} was ${change.safeFrom}, and breaks the code that runs otherwise; what it was is in none of the files.`,
        steps: [
          `If it is safe, say so before the statement: -- deploy-actions: compatible ${name} was ${change.safeFrom}`,
          ...steps,
        ],
        location,
      });
  }
  if (change.kind === 'breaking' || converted || collated)
    blocks(scene, {
      rule: 'change-type-rewrite',
      table,
      what,
      lock: 'ACCESS EXCLUSIVE',
      until: 'until all rows and indexes are written anew',
      steps,
      location,
    });
  else if (change.kind !== 'same') {
    locksBriefly(scene, table, what, location);
    if (!fresh)
      scene.report({
        kind: 'notice',
        rule: 'prepared-statements',
        table,
        what,
        why: `Statements that are prepared already and read ${name} fail once with "cached plan must not change result type"; most drivers prepare again, inside of a transaction they cannot.`,
        steps: [],
        location,
      });
  }
}

/** `USING name::type`, which is what PostgreSQL does by itself. */
function isPlainCast(using: Node, name: string, to: SqlType): boolean {
  const cast = as(using, 'TypeCast');
  const column = as(cast ? cast.arg : using, 'ColumnRef');
  const same =
    !cast || canonical(readType(cast.typeName)) === canonical(to) || readType(cast.typeName).name === to.name;
  return column !== undefined && words(column.fields).at(-1) === name && same;
}

export function setNotNull({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  const column = relation.columns.get(name);
  const checked = [...relation.constraints.values()].find(
    ({ kind, columns }) => kind === 'not-null' && columns[0] === name,
  );
  relation.columns.set(name, { ...column, notNull: true, fresh: column?.fresh ?? false });
  if (relation.fresh) return;
  if (column?.fresh) required(scene, table, name);
  else if (!column?.notNull && !checked) notNullBreaks(scene, table, name);
  if (!column?.notNull && !checked?.valid) scans(scene, table, name);
  else locksBriefly(scene, table, `sets NOT NULL on ${name} of ${table}`);
}

export function notNullBreaks(scene: Scene, table: string, name: string, location?: number): void {
  scene.report({
    kind: 'breaking',
    rule: 'set-not-null',
    table,
    what: `forbids NULL in the column ${name} of ${table}`,
    why: `${OLD_CODE}: NULL was allowed, so its writes may leave ${name} out or set it to NULL, and fail then.`,
    steps: [
      `This release: write ${name} always in the code, give it a DEFAULT if one makes sense, and fill the rows that are there in batches.`,
      `A later release, when no task runs that writes NULL: ALTER TABLE ${sql(table)} ADD CONSTRAINT ${sql(`${name}_not_null`)} CHECK (${sql(name)} IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT, then SET NOT NULL, with a comment before each: -- deploy-actions: compatible all code writes ${name} since RELEASE`,
    ],
    location,
  });
}

function scans(scene: Scene, table: string, name: string): void {
  blocks(scene, {
    rule: 'set-not-null-scan',
    table,
    what: `sets NOT NULL on ${name} of ${table}`,
    lock: 'ACCESS EXCLUSIVE',
    until: 'while all rows are looked at',
    steps: [
      `ALTER TABLE ${sql(table)} ADD CONSTRAINT ${sql(`${name}_not_null`)} CHECK (${sql(name)} IS NOT NULL) NOT VALID`,
      `ALTER TABLE ${sql(table)} VALIDATE CONSTRAINT ${sql(`${name}_not_null`)}, in a transaction of its own, which lets reads and writes go on`,
      `ALTER TABLE ${sql(table)} ALTER COLUMN ${sql(name)} SET NOT NULL, which believes the constraint; then drop it`,
    ],
  });
}

export function dropNotNull({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  const column = relation.columns.get(name);
  relation.columns.set(name, { ...column, notNull: false, fresh: column?.fresh ?? false });
  for (const [constraint, { kind, columns }] of [...relation.constraints])
    if (kind === 'not-null' && columns[0] === name) relation.constraints.delete(constraint);
  required(scene, table, name);
  if (isFreshColumn(relation, name)) return;
  scene.report({
    kind: 'notice',
    rule: 'drop-not-null',
    table,
    what: `allows NULL in the column ${name} of ${table}`,
    why: `The statements of the code that runs work as before; it reads NULL from ${name} as soon as the new code writes it.`,
    steps: [`Write NULL into ${name} only in a later release, when all code that runs can read it.`],
  });
  locksBriefly(scene, table, `drops NOT NULL of ${name} in ${table}`);
}

/** SET DEFAULT has an expression, DROP DEFAULT none. */
export function columnDefault({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  const column = relation.columns.get(name);
  const isNull = as(command.def, 'A_Const')?.isnull === true;
  const filled = command.def !== undefined && !isNull;
  const { fallback: _, ...rest } = column ?? { fresh: false };
  relation.columns.set(name, { ...rest, filled, ...(filled && { fallback: command.def }) });
  if (relation.fresh) return;
  if (column?.fresh) {
    required(scene, table, name);
    return;
  }
  if (filled) {
    if (column?.filled !== false)
      scene.report({
        kind: 'notice',
        rule: 'change-default',
        table,
        what: `sets the default of ${name} in ${table}`,
        why: `The code that runs gets the new default where its INSERT leaves ${name} out, and has to make sense of it.`,
        steps: [],
      });
  } else if (column?.filled !== false) defaultGoes(scene, table, name, column?.notNull);
  locksBriefly(scene, table, `changes the default of ${name} in ${table}`);
}

function defaultGoes(scene: Scene, table: string, name: string, notNull: boolean | undefined): void {
  const effect =
    notNull === true
      ? 'fails'
      : notNull === false
        ? `writes NULL instead`
        : 'fails, or writes NULL instead where that is allowed';
  scene.report({
    kind: 'breaking',
    rule: 'drop-default',
    table,
    what: `removes what fills the column ${name} of ${table}`,
    why: `${OLD_CODE}: an INSERT of it that leaves ${name} out ${effect}.`,
    steps: [
      `This release: give ${name} a value in every INSERT of the code.`,
      `A later release, when no task runs that leaves it out: drop the default, with a comment before it: -- deploy-actions: compatible all code writes ${name} since RELEASE`,
    ],
  });
}

export function addIdentity({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  const column = relation.columns.get(name);
  relation.columns.set(name, { ...column, notNull: true, filled: true, fresh: column?.fresh ?? false });
  required(scene, table, name);
  const identity = all(command.def ? [command.def] : [], 'Constraint')[0];
  if (!isFreshColumn(relation, name) && identity?.generated_when === 'a') alwaysGenerated(scene, table, name);
}

export function setIdentity({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  if (isFreshColumn(relation, name)) return;
  const always = all(as(command.def, 'List')?.items, 'DefElem').some(
    ({ defname, arg }) => defname === 'generated' && canonical(arg).includes(`${'a'.charCodeAt(0)}`),
  );
  if (always) alwaysGenerated(scene, table, name);
  else
    scene.report({
      kind: 'notice',
      rule: 'change-identity',
      table,
      what: `changes the identity ${name} of ${table}`,
      why: 'The code that runs gets its numbers in the new way.',
      steps: [],
    });
}

function alwaysGenerated(scene: Scene, table: string, name: string): void {
  scene.report({
    kind: 'breaking',
    rule: 'generated-always',
    table,
    what: `lets PostgreSQL alone fill ${name} of ${table}`,
    why: `${OLD_CODE}: an INSERT of it that gives ${name} a value fails.`,
    steps: [
      `This release: use GENERATED BY DEFAULT AS IDENTITY.`,
      `A later release, when no task runs that gives ${name} a value: SET GENERATED ALWAYS.`,
    ],
  });
}

export function dropIdentity({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  const column = relation.columns.get(name);
  const { fallback: _, ...rest } = column ?? { fresh: false };
  relation.columns.set(name, { ...rest, filled: false });
  if (relation.fresh) return;
  if (column?.fresh) required(scene, table, name);
  else if (column?.filled !== false) defaultGoes(scene, table, name, column?.notNull);
}

export function setExpression({ scene, table, relation, command }: Alteration): void {
  const name = command.name ?? '';
  if (relation.fresh) return;
  if (!isFreshColumn(relation, name))
    scene.report({
      kind: 'notice',
      rule: 'change-expression',
      table,
      what: `changes the expression of ${name} in ${table}`,
      why: 'The code that runs reads other values from it.',
      steps: [],
    });
  blocks(scene, {
    rule: 'change-expression-rewrite',
    table,
    what: `changes the expression of ${name} in ${table}`,
    lock: 'ACCESS EXCLUSIVE',
    until: 'until all rows are written anew',
    steps: [
      `Add a column with the new expression, let the code read that one, and drop ${name} in a later release.`,
    ],
  });
}
