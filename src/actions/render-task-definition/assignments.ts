import { ConfigError, type Problem } from '../../errors.ts';
import { isList, isObject } from '../../taskdef/definition.ts';
import { readYaml } from '../../taskdef/yaml-document.ts';

/** What an input of assignments may hold. */
export interface AssignmentRules {
  /** How one line is written, such as `NAME=value`. */
  readonly form: string;
  /** What is wrong with a value, said without it where it may be a secret. */
  readonly problemOf: (value: string) => string | undefined;
  /** Whether blanks may stand inside of a name, as in a tag's. */
  readonly blanksInName?: boolean;
}

/**
 * Reads `NAME=value` lines: the first `=` splits, blank lines and lines that start with `#` are passed over, blanks
 * around a line do not count. A YAML or JSON mapping serves as well, for values of several lines or with blanks at
 * their ends.
 *
 * @throws ConfigError naming the line of every problem, never its text: values may be secrets
 */
export async function parseAssignments(
  text: string,
  input: string,
  rules: AssignmentRules,
): Promise<ReadonlyMap<string, string>> {
  const found = isMapping(text) ? await fromMapping(text, input) : fromLines(text, input, rules);
  const problems: Problem[] = [...found.problems];
  const result = new Map<string, string>();
  for (const { place, name, value } of found.assignments) {
    const blanks = rules.blanksInName ? /[\p{Cc}=]/u : /[\s\p{Cc}=]/u;
    const wrongName = name === '' ? 'empty' : blanks.test(name) ? 'not one word' : undefined;
    const wrongValue = rules.problemOf(value.trim());
    const problem = wrongName
      ? `the name is ${wrongName}; write ${rules.form}`
      : result.has(name)
        ? `${name} is given twice; keep one of them`
        : wrongValue && `${name}: ${wrongValue}`;
    if (problem) problems.push({ input: `${input} ${place}`, message: problem });
    result.set(name, value);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return result;
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

/** A brace, or `NAME:` before any `=`, on the first line that says something. */
const isMapping = (text: string): boolean =>
  /^\s*(\{|[^\s=:]+:(\s|$))/.test(text.split('\n').find((line) => !isNoise(line)) ?? '');

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

async function fromMapping(text: string, input: string): Promise<Found> {
  const yaml = await readYaml(text);
  if (!('value' in yaml)) {
    const place = `${input} line ${yaml.line}`;
    return { assignments: [], problems: [{ input: place, message: `is not YAML: ${yaml.message}` }] };
  }
  if (!isObject(yaml.value)) {
    return { assignments: [], problems: [{ input, message: 'is not a mapping of names to values' }] };
  }
  const assignments: Assignment[] = [];
  const problems: Problem[] = [];
  for (const [name, value = null] of Object.entries(yaml.value)) {
    const place = `line ${yaml.placeOf([name]).line}`;
    if (value === null || isList(value) || isObject(value)) {
      const fix = 'write one value, and "" for an empty one';
      const kind = value === null ? 'no value' : isList(value) ? 'a list' : 'a mapping';
      problems.push({ input: `${input} ${place}`, message: `${name} has ${kind}; ${fix}` });
      continue;
    }
    const written = typeof value === 'string' ? value : (yaml.sourceOf([name]) ?? String(value));
    assignments.push({ place, name, value: written });
  }
  return { assignments, problems };
}
