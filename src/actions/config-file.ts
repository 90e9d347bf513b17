import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError, type Problem } from '../errors.ts';
import type { InputSource } from './input-reader.ts';

/** A configuration file's content: texts by input name, and what has a shape of its own. */
export interface ConfigFile {
  readonly texts: Readonly<Record<string, string>>;
  readonly structures: Readonly<Record<string, unknown>>;
}

/**
 * Reads a YAML (or JSON) file whose keys are an action's inputs. A list stands for its items, one per line.
 *
 * @param known the inputs that may stand in it
 * @param structured keys whose value is not a text
 * @throws ConfigError naming every key that is wrong, and the known one that is nearest
 */
export async function readConfigFile(
  path: string,
  workspace: string,
  known: readonly string[],
  structured: readonly string[] = [],
): Promise<ConfigFile> {
  const fail = (message: string, cause?: unknown): never => {
    throw new ConfigError({ input: 'config', message: `${path} ${message}` }, { cause });
  };
  const text = await readFile(resolve(workspace, path), 'utf8').catch((error: NodeJS.ErrnoException) =>
    fail(
      error.code === 'ENOENT'
        ? `does not exist in ${workspace}; is actions/checkout missing before this step?`
        : `cannot be read: ${error.message}`,
      error,
    ),
  );
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken) {
    const [at] = broken.linePos ?? [];
    return fail(`is not YAML: line ${at?.line ?? 1}, column ${at?.col ?? 1}: ${broken.code}`);
  }
  const content: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return fail('holds no mapping of inputs to values');
  }
  const problems: Problem[] = [];
  const texts: Record<string, string> = {};
  const structures: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(content)) {
    if (structured.includes(key)) structures[key] = value;
    else if (!known.includes(key)) {
      const near = await nearest(key, [...known, ...structured]);
      const hint =
        near === undefined
          ? `; there are ${[...known, ...structured].join(', ')}`
          : `; did you mean ${near}?`;
      problems.push({ input: `${path}: ${key}`, message: `is not a setting${hint}` });
    } else if (isScalar(value)) texts[key] = String(value);
    else if (Array.isArray(value) && value.every(isScalar)) texts[key] = value.join('\n');
    else
      problems.push({
        input: `${path}: ${key}`,
        message: 'takes a text, a number, a boolean or a list of texts',
      });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { texts, structures };
}

/** Inputs of the step win over the file; what neither gives stays empty. */
export const withConfig =
  (input: InputSource, { texts }: ConfigFile): InputSource =>
  (name) => {
    const own = input(name);
    return own.trim() === '' ? (texts[name] ?? '') : own;
  };

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** The word with the fewest edits, when it is near enough to be a typing mistake. */
async function nearest(word: string, candidates: readonly string[]): Promise<string | undefined> {
  const { closestMatch } = await import('leven');
  return closestMatch(word.toLowerCase(), [...candidates], {
    maxDistance: Math.max(2, Math.floor(word.length / 4)),
  });
}
