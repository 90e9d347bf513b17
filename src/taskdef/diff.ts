import { comparable } from './comparable.ts';
import { isList, isObject, type Json, type JsonObject, type TaskDefinition } from './definition.ts';
import { identityIn } from './identities.ts';
import { isHidden, withoutHidden } from './secrecy.ts';

/** What would be another to AWS; `changed` is false exactly where `sameDefinition` is true. */
export interface Difference {
  readonly changed: boolean;
  /** Fields of the task itself. */
  readonly task: readonly FieldChange[];
  /** Only the containers that differ. */
  readonly containers: readonly ContainerDifference[];
}

export type Effect = 'added' | 'removed' | 'changed';

export interface ContainerDifference {
  readonly name: string;
  /** Of a container that is removed, nothing else is told. */
  readonly effect: Effect;
  /** Absent where the image stays. */
  readonly image?: { readonly from?: string; readonly to?: string };
  readonly variables: readonly VariableChange[];
  /** All its other fields. */
  readonly fields: readonly FieldChange[];
}

/** A plain variable or a reference to a secret. A value stands here only where the caller asked for values. */
export interface VariableChange {
  readonly name: string;
  /** What it is now, or was before it was removed. */
  readonly kind: 'variable' | 'secret';
  /** `moved`: it was a secret and is a plain variable now, or the other way round. */
  readonly effect: Effect | 'moved';
  readonly from?: string;
  readonly to?: string;
}

export interface FieldChange {
  /** Such as `cpu`, `portMappings.8080/tcp` or `logConfiguration.options.awslogs-group`. */
  readonly path: string;
  readonly effect: Effect;
  /** Both are absent where the value may be a secret; what may be secret inside of them is replaced. */
  readonly from?: Json;
  readonly to?: Json;
}

export interface DiffOptions {
  /**
   * Also the values of plain variables and of other fields that may hold secrets, such as commands and labels. The
   * references of secrets are never told.
   */
  readonly showValues?: boolean;
}

/**
 * What changes from one task definition to another, on what AWS would keep of them: no defaults, no order of sets, no
 * read-only fields. Values that may be secrets are not in it unless they are asked for.
 */
export function diff(
  from: TaskDefinition,
  to: TaskDefinition,
  { showValues = false }: DiffOptions = {},
): Difference {
  const [left, right] = comparable(from, to);
  const { containerDefinitions: _left, ...leftTask } = left;
  const { containerDefinitions: _right, ...rightTask } = right;
  return {
    changed: !equal(left, right),
    task: fieldChanges(leftTask, rightTask, showValues),
    containers: containerDifferences(left, right, to, showValues),
  };
}

function containerDifferences(
  left: JsonObject,
  right: JsonObject,
  to: TaskDefinition,
  showValues: boolean,
): readonly ContainerDifference[] {
  const before = containersOf(left);
  const after = containersOf(right);
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name): ContainerDifference[] => {
    const was = before.get(name);
    const is = after.get(name);
    if (!is) return [{ name, effect: 'removed', variables: [], fields: [] }];
    const found = compare(name, was ?? blank(name, to), is, showValues);
    const nothing = found.image === undefined && found.variables.length === 0 && found.fields.length === 0;
    return was && nothing ? [] : [{ name, effect: was ? 'changed' : 'added', ...found }];
  });
}

/** A container with nothing but AWS's defaults: what an added one has beyond them is worth telling. */
function blank(name: string, to: TaskDefinition): JsonObject {
  const [{ containerDefinitions }] = comparable({ ...to, containerDefinitions: [{ name }] }, to);
  return items(containerDefinitions)[0] ?? {};
}

function compare(
  name: string,
  { image: oldImage, environment: oldPlain, secrets: oldSecrets, ...oldFields }: JsonObject,
  { image, environment, secrets, ...fields }: JsonObject,
  showValues: boolean,
): Omit<ContainerDifference, 'name' | 'effect'> {
  return {
    ...(!equal(oldImage, image) && {
      image: {
        ...(typeof oldImage === 'string' && { from: oldImage }),
        ...(typeof image === 'string' && { to: image }),
      },
    }),
    variables: variableChanges(
      { variable: entries(oldPlain), secret: entries(oldSecrets) },
      { variable: entries(environment), secret: entries(secrets) },
      showValues,
    ),
    fields: fieldChanges({ ...oldFields, name }, { ...fields, name }, showValues, true),
  };
}

type Entries = ReadonlyMap<string, readonly JsonObject[]>;
type Variables = Readonly<Record<VariableChange['kind'], Entries>>;

/** By name; a list that is wrong may name one twice. */
const entries = (list: Json | undefined): Entries =>
  Map.groupBy(items(list), ({ name }) => (typeof name === 'string' ? name : ''));

function variableChanges(
  before: Variables,
  after: Variables,
  showValues: boolean,
): readonly VariableChange[] {
  const names = new Set([before, after].flatMap((side) => [...side.variable.keys(), ...side.secret.keys()]));
  return [...names].sort().flatMap((name) => {
    const moved = KINDS.find(
      (kind) =>
        after[kind].has(name) &&
        !before[kind].has(name) &&
        before[other(kind)].has(name) &&
        !after[other(kind)].has(name),
    );
    if (moved) {
      const plain =
        moved === 'variable' ? { to: plainValue(after, name) } : { from: plainValue(before, name) };
      return [{ name, kind: moved, effect: 'moved' as const, ...(showValues && plain) }];
    }
    return KINDS.flatMap((kind): VariableChange[] => {
      const was = before[kind].get(name);
      const is = after[kind].get(name);
      if (equal(was, is)) return [];
      return [
        {
          name,
          kind,
          effect: effectOf(was, is),
          ...(showValues &&
            kind === 'variable' && {
              ...(was && { from: plainValue(before, name) }),
              ...(is && { to: plainValue(after, name) }),
            }),
        },
      ];
    });
  });
}

const KINDS = ['variable', 'secret'] as const;
const other = (kind: VariableChange['kind']): VariableChange['kind'] =>
  kind === 'variable' ? 'secret' : 'variable';

function plainValue({ variable }: Variables, name: string): string {
  const value = variable.get(name)?.at(-1)?.['value'];
  return typeof value === 'string' ? value : '';
}

/** @param inContainer whether the objects are containers, whose fields have other names than those of a task */
function fieldChanges(
  from: JsonObject,
  to: JsonObject,
  showValues: boolean,
  inContainer = false,
): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  const root = inContainer ? ['containerDefinitions', '*'] : [];
  const walk = (was: Json | undefined, is: Json | undefined, path: readonly string[]): void => {
    if (equal(was, is)) return;
    const told = changes.length;
    const [oldParts, newParts] = [partsOf(was, is, path), partsOf(is, was, path)];
    if (oldParts && newParts) {
      for (const key of [...new Set([...oldParts.keys(), ...newParts.keys()])].sort()) {
        walk(oldParts.get(key), newParts.get(key), [...path, key]);
      }
      // Where only the order of a list is another, it is one that matters to AWS.
      if (changes.length > told) return;
    }
    const shown = (value: Json) => withoutHidden(value, [...root, ...path], showValues);
    const hidden = isHidden([...root, ...path], showValues);
    changes.push({
      path: path.join('.'),
      effect: effectOf(was, is),
      ...(!hidden && {
        ...(was !== undefined && { from: shown(was) }),
        ...(is !== undefined && { to: shown(is) }),
      }),
    });
  };
  walk(from, to, []);
  return changes;
}

/** The parts of an object by key, and those of a list by what identifies its items; undefined where it has none. */
function partsOf(
  value: Json | undefined,
  opposite: Json | undefined,
  path: readonly string[],
): ReadonlyMap<string, Json> | undefined {
  if (isObject(value)) return new Map(Object.entries(value).map(([key, item]) => [key, item ?? null]));
  const identity = identityIn(path.at(-1) ?? '');
  if (value === undefined && isList(opposite) && identity) return new Map();
  if (!isList(value) || !identity) return undefined;
  const parts = new Map(value.map((item) => (isObject(item) ? [identity(item), partOf(item)] : ['', item])));
  return parts.size === value.length ? parts : undefined;
}

/** Of an item that is a name with a value, such as a tag, the value. */
function partOf(item: JsonObject): Json {
  const { value } = item;
  return value !== undefined && Object.keys(item).length === 2 ? value : item;
}

const effectOf = (was: unknown, is: unknown): Effect =>
  was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';

const items = (list: Json | undefined): readonly JsonObject[] => (isList(list) ? list.filter(isObject) : []);

function containersOf(definition: JsonObject): ReadonlyMap<string, JsonObject> {
  return new Map(items(definition['containerDefinitions']).map((item) => [String(item['name']), item]));
}

/** Keys are in order on both sides. */
const equal = (
  one: Json | undefined | readonly JsonObject[],
  other: Json | undefined | readonly JsonObject[],
) => JSON.stringify(one) === JSON.stringify(other);
