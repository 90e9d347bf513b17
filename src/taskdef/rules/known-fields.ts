import { isList, isObject, type Json, type Path } from '../definition.ts';
import type { Fields, FieldType } from '../field-types.ts';
import { TASK_DEFINITION } from '../fields.ts';
import { kindOf, printable } from '../shape.ts';
import { absent, error, type Finding, warning } from './finding.ts';
import { nearest } from './nearest.ts';
import { enumerated, type Part, quoted, type Subject } from './subject.ts';

/** Fields of a service that stand in a task definition by mistake. */
const OF_THE_SERVICE: ReadonlySet<string> = new Set([
  'assignPublicIp',
  'capacityProviderStrategy',
  'cluster',
  'deploymentConfiguration',
  'deploymentController',
  'desiredCount',
  'enableExecuteCommand',
  'healthCheckGracePeriodSeconds',
  'loadBalancers',
  'networkConfiguration',
  'placementStrategy',
  'platformVersion',
  'propagateTags',
  'schedulingStrategy',
  'securityGroups',
  'serviceConnectConfiguration',
  'serviceName',
  'serviceRegistries',
  'subnets',
]);

const CONTAINER = structure(structure(TASK_DEFINITION)?.['containerDefinitions!']);

/**
 * Fields that ECS does not have, values of a type or of a kind that it does not take, and fields that must be there,
 * by the SDK's own schema.
 */
export function* knownFields(subject: Subject): Generator<Finding> {
  yield* members({ path: [], fields: subject.definition }, TASK_DEFINITION, subject);
}

function* members({ path, fields }: Part, known: Fields, subject: Subject): Generator<Finding> {
  const { types, required } = namesAndTypes(known);
  const anyName = types.get('*');
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const type = anyName ?? types.get(key);
    if (type === undefined) yield unknownField(key, { path, fields }, known, subject);
    else if (!isPlain(value, type)) yield* check(value, type, [...path, key], subject);
  }
  for (const name of required) {
    if (!Object.hasOwn(fields, name)) {
      yield absent(path, name, `${name}${of(path, subject)} is missing; ECS does not do without it`);
    }
  }
}

/** What most values are, seen before a path to them is made. */
const isPlain = (value: Json, type: FieldType): boolean => type === 'text' && typeof value === 'string';

const read = new WeakMap<Fields, { types: ReadonlyMap<string, FieldType>; required: readonly string[] }>();

function namesAndTypes(known: Fields): {
  readonly types: ReadonlyMap<string, FieldType>;
  readonly required: readonly string[];
} {
  let found = read.get(known);
  if (!found) {
    found = {
      types: new Map(Object.entries(known).map(([name, type]) => [name.replace('!', ''), type])),
      required: namesOf(known).filter((name) => `${name}!` in known),
    };
    read.set(known, found);
  }
  return found;
}

function* check(value: Json, type: FieldType, path: Path, subject: Subject): Generator<Finding> {
  if (isMany(type)) {
    if (isList(value)) {
      for (const [index, item] of value.entries()) yield* check(item, type[0], [...path, index], subject);
      return;
    }
  } else if (typeof type === 'object' && isObject(value)) {
    yield* members({ path, fields: value }, type, subject);
    return;
  }
  const problem = problemOf(value, type);
  if (problem !== undefined) yield error(path, `${nameOf(path, subject)} is ${problem}`);
}

/** What a value is and what to write instead. */
function problemOf(value: Json, type: FieldType): string | undefined {
  if (isMany(type)) return `${kindOf(value)}; ${listFix(value, type[0])}`;
  if (typeof type === 'object') return `${kindOf(value)}; ${structureFix(type)}`;
  if (type === 'number') {
    if (typeof value === 'number') {
      return Number.isSafeInteger(value) ? undefined : `${value}; ECS takes a whole number here`;
    }
    const digits = typeof value === 'string' && /^\d{1,9}$/.test(value);
    return `${kindOf(value)}; ${digits ? `write ${value} without quotes` : 'ECS takes a number here'}`;
  }
  if (type === 'boolean') {
    if (typeof value === 'boolean') return undefined;
    const word = value === 'true' || value === 'false';
    return `${kindOf(value)}; ${word ? `write ${value} without quotes` : 'write true or false'}`;
  }
  if (typeof value !== 'string') {
    return `${kindOf(value)}; ${isList(value) || isObject(value) ? 'ECS takes a text here' : 'write it in quotes'}`;
  }
  if (!type.startsWith('=')) return undefined;
  const values = type.slice(1).split(' ');
  if (values.includes(value)) return undefined;
  const near = nearest(value, values);
  const fix = near === undefined ? '' : `did you mean ${quoted(near)}? `;
  return `${quoted(value)}; ${fix}ECS knows ${enumerated(values)}`;
}

/**
 * A name that is nearly one that ECS has is a mistake. Any other may be of a newer ECS than this version knows, and ECS
 * passes over what it does not know.
 */
function unknownField(key: string, { path, fields }: Part, known: Fields, subject: Subject): Finding {
  const at = [...path, key];
  const name = `${quoted(key)}${of(path, subject)}`;
  const is = `${name} is not a field that ECS has`;
  if (path[0] === 'containerDefinitions' && path[2] === 'environment' && key === 'valueFrom') {
    return error(at, `${is}; a variable that is filled from a secret stands in secrets, not in environment`);
  }
  const near = nearest(key, namesOf(known));
  if (near !== undefined) {
    const both = Object.hasOwn(fields, near) ? ', which is there too' : '';
    return error(at, `${is}; did you mean ${quoted(near)}${both}?`);
  }
  const home = homeOf(key, path, known, subject);
  if (home) return (home.filled ? warning : error)(at, `${is} there; it is one of ${home.name}`);
  if (OF_THE_SERVICE.has(key)) {
    return error(at, `${is}; it is one of the service, which is set up apart from its task definition`);
  }
  return warning(
    at,
    `${name} is not a field that this version knows, and ECS passes over what it does not know; check how it is written`,
  );
}

/** Where a field belongs that stands one level too high or too low, and whether it stands there as well. */
function homeOf(
  key: string,
  path: Path,
  known: Fields,
  { definition, containers }: Subject,
): { readonly name: string; readonly filled: boolean } | undefined {
  const inside = Object.entries(known).find(([, type]) => {
    const fields = isMany(type) ? undefined : structure(type);
    return fields !== undefined && isIn(fields, key);
  });
  if (inside) return { name: `${inside[0].replace('!', '')}: put it in there`, filled: false };
  if (path.length === 0 && CONTAINER && isIn(CONTAINER, key)) {
    const filled = containers.every(({ fields }) => Object.hasOwn(fields, key));
    return { name: 'a container: put it into containerDefinitions', filled };
  }
  if (path.length === 2 && path[0] === 'containerDefinitions' && isIn(TASK_DEFINITION, key)) {
    const filled = Object.hasOwn(definition, key);
    return {
      name: `the whole task: ${filled ? 'take it out here' : 'put it beside containerDefinitions'}`,
      filled,
    };
  }
  return undefined;
}

const namesOf = (fields: Fields): readonly string[] =>
  Object.keys(fields).map((name) => name.replace('!', ''));

const isIn = (fields: Fields, key: string): boolean =>
  Object.hasOwn(fields, key) || Object.hasOwn(fields, `${key}!`);

function isMany(type: FieldType): type is readonly [FieldType] {
  return Array.isArray(type);
}

function structure(type: FieldType | undefined): Fields | undefined {
  if (type === undefined || typeof type === 'string') return undefined;
  return isMany(type) ? structure(type[0]) : type;
}

function listFix(value: Json, item: FieldType): string {
  if (item === 'text' && typeof value === 'string')
    return 'write a list with each word as an item of its own';
  if (typeof item === 'object' && !isMany(item)) {
    const [first = '', second] = namesOf(item);
    return `write a list of { ${first}${second === undefined ? '' : `, ${second}${Object.keys(item).length > 2 ? ', ...' : ''}`} }`;
  }
  return 'write a list';
}

function structureFix(type: Fields): string {
  if ('*' in type) return 'write a mapping of names and values';
  const names = namesOf(type);
  return `write a mapping with ${names.length > 4 ? `${names.slice(0, 4).join(', ')} and so on` : enumerated(names)}`;
}

/** `portMappings[0].hostPort of container "app"` */
export function nameOf(path: Path, subject: Subject): string {
  const [root, index, ...inside] = path;
  const container =
    root === 'containerDefinitions' && subject.containers.find(({ path: at }) => at[1] === index);
  if (!container) return joined(path);
  return inside.length === 0 ? container.label : `${joined(inside)} of ${container.label}`;
}

const of = (path: Path, subject: Subject): string =>
  path.length === 0 ? '' : ` of ${nameOf(path, subject)}`;

const joined = (path: Path): string =>
  path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${printable(step)}`,
    )
    .join('');
