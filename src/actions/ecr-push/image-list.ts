import { ConfigError, type Problem } from '../../errors.ts';
import { isList, isObject, type Json } from '../../taskdef/definition.ts';
import { readYaml } from '../../taskdef/yaml-document.ts';
import type { InputSource } from '../input-reader.ts';

/** One image of the list: how it is called in errors, and its inputs over those of the step. */
export interface Entry {
  readonly label: string;
  readonly name: string | undefined;
  readonly input: InputSource;
}

/**
 * Reads a YAML list of images, each a mapping of the step's own inputs; what an image does not say, the step's inputs
 * say for all.
 *
 * @param keys what may stand in an image besides `name`
 * @throws ConfigError with every problem of the list
 */
export async function readImageList(
  text: string,
  step: InputSource,
  keys: readonly string[],
): Promise<readonly Entry[]> {
  const fail = (message: string): never => {
    throw new ConfigError({ input: 'images', message });
  };
  const yaml = await readYaml(text);
  if (!('value' in yaml))
    return fail(`line ${yaml.line}, column ${yaml.column} is not YAML: ${yaml.message}`);
  const list = yaml.value;
  if (!isList(list) || list.length === 0) {
    return fail('is not a list; write "- repository: shop" and what else the image needs, for each of them');
  }
  const problems: Problem[] = [];
  const entries = list.map((item, index): Entry => {
    const line = `images line ${yaml.placeOf([index]).line}`;
    if (!isObject(item)) {
      problems.push({ input: line, message: 'is not a mapping; write "- repository: shop"' });
      return { label: line, name: undefined, input: step };
    }
    for (const key of Object.keys(item)) {
      if (key === 'name' || keys.includes(key)) continue;
      const place = `images line ${yaml.placeOf([index, key]).line}`;
      problems.push({
        input: place,
        message: `"${key}" is not a setting of an image; there are ${keys.join(', ')}`,
      });
    }
    const own = (key: string): string | undefined => {
      const value = Object.hasOwn(item, key) ? item[key] : undefined;
      return value === undefined || value === null ? undefined : textOf(value, yaml.sourceOf([index, key]));
    };
    const name = own('name');
    return { label: name ?? line, name, input: (key) => own(key) ?? step(key) };
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return entries;
}

/** As the input of the same name would hold it: a list by lines, a mapping as JSON. */
function textOf(value: Json, source: string | undefined): string {
  if (isList(value) && value.every((item) => typeof item !== 'object')) return value.join('\n');
  if (typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'string' ? value : (source ?? String(value));
}
