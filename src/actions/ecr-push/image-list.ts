import { ConfigError, type Problem } from '../../errors.ts';
import { isList, isObject, type Json, type Path } from '../../taskdef/definition.ts';
import { readYaml, type YamlDocument } from '../../taskdef/yaml-document.ts';
import type { InputSource } from '../input-reader.ts';

/** One image of the list: how it is called in errors, and its inputs over those of the step. */
export interface Entry {
  readonly label: string;
  readonly name: string | undefined;
  readonly input: InputSource;
}

export interface ImageList {
  readonly entries: readonly Entry[];
  /** Of single images, so that they are told together with those of their inputs. */
  readonly problems: readonly Problem[];
}

/**
 * Reads a YAML list of images, each a mapping of the step's own inputs; what an image does not say, the step's inputs
 * say for all.
 *
 * @param keys what may stand in an image besides `name`
 * @throws ConfigError when it is not a list of images at all
 */
export async function readImageList(
  text: string,
  step: InputSource,
  keys: readonly string[],
): Promise<ImageList> {
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
  const entries = list.flatMap((item, index): Entry[] => {
    const line = `images line ${yaml.placeOf([index]).line}`;
    if (!isObject(item)) {
      problems.push({ input: line, message: 'is not a mapping; write "- repository: shop"' });
      return [];
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
      return value === undefined || value === null ? undefined : textOf(value, [index, key], yaml);
    };
    const name = own('name')?.trim() || undefined;
    return [{ label: name ?? line, name, input: (key) => own(key) ?? step(key) }];
  });
  return { entries, problems };
}

/** As the input of the same name would hold it: a list by lines, a mapping as JSON. */
function textOf(value: Json, path: Path, yaml: YamlDocument): string {
  if (isList(value) && value.every((item) => typeof item !== 'object')) {
    return value.map((item, index) => asWritten(item, [...path, index], yaml)).join('\n');
  }
  if (isObject(value)) {
    const entries = Object.entries(value).map(([key, item]) => [
      key,
      typeof item === 'object' ? item : asWritten(item, [...path, key], yaml),
    ]);
    return JSON.stringify(Object.fromEntries(entries));
  }
  return isList(value) ? JSON.stringify(value) : asWritten(value, path, yaml);
}

/** 1.10 is not 1.1. */
const asWritten = (value: Json | undefined, path: Path, yaml: YamlDocument): string =>
  typeof value === 'string' ? value : (yaml.sourceOf(path) ?? String(value));
