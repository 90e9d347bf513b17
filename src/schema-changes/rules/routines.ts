import type { CreateFunctionStmt, ObjectWithArgs } from 'libpg-query';
import { nameOf, type Routine } from '../catalog.ts';
import { all, words } from '../nodes.ts';
import { readType, writtenType } from '../types.ts';
import { OLD_CODE, type Scene } from './scene.ts';

const INPUTS = ['FUNC_PARAM_IN', 'FUNC_PARAM_INOUT', 'FUNC_PARAM_VARIADIC', 'FUNC_PARAM_DEFAULT'];

function readRoutine(scene: Scene, statement: CreateFunctionStmt): Routine {
  const parameters = all(statement.parameters, 'FunctionParameter');
  const inputs = parameters.filter(({ mode }) => mode === undefined || INPUTS.includes(mode));
  const outputs = parameters.filter(({ mode }) => mode !== undefined && /OUT|TABLE/.test(mode));
  return {
    inputs: inputs.map(({ argType }) => writtenType({ ...readType(argType), modifiers: [] })),
    required: inputs.filter(({ defexpr }) => defexpr === undefined).length,
    returns: [
      statement.returnType
        ? `${statement.returnType.setof ? 'setof ' : ''}${writtenType(readType(statement.returnType))}`
        : '',
      ...outputs.map(({ name, argType }) => `${name} ${writtenType(readType(argType))}`),
    ].join(', '),
    fresh: scene.fresh,
  };
}

export function createRoutine(scene: Scene, statement: CreateFunctionStmt): void {
  const { routines } = scene.catalog;
  const name = nameOf(scene.catalog, words(statement.funcname));
  const routine = readRoutine(scene, statement);
  const others = routines.get(name) ?? [];
  const same = others.find(({ inputs }) => String(inputs) === String(routine.inputs));
  const kept = { ...routine, fresh: same ? same.fresh : routine.fresh };
  routines.set(name, [...others.filter((other) => other !== same), kept]);
  const key = `routine:${name}`;
  const gone = scene.gone.routines.get(key) ?? [];
  const wider = gone.find((old) => old === undefined || isWider(old, routine));
  if (gone.length > 0 && (wider !== undefined || gone.includes(undefined)) && scene.withdraw(key)) {
    routines.set(name, [...others.filter((other) => other !== same), { ...kept, fresh: false }]);
    if (wider) meansOther(scene, name, routine);
    else
      scene.report({
        kind: 'unknown',
        rule: 'replace-function',
        what: `makes the function ${name} anew`,
        why: 'Whether it still takes and gives the same, the files do not tell.',
        steps: ['If it does, say so before the statement: -- deploy-actions: compatible REASON'],
      });
    return;
  }
  if (same && !same.fresh && statement.replace) meansOther(scene, name, routine);
  const clash = others.find((other) => other !== same && !other.fresh && overlaps(other, routine));
  if (clash && scene.fresh)
    scene.report({
      kind: 'unknown',
      rule: 'ambiguous-function',
      what: `adds a second function ${name}`,
      why: `A call of the code that runs may fit both, and PostgreSQL refuses a call that is not unique.`,
      steps: ['Give the new function a name of its own.'],
    });
}

/** PostgreSQL lets a function be replaced only by one that takes and gives the same. */
function meansOther(scene: Scene, name: string, { returns }: Routine): void {
  const trigger = returns === 'trigger';
  scene.report({
    kind: trigger ? 'unknown' : 'notice',
    rule: 'replace-function',
    what: `replaces the function ${name}`,
    why: trigger
      ? 'It runs when the code that runs writes; whether that still works, has to be judged by a person.'
      : 'It takes and gives the same; whether it does the same, is not judged here.',
    steps: trigger ? ['If it does, say so before the statement: -- deploy-actions: compatible REASON'] : [],
  });
}

/** Whether every call of one is a call of the other too, with the same result. */
const isWider = (from: Routine, to: Routine): boolean =>
  from.returns === to.returns &&
  to.required <= from.required &&
  from.inputs.every((type, index) => to.inputs[index] === type);

const overlaps = (a: Routine, b: Routine): boolean =>
  Math.max(a.required, b.required) <= Math.min(a.inputs.length, b.inputs.length);

/** Forgets the functions that a DROP names, and says which of them were there before. */
export function forgetRoutine(
  scene: Scene,
  object: ObjectWithArgs,
): { name: string; old: readonly (Routine | undefined)[] } {
  const { routines } = scene.catalog;
  const name = nameOf(scene.catalog, words(object.objname));
  const known = routines.get(name);
  if (!known) return { name, old: [undefined] };
  const types = all(object.objargs, 'TypeName').map((type) =>
    writtenType({ ...readType(type), modifiers: [] }),
  );
  const dropped = object.args_unspecified
    ? known
    : known.filter(({ inputs }) => String(inputs) === String(types));
  routines.set(
    name,
    known.filter((routine) => !dropped.includes(routine)),
  );
  return { name, old: dropped.length === 0 ? [undefined] : dropped.filter(({ fresh }) => !fresh) };
}

export const routineGone = (scene: Scene, name: string): void =>
  scene.report({
    kind: 'breaking',
    rule: 'drop-function',
    key: `routine:${name}`,
    what: `drops the function ${name}`,
    why: `${OLD_CODE}: its calls of ${name} fail.`,
    steps: [
      `This release: stop calling ${name} in the code; a new one gets a new name.`,
      `A later release, when no task runs that calls it: drop it, with a comment before it: -- deploy-actions: compatible no code calls it since RELEASE`,
    ],
  });
