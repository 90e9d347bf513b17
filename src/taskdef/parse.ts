import { ConfigError } from '../errors.ts';
import { isObject, type Json, type Path, type TaskDefinition } from './definition.ts';
import { jsonFault, type SyntaxFault, type TextPlace } from './json-syntax.ts';
import { shapeOf } from './shape.ts';
import { withTextFields } from './text-fields.ts';
import { readYaml } from './yaml-document.ts';

/** A file as data; what needs the YAML parser is asked of it only when it is needed. */
interface Content {
  readonly value: Json;
  sourceOf(path: Path): string | undefined;
  placeOf(path: Path): Promise<TextPlace | undefined>;
}

/**
 * Reads a task definition from the text of a JSON or YAML file. The answer of `aws ecs describe-task-definition`,
 * which wraps it in `taskDefinition` with the tags beside, is taken as well. Nothing in the file is executed.
 *
 * @param file the name of the file, for errors
 * @throws ConfigError naming `file:line:column` for what is not JSON or YAML and for every field that is not what
 *   rendering relies on
 */
export async function parseTaskDefinition(text: string, file: string): Promise<TaskDefinition> {
  const content = await contentOf(text.replace(/^\uFEFF/, ''), file);
  const { value, root } = unwrap(content.value);
  const shape = shapeOf(withTextFields(value, (path) => content.sourceOf([...root, ...path])));
  if (shape.kind === 'task-definition') return shape.definition;
  throw new ConfigError(
    await Promise.all(
      shape.problems.map(async ({ path, message }) => ({
        input: position(file, await content.placeOf([...root, ...path])),
        message,
      })),
    ),
  );
}

async function contentOf(text: string, file: string): Promise<Content> {
  if (text.trim() === '') throw new ConfigError({ input: file, message: 'the file is empty' });
  try {
    return {
      value: JSON.parse(text) as Json,
      sourceOf: () => undefined,
      // JSON is YAML, so the YAML parser knows where its values stand.
      placeOf: async (path) => {
        const yaml = await readYaml(text);
        return 'value' in yaml ? yaml.placeOf(path) : undefined;
      },
    };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  // YAML forgives a missing comma between braces and reads something else, so what looks like JSON has to be JSON.
  const fault = /^\s*[{[]/.test(text) && !/\.ya?ml$/i.test(file) ? jsonFault(text) : undefined;
  if (fault) throw syntaxError(file, fault, 'JSON');
  const yaml = await readYaml(text);
  if (!('value' in yaml)) throw syntaxError(file, yaml, 'YAML');
  return { value: yaml.value, sourceOf: yaml.sourceOf, placeOf: async (path) => yaml.placeOf(path) };
}

function unwrap(value: Json): { value: Json; root: Path } {
  if (!isObject(value) || !isObject(value['taskDefinition'])) return { value, root: [] };
  const { taskDefinition, tags } = value;
  return {
    value: tags === undefined ? taskDefinition : { tags, ...taskDefinition },
    root: ['taskDefinition'],
  };
}

const position = (file: string, place: TextPlace | undefined): string =>
  place ? `${file}:${place.line}:${place.column}` : file;

const syntaxError = (file: string, fault: SyntaxFault, language: string): ConfigError =>
  new ConfigError({ input: position(file, fault), message: `is not ${language}: ${fault.message}` });
