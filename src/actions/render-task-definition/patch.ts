import { ConfigError } from '../../errors.ts';
import { isObject, type JsonObject } from '../../taskdef/definition.ts';
import { kindOf } from '../../taskdef/shape.ts';
import { withTextFields } from '../../taskdef/text-fields.ts';
import { readYaml, type YamlDocument } from '../../taskdef/yaml-document.ts';
import { readTextFile } from './read-file.ts';

/**
 * Reads a merge patch, a mapping in JSON or YAML: the text itself when it looks like one, otherwise the file of that
 * path.
 *
 * @throws ConfigError when it is not a mapping, or the file cannot be read
 */
export async function readPatch(text: string, workspace: string, input: string): Promise<JsonObject> {
  const inline = /^\s*([{["]|-\s|[^\s:]+:(\s|$)|(null|~|true|false|\d+)\s*$)|\n/i.test(text);
  const source = inline ? input : `${input} ${text}`;
  const { value, sourceOf } = await parse(inline ? text : await readTextFile(text, workspace, input), source);
  const patch = withTextFields(value, sourceOf);
  if (isObject(patch)) return patch;
  throw new ConfigError({
    input: source,
    message: `is ${kindOf(patch)}, not a mapping of fields to values, such as containerDefinitions: { app: { cpu: 256 } }`,
  });
}

async function parse(text: string, source: string): Promise<Pick<YamlDocument, 'value' | 'sourceOf'>> {
  try {
    return { value: JSON.parse(text), sourceOf: () => undefined };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const yaml = await readYaml(text);
  if ('value' in yaml) return yaml;
  const input = `${source} line ${yaml.line}`;
  throw new ConfigError({ input, message: `is neither JSON nor YAML: ${yaml.message}` });
}
