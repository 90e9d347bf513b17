import { ConfigError, type Problem } from '../errors.ts';
import { clean } from './clean.ts';
import { withSettings } from './container.ts';
import type { ContainerDefinition, TaskDefinition } from './definition.ts';
import { withPatch } from './merge-patch.ts';
import type { ContainerSettings, Settings, TaskSettings } from './settings.ts';
import { shapeOf } from './shape.ts';

export interface Rendered {
  readonly definition: TaskDefinition;
  /** Names that were to be taken away and are in none of their containers. */
  readonly notThere: readonly string[];
}

/**
 * Puts the settings into a task definition and leaves out what ECS would refuse; all other fields stay as they are. A
 * variable keeps its place in its list. ECS refuses a name that is both a variable and a secret, so a variable that was
 * a secret stops being one, and the other way round. Rendering the result again changes nothing.
 *
 * @throws ConfigError with every setting that names no container or contradicts another
 */
export function render(source: TaskDefinition, settings: Settings): Rendered {
  const definition = clean(source);
  const problems: Problem[] = [];
  const images = new Map<string, string>();
  const containers = new Map(definition.containerDefinitions.map((container) => [container.name, container]));
  const there = new Set<string>();

  for (const setting of settings.containers) {
    const container = containers.get(setting.container ?? onlyName(definition) ?? '');
    if (!container) {
      problems.push(missingContainer(definition, setting));
      continue;
    }
    const { image, input } = setting;
    const other = images.get(container.name);
    if (image !== undefined && other !== undefined && other !== image) {
      problems.push({
        input,
        message: `container "${container.name}" is to get two images, ${other} and ${image}; keep one of them`,
      });
    }
    if (image !== undefined) images.set(container.name, image);
    if (setting.unset) for (const name of variableNames(container)) there.add(name);
    containers.set(container.name, withSettings(container, setting));
  }

  if (problems.length > 0) throw new ConfigError(problems);
  const result = { ...withTask(definition, settings.task), containerDefinitions: [...containers.values()] };
  const unset = new Set(settings.containers.flatMap((setting) => setting.unset ?? []));
  return {
    definition: settings.patch ? patched(result, settings.patch) : result,
    notThere: [...unset].filter((name) => !there.has(name)),
  };
}

const variableNames = ({ environment = [], secrets = [] }: ContainerDefinition): readonly string[] =>
  [...environment, ...secrets].map(({ name }) => name);

const onlyName = ({ containerDefinitions: [first, ...others] }: TaskDefinition): string | undefined =>
  others.length === 0 ? first?.name : undefined;

function missingContainer(definition: TaskDefinition, { container, input }: ContainerSettings): Problem {
  const names = definition.containerDefinitions.map(({ name }) => name).join(', ');
  return {
    input,
    message:
      container === undefined
        ? `is required, because task definition ${definition.family} has several containers; name one of ${names}`
        : `task definition ${definition.family} has no container "${container}"; it has ${names}`,
  };
}

function withTask(
  definition: TaskDefinition,
  { fields = {}, tags, replaceTags = false }: TaskSettings,
): TaskDefinition {
  const { containerDefinitions } = definition;
  const { family, ...rest } = fields;
  const given = [...(tags ?? [])].map(([key, value]) => ({ key, value }));
  const kept = (replaceTags ? [] : (definition.tags ?? [])).filter(({ key }) => !tags?.has(key ?? ''));
  return {
    ...definition,
    ...rest,
    family: typeof family === 'string' ? family : definition.family,
    containerDefinitions,
    ...(tags && { tags: [...kept, ...given] }),
  };
}

function patched(definition: TaskDefinition, patch: NonNullable<Settings['patch']>): TaskDefinition {
  const shape = shapeOf(withPatch(definition, patch));
  if (shape.kind === 'task-definition') return clean(shape.definition);
  throw new ConfigError(
    shape.problems.map(({ message }) => ({ input: 'merge-patch', message: `after it, ${message}` })),
  );
}
