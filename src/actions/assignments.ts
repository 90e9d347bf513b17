import { ConfigError, type Problem } from '../errors.ts';
import { isList, isObject, type Json, type Path } from '../taskdef/definition.ts';
import { kindOf } from '../taskdef/shape.ts';
import { readYaml, type YamlDocument } from '../taskdef/yaml-document.ts';

/** What an input of assignments may hold. */
export interface AssignmentRules {
  /** How one line is written, such as `NAME=value`. */
  readonly form: string;
  /** What is wrong with a value, said without it where it may be a secret. */
  readonly problemOf: (value: string, name: string) => string | undefined;
  /** Whether blanks may stand inside of a name, as in a tag's. */
  readonly blanksInName?: boolean;
  /** The fields of the items where ECS itself has a list of them, such as `name` and `value`. */
  readonly listOf?: readonly [name: string, value: string];
}

/** Environment variables. */
export const VARIABLES: AssignmentRules = {
  form: 'NAME=value',
  problemOf: () => undefined,
  listOf: ['name', 'value'],
};

export interface Assignments {
  /** Of what is right, so that it can be held against other inputs. */
  readonly values: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/**
 * Reads `NAME=value` lines: the first `=` splits, blank lines and lines that start with `#` are passed over, blanks
 * around a line do not count. A YAML or JSON mapping serves as well, for values of several lines or with blanks at
 * their ends, and so does ECS's own list. Problems name the line, never its text: values may be secrets.
 */
export async function readAssignments(
  text: string,
  input: string,
  rules: AssignmentRules,
): Promise<Assignments> {
  const found = isDocument(text) ? await fromDocument(text, input, rules) : fromLines(text, input, rules);
  const problems: Problem[] = [...found.problems];
  const values = new Map<string, string>();
  for (const { place, name, value } of found.assignments) {
    const blanks = rules.blanksInName ? /[\p{Cc}=]/u : /[\s\p{Cc}=]/u;
    const wrongName = name === '' ? 'empty' : blanks.test(name) ? 'not one word' : undefined;
    const wrongValue = rules.problemOf(value.trim(), name);
    const problem = wrongName
      ? `the name is ${wrongName}; write ${rules.form}`
      : values.has(name)
        ? `${name} is given twice; keep one of them`
        : wrongValue && `${name}: ${wrongValue}`;
    if (problem) problems.push({ input: `${input} ${place}`, message: problem });
    if (!wrongName) values.set(name, value);
  }
  return { values, problems };
}

/**
 * As `readAssignments`, for those who need all or nothing.
 *
 * @throws ConfigError with all its problems
 */
export async function parseAssignments(
  text: string,
  input: string,
  rules: AssignmentRules,
): Promise<ReadonlyMap<string, string>> {
  const { values, problems } = await readAssignments(text, input, rules);
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}

interface Assignment {
  readonly place: string;
  readonly name: string;
  readonly value: string;
}

interface Found {
  readonly assignments: readonly Assignment[];
  readonly problems: readonly Problem[];
}

const isNoise = (line: string): boolean => /^\s*(#|$)/.test(line);

/** A bracket, an item of a list, or `NAME:` before any `=`, on the first line that says something; or nothing in JSON. */
function isDocument(text: string): boolean {
  const lines = text.split('\n').filter((line) => !isNoise(line));
  const [first = ''] = lines;
  return (
    /^\s*([{[]|-(\s|$)|[^\s=:]+:(\s|$))/.test(first) ||
    (lines.length === 1 && /^(null|~|"")$/i.test(first.trim()))
  );
}

function fromLines(text: string, input: string, { form }: AssignmentRules): Found {
  const assignments: Assignment[] = [];
  const problems: Problem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (isNoise(line)) continue;
    const place = `line ${index + 1}`;
    const trimmed = line.trim();
    const split = trimmed.indexOf('=');
    if (split < 0) {
      const fix = `write ${form}, or a YAML mapping with "|" for a value of several lines`;
      problems.push({ input: `${input} ${place}`, message: `has no "="; ${fix}` });
    } else {
      assignments.push({ place, name: trimmed.slice(0, split).trim(), value: trimmed.slice(split + 1) });
    }
  }
  return { assignments, problems };
}

async function fromDocument(text: string, input: string, rules: AssignmentRules): Promise<Found> {
  const yaml = await readYaml(text);
  if (!('value' in yaml)) {
    const place = `${input} line ${yaml.line}`;
    return { assignments: [], problems: [{ input: place, message: `is not YAML: ${yaml.message}` }] };
  }
  if (isList(yaml.value) && yaml.value.length > 0 && rules.listOf) return fromList(yaml, input, rules.listOf);
  if (!isObject(yaml.value)) {
    const empty = yaml.value === '' || (isList(yaml.value) && yaml.value.length === 0);
    const is = `${kindOf(yaml.value)}${empty ? ' with nothing in it' : ''}`;
    const fix = `write ${rules.form}, a line for each, or a mapping of names to values`;
    return { assignments: [], problems: [{ input, message: `is ${is}; ${fix}` }] };
  }
  return settled(
    Object.entries(yaml.value).map(([name, value = null]) => valueAt(yaml, [name], name, value, input)),
  );
}

/** The items of a list as ECS has it. */
function fromList(
  yaml: YamlDocument,
  input: string,
  [nameField, valueField]: readonly [string, string],
): Found {
  const items = isList(yaml.value) ? yaml.value : [];
  return settled(
    items.map((item, index) => {
      const place = `line ${yaml.placeOf([index]).line}`;
      const others = isObject(item)
        ? Object.keys(item).filter((key) => key !== nameField && key !== valueField)
        : [];
      if (!isObject(item) || typeof item[nameField] !== 'string' || others.length > 0) {
        const fix = `an item of the list is { ${nameField}, ${valueField} }`;
        const is = !isObject(item)
          ? kindOf(item)
          : others.length > 0
            ? `a mapping with another field`
            : `a mapping without ${nameField}`;
        return { input: `${input} ${place}`, message: `is ${is}; ${fix}` };
      }
      return valueAt(yaml, [index, valueField], item[nameField], item[valueField] ?? null, input);
    }),
  );
}

function valueAt(
  yaml: YamlDocument,
  path: Path,
  name: string,
  value: Json,
  input: string,
): Assignment | Problem {
  const place = `line ${yaml.placeOf(path).line}`;
  if (value === null || isList(value) || isObject(value)) {
    const kind = value === null ? 'no value' : kindOf(value);
    return {
      input: `${input} ${place}`,
      message: `${name} has ${kind}; write one value, and "" for an empty one`,
    };
  }
  const written = typeof value === 'string' ? value : (yaml.sourceOf(path) ?? String(value));
  return { place, name, value: written };
}

const settled = (read: readonly (Assignment | Problem)[]): Found => ({
  assignments: read.filter((one) => 'place' in one && 'value' in one),
  problems: read.filter((one) => 'message' in one),
});
