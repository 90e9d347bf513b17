import { isList, isObject, type Json, type JsonObject, type Path } from '../definition.ts';
import { printable } from '../shape.ts';

/** One structure of a task definition, and where it stands. */
export interface Part {
  readonly path: Path;
  readonly fields: JsonObject;
}

export interface Container extends Part {
  /** Empty when it has none. */
  readonly name: string;
  /** `container "app"`, for messages. */
  readonly label: string;
}

/** A task definition as the rules look at it. */
export interface Subject {
  readonly definition: JsonObject;
  readonly containers: readonly Container[];
  readonly networkMode: string;
  /** Whether the task is to run on Fargate, so that what Fargate refuses is wrong. */
  readonly fargate: boolean;
}

export function subjectOf(definition: JsonObject): Subject {
  return {
    definition,
    containers: parts({ path: [], fields: definition }, 'containerDefinitions').map((part, index) => {
      const name = text(part.fields, 'name') ?? '';
      return { ...part, name, label: name ? `container ${quoted(name)}` : `container ${index + 1}` };
    }),
    networkMode: text(definition, 'networkMode') ?? 'bridge',
    fargate: texts(definition, 'requiresCompatibilities').includes('FARGATE'),
  };
}

// What is of another type than asked for counts as absent: that it is mistyped is said elsewhere.

export function text(fields: JsonObject, key: string): string | undefined {
  const value = own(fields, key);
  return typeof value === 'string' ? value : undefined;
}

export function number(fields: JsonObject, key: string): number | undefined {
  const value = own(fields, key);
  return typeof value === 'number' ? value : undefined;
}

export const isTrue = (fields: JsonObject, key: string): boolean => own(fields, key) === true;

export function object(fields: JsonObject, key: string): JsonObject | undefined {
  const value = own(fields, key);
  return isObject(value) ? value : undefined;
}

export function list(fields: JsonObject, key: string): readonly Json[] {
  const value = own(fields, key);
  return isList(value) ? value : [];
}

export const texts = (fields: JsonObject, key: string): readonly string[] =>
  list(fields, key).filter((item) => typeof item === 'string');

/** The structures in the list `key` of a structure. */
export const parts = ({ path, fields }: Part, key: string): readonly Part[] =>
  list(fields, key).flatMap((item, index) =>
    isObject(item) ? [{ path: [...path, key, index], fields: item }] : [],
  );

/** Whether a field says something: an empty list or text says nothing. */
export function has(fields: JsonObject, key: string): boolean {
  const value = own(fields, key);
  if (value === undefined || value === null || value === '') return false;
  if (isList(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}

export function own(fields: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** A value in a message: in quotes, on one line, not too long. */
export function quoted(value: string): string {
  const line = printable(value);
  return `"${line.length > 80 ? `${line.slice(0, 77)}...` : line}"`;
}

/** `a, b and c` */
export function enumerated(items: readonly (string | number)[], word = 'and'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}

/** The items that stand in a list before, with the places of the later ones. */
export function* repeated<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
): Generator<T, void> {
  const seen = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    if (seen.has(key)) yield item;
    seen.add(key);
  }
}
