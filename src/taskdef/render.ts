import { ConfigError, type Problem } from '../errors.ts';
import { clean } from './clean.ts';
import { variableNames, withSettings } from './container.ts';
import {
  type ContainerDefinition,
  isList,
  isObject,
  type JsonObject,
  type Path,
  type TaskDefinition,
} from './definition.ts';
import { withPatch } from './merge-patch.ts';
import type { ContainerSettings, Settings, TaskSettings } from './settings.ts';
import { shapeOf } from './shape.ts';

export interface Rendered {
  readonly definition: TaskDefinition;
  /** Names that were to be taken away and are in none of their containers. */
  readonly notThere: readonly string[];
}

/** What became of a definition although some settings do not fit it. */
export interface Attempt extends Rendered {
  readonly problems: readonly RenderProblem[];
  /**
   * Where settings fit nowhere: what it is when every container gets them. A fault that only one of the two has may be
   * none once the settings are put right.
   */
  readonly otherwise?: TaskDefinition;
}

export interface RenderProblem extends Problem {
  /** What it is about in the definition that was rendered. */
  readonly path?: Path;
  /** The field that is missing there. */
  readonly missing?: string;
}

/**
 * Puts the settings into a task definition and leaves out what ECS would refuse; all other fields stay as they are. A
 * variable keeps its place in its list. ECS refuses a name that is both a variable and a secret, so a variable that was
 * a secret stops being one, and the other way round. Rendering the result again changes nothing.
 *
 * @throws ConfigError with every setting that names no container or contradicts another
 */
export function render(source: TaskDefinition, settings: Settings): Rendered {
  const { definition, notThere, problems } = attemptRender(source, settings);
  if (problems.length === 0) return { definition, notThere };
  throw new ConfigError(problems.map(({ input, message }) => ({ input, message })));
}

/**
 * As `render`, but goes on where settings do not fit, so that what else is wrong can be looked for, and takes a
 * definition of any shape: what is not what it should be stays as it is.
 */
export function attemptRender(source: TaskDefinition, settings: Settings): Attempt {
  const definition = clean(source);
  const containers = [...containersOf(definition)];
  const everyContainer = containers.map((_, index) => index);
  const problems: RenderProblem[] = [];
  const unplaced: ContainerSettings[] = [];
  const images = new Map<number, string>();
  const there = new Set<string>();

  for (const setting of settings.containers) {
    const { image, input, container: name } = setting;
    const targets = everyContainer.filter((index) =>
      name === undefined ? containers.length === 1 : containers[index]?.name === name,
    );
    if (targets.length === 0) {
      unplaced.push(setting);
      // Where a container has no name, it may be the one that is meant.
      const named =
        containers.length > 0 && containers.every((container) => typeof container?.name === 'string');
      if (named) problems.push(missingContainer(definition, containers, setting));
    }
    for (const index of targets) {
      const container = containers[index];
      if (!isObject(container)) continue;
      const other = images.get(index);
      if (image !== undefined && other !== undefined && other !== image) {
        const fix = `is to get two images, ${other} and ${image}; keep one of them`;
        problems.push({ input, message: `container "${container.name}" ${fix}` });
      }
      if (image !== undefined) images.set(index, image);
      if (setting.unset) for (const name of variableNames(container)) there.add(name);
      containers[index] = withSettings(container, setting);
    }
  }

  const unset = new Set(settings.containers.flatMap((setting) => setting.unset ?? []));
  const finish = (list: readonly ContainerDefinition[]) => {
    const task = withTask(definition, settings.task);
    const result = isList(definition.containerDefinitions) ? { ...task, containerDefinitions: list } : task;
    return settings.patch ? patched(result, settings.patch) : { definition: result, problems: [] };
  };
  const result = finish(containers);
  const everywhere = (container: ContainerDefinition) =>
    isObject(container) ? unplaced.reduce(withSettings, container) : container;
  return {
    definition: result.definition,
    notThere: [...unset].filter((name) => !there.has(name)),
    problems: [...problems, ...result.problems, ...withoutCheck(result.definition, settings.containers)],
    ...(unplaced.length > 0 && { otherwise: finish(containers.map(everywhere)).definition }),
  };
}

/** Whatever stands in the list; what is not a container is only kept. */
const containersOf = ({ containerDefinitions }: TaskDefinition): readonly ContainerDefinition[] =>
  isList(containerDefinitions) ? containerDefinitions : [];

function missingContainer(
  { family }: TaskDefinition,
  containers: readonly ContainerDefinition[],
  { container, input }: ContainerSettings,
): Problem {
  const names = containers.map(({ name }) => name).join(', ');
  const definition = `task definition${typeof family === 'string' ? ` ${family}` : ''}`;
  return {
    input,
    message:
      container === undefined
        ? `is required, because ${definition} has several containers; name one of ${names}`
        : `${definition} has no container "${container}"; it has ${names}`,
  };
}

/** Settings of health checks that are not there, not even after the patch. */
function withoutCheck(
  definition: TaskDefinition,
  settings: readonly ContainerSettings[],
): readonly RenderProblem[] {
  const containers = containersOf(definition);
  return containers.flatMap((container, index): RenderProblem[] => {
    const given = settings.find(
      (setting) =>
        setting.healthCheck &&
        (setting.container === undefined ? containers.length === 1 : setting.container === container?.name),
    )?.healthCheck;
    const check = isObject(container) ? container.healthCheck : undefined;
    if (!given || given['command'] !== undefined || !isObject(check) || check['command'] !== undefined)
      return [];
    const fields = Object.keys(given).map((field) =>
      field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    );
    const inputs = fields.map((field) => `health-check-${field}`).join(' and ');
    const message = `is required with ${inputs}, because container "${container.name}" has no health check; give its command`;
    return [
      {
        input: 'health-check',
        message,
        path: ['containerDefinitions', index, 'healthCheck'],
        missing: 'command',
      },
    ];
  });
}

function withTask(
  definition: TaskDefinition,
  { fields = {}, tags, replaceTags = false }: TaskSettings,
): TaskDefinition {
  const { family, ...rest } = fields;
  const given = [...(tags ?? [])].map(([key, value]) => ({ key, value }));
  const present = replaceTags ? [] : (definition.tags ?? []);
  return {
    ...definition,
    ...rest,
    ...(typeof family === 'string' && { family }),
    ...(tags &&
      isList(present) && {
        tags: [
          ...present.filter((tag) => !isObject(tag) || typeof tag.key !== 'string' || !tags.has(tag.key)),
          ...given,
        ],
      }),
  };
}

function patched(definition: TaskDefinition, patch: JsonObject): Pick<Attempt, 'definition' | 'problems'> {
  const before = shapeOf(definition);
  const after = shapeOf(withPatch(definition, patch));
  // What was wrong before is not told a second time.
  const known = new Set(before.kind === 'wrong' ? before.problems.map(({ message }) => message) : []);
  const problems = after.kind === 'wrong' ? after.problems.filter(({ message }) => !known.has(message)) : [];
  return {
    definition: after.definition ? clean(after.definition) : definition,
    problems: problems.map((problem) => ({
      ...problem,
      input: 'merge-patch',
      message: `after it, ${problem.message}`,
    })),
  };
}
