import { ConfigError, type Problem } from '../errors.ts';
import { isList, isObject, type Json, type Path, type TaskDefinition } from './definition.ts';
import { readJson, repeatsKeys } from './json-document.ts';
import { type ShapeProblem, shapeOf } from './shape.ts';
import { withTextFields } from './text-fields.ts';
import type { SyntaxFault, TextPlace } from './text-place.ts';
import { readYaml } from './yaml-document.ts';

export type { TextPlace } from './text-place.ts';

/** A task definition and where its parts stand in the file. */
export interface ReadTaskDefinition {
  readonly definition: TaskDefinition;
  /** What is not as rendering relies on it, with its place; then `definition` is not what its type says. */
  readonly problems: readonly PlacedProblem[];
  /** Where in `definition` what stands at this path of what was rendered from it was before; as far as it was there. */
  pathBefore(path: Path, rendered: TaskDefinition): Path;
  /**
   * Where the value at `path` stands in the file; the nearest one above it where it does not stand there.
   *
   * @param rendered what `path` leads into when it is not `definition` but what became of it: things that have a name,
   *   such as variables, are found by it when their number has changed
   */
  placeOf(path: Path, rendered?: TaskDefinition): Promise<TextPlace | undefined>;
}

export interface PlacedProblem extends Problem, ShapeProblem {}

/** A file as data; what needs a parser that knows places is asked of it only when it is needed. */
interface Content {
  readonly value: Json;
  sourceOf(path: Path): string | undefined;
  placeOf(path: Path): Promise<TextPlace | undefined>;
}

/**
 * Reads a task definition from the text of a JSON or YAML file; JSON may have comments and commas too many. The answer
 * of `aws ecs describe-task-definition`, which wraps it in `taskDefinition` with the tags beside, is taken as well.
 * Nothing in the file is executed.
 *
 * @param file the name of the file, for errors
 * @throws ConfigError naming `file:line:column` for what is not JSON or YAML, for a key that stands twice, and for what
 *   is no mapping
 */
export async function readTaskDefinition(text: string, file: string): Promise<ReadTaskDefinition> {
  const content = await contentOf(text.replace(/^\uFEFF/, ''), file);
  const { value, inFile } = unwrap(content.value);
  const shape = shapeOf(withTextFields(value, (path) => content.sourceOf(inFile(path))));
  const problems =
    shape.kind === 'task-definition'
      ? []
      : await Promise.all(
          shape.problems.map(async (problem): Promise<PlacedProblem> => {
            const place = await content.placeOf(inFile(problem.path));
            return { ...problem, input: position(file, place), place: { file, ...place } };
          }),
        );
  const { definition } = shape;
  if (!definition) throw new ConfigError(problems.map(({ input, message }) => ({ input, message })));
  return {
    definition,
    problems,
    pathBefore: (path, rendered) => pathBefore(path, definition, rendered),
    placeOf: (path, rendered) =>
      content.placeOf(inFile(rendered ? pathBefore(path, definition, rendered) : path)),
  };
}

/**
 * The definition that `readTaskDefinition` reads, for those who need no places.
 *
 * @throws ConfigError also for every field that is not what its type says
 */
export async function parseTaskDefinition(text: string, file: string): Promise<TaskDefinition> {
  const { definition, problems } = await readTaskDefinition(text, file);
  if (problems.length === 0) return definition;
  throw new ConfigError(problems.map(({ input, message }) => ({ input, message })));
}

async function contentOf(text: string, file: string): Promise<Content> {
  if (text.trim() === '') throw new ConfigError({ input: file, message: 'the file is empty' });
  const plain = plainJson(text);
  if (plain !== undefined && !repeatsKeys(text, plain)) {
    let read: ReturnType<typeof readJson> | undefined;
    return {
      value: plain,
      sourceOf: () => undefined,
      placeOf: async (path) => {
        read ??= readJson(text);
        const json = await read;
        return 'value' in json ? json.placeOf(path) : undefined;
      },
    };
  }
  // YAML forgives a missing comma between braces and reads something else, so what looks like JSON has to be JSON.
  if (plain !== undefined || (/^\s*(?:[{[]|\/[/*])/.test(text) && !/\.ya?ml$/i.test(file))) {
    const json = await readJson(text);
    if (!('value' in json)) throw syntaxError(file, json, 'JSON');
    return { value: json.value, sourceOf: () => undefined, placeOf: async (path) => json.placeOf(path) };
  }
  const yaml = await readYaml(text);
  if (!('value' in yaml)) throw syntaxError(file, yaml, 'YAML');
  return { value: yaml.value, sourceOf: yaml.sourceOf, placeOf: async (path) => yaml.placeOf(path) };
}

function plainJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** The definition without its wrapper, and how its paths continue those of the file. */
function unwrap(value: Json): { value: Json; inFile: (path: Path) => Path } {
  if (!isObject(value) || !isObject(value['taskDefinition'])) return { value, inFile: (path) => path };
  const { taskDefinition, tags } = value;
  const beside = tags !== undefined && taskDefinition['tags'] === undefined;
  return {
    value: beside ? { tags, ...taskDefinition } : taskDefinition,
    inFile: (path) => (beside && path[0] === 'tags' ? path : ['taskDefinition', ...path]),
  };
}

/** Where that which stands at `path` in a rendered definition stood before; as far as it was there. */
function pathBefore(path: Path, definition: TaskDefinition, rendered: TaskDefinition): Path {
  const before: (string | number)[] = [];
  let [old, now]: (Json | undefined)[] = [definition, rendered];
  for (const step of path) {
    if (typeof step === 'number' && isList(old) && isList(now)) {
      const item: Json | undefined = now[step];
      const identity = identityOf(item);
      // Of several with one name it is the one that has kept its place.
      const same: boolean = identity === undefined || identityOf(old[step]) === identity;
      const index: number = same ? step : old.findIndex((other) => identityOf(other) === identity);
      if (index < 0) return before;
      before.push(index);
      [old, now] = [old[index], item];
    } else {
      before.push(step);
      [old, now] = [isObject(old) ? old[step] : undefined, isObject(now) ? now[step] : undefined];
    }
  }
  return before;
}

function identityOf(item: Json | undefined): Json | undefined {
  return item !== undefined && isObject(item) ? (item['name'] ?? item['key']) : undefined;
}

const position = (file: string, place: TextPlace | undefined): string =>
  place ? `${file}:${place.line}:${place.column}` : file;

function syntaxError(file: string, fault: SyntaxFault, language: string): ConfigError {
  const message = fault.readable ? fault.message : `is not ${language}: ${fault.message}`;
  return new ConfigError({ input: position(file, fault), message });
}
