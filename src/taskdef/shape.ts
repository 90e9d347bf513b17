import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  type Path,
  type TaskDefinition,
} from './definition.ts';

export interface ShapeProblem {
  readonly path: Path;
  /** The field that is missing there. */
  readonly missing?: string;
  readonly message: string;
}

export type Shape =
  | { readonly kind: 'task-definition'; readonly definition: TaskDefinition }
  | {
      readonly kind: 'wrong';
      readonly problems: readonly ShapeProblem[];
      /** To look for what else is wrong; not what its type says. Absent where it is not even a mapping. */
      readonly definition?: TaskDefinition;
    };

const NAME = /^[A-Za-z0-9_-]{1,255}$/;

/** Checks what rendering relies on: the family, the containers with their names, and their lists of variables. */
export function shapeOf(value: Json): Shape {
  if (!isObject(value)) {
    const message = `is ${kindOf(value)}; a task definition is a mapping of fields`;
    return { kind: 'wrong', problems: [{ path: [], message }] };
  }
  const problems = [
    ...nameProblems(value['family'], ['family'], 'the family'),
    ...containerProblems(value['containerDefinitions']),
  ];
  return problems.length > 0
    ? { kind: 'wrong', problems, definition: value as JsonObject as TaskDefinition }
    : // The checks above are what the type says.
      { kind: 'task-definition', definition: value as TaskDefinition };
}

function containerProblems(containers: Json | undefined): readonly ShapeProblem[] {
  const path = ['containerDefinitions'];
  if (containers === undefined) {
    const message = 'containerDefinitions is missing; it is the list of the containers';
    return [{ path: [], missing: 'containerDefinitions', message }];
  }
  if (!isList(containers) || containers.length === 0) {
    const is = isList(containers) ? 'empty' : kindOf(containers);
    return [{ path, message: `containerDefinitions is ${is}; it is a list of at least one container` }];
  }
  const names = containers.map((container) => (isObject(container) ? container['name'] : undefined));
  return containers.flatMap((container, index) => {
    const at = [...path, index];
    if (!isObject(container)) {
      return [
        { path: at, message: `container ${index + 1} is ${kindOf(container)}, not a mapping of fields` },
      ];
    }
    const name = container['name'];
    const label = typeof name === 'string' ? `container "${printable(name)}"` : `container ${index + 1}`;
    return [
      ...nameProblems(name, [...at, 'name'], `the name of container ${index + 1}`),
      ...(typeof name === 'string' && names.indexOf(name) < index
        ? [
            {
              path: [...at, 'name'],
              message: `${label} stands twice; every container needs a name of its own`,
            },
          ]
        : []),
      ...(container['image'] === undefined || typeof container['image'] === 'string'
        ? []
        : [
            {
              path: [...at, 'image'],
              message: `the image of ${label} is ${kindOf(container['image'])}, not a text`,
            },
          ]),
      ...variableProblems(container['environment'], [...at, 'environment'], label, 'value'),
      ...variableProblems(container['secrets'], [...at, 'secrets'], label, 'valueFrom'),
    ];
  });
}

function variableProblems(
  list: Json | undefined,
  path: Path,
  label: string,
  field: 'value' | 'valueFrom',
): readonly ShapeProblem[] {
  const what = `${path.at(-1)} of ${label}`;
  if (list === undefined || list === null) return [];
  if (!isList(list)) {
    return [{ path, message: `${what} is ${kindOf(list)}; write a list of { name, ${field} }` }];
  }
  return list.flatMap((entry, index) => {
    const at = [...path, index];
    const nth = `entry ${index + 1} in ${what}`;
    if (!isObject(entry))
      return [{ path: at, message: `${nth} is ${kindOf(entry)}; write { name, ${field} }` }];
    const { name, [field]: value } = entry;
    return [
      ...(typeof name === 'string' && name !== ''
        ? []
        : [{ path: at, missing: 'name', message: `${nth} has no name` }]),
      ...(value === undefined || value === null || typeof value === 'string'
        ? []
        : [{ path: [...at, field], message: `the ${field} of ${nth} is ${kindOf(value)}, not a text` }]),
    ];
  });
}

function nameProblems(name: Json | undefined, path: Path, what: string): readonly ShapeProblem[] {
  if (name === undefined || name === null) {
    return [{ path: path.slice(0, -1), missing: String(path.at(-1)), message: `${what} is missing` }];
  }
  if (typeof name !== 'string') return [{ path, message: `${what} is ${kindOf(name)}, not a text` }];
  if (NAME.test(name)) return [];
  const rule = 'ECS takes up to 255 letters, digits, hyphens and underscores';
  return [{ path, message: `${what} is "${printable(name)}"; ${rule}` }];
}

/** What a value is, said without the value: it may be a secret in the wrong place. */
export function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (isList(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

/** A file's text in one line of a log, where a line end could start a command to the runner. */
export const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
