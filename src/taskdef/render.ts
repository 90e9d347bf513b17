import { ConfigError, type Problem } from '../errors.ts';
import type { Change, VariableEffect } from './changes.ts';
import type { ContainerDefinition, TaskDefinition } from './definition.ts';

/** What one container is to get; what is not named here stays as it is. */
export interface ContainerSettings {
  /** The container's name; without it the definition must have only one container. */
  readonly container: string | undefined;
  /** The input that this came from, for errors. */
  readonly input: string;
  readonly image?: string;
  /** Plain variables by name, added or replaced. */
  readonly environment?: ReadonlyMap<string, string>;
  /** References to Secrets Manager or SSM Parameter Store by the variable's name, added or replaced. */
  readonly secrets?: ReadonlyMap<string, string>;
}

export interface Rendered {
  readonly definition: TaskDefinition;
  readonly changes: readonly Change[];
}

/**
 * Puts images, variables and secrets into the containers of a task definition; all other fields stay as they are.
 * A variable keeps its place in its list. ECS refuses a name that is both a variable and a secret, so a variable that
 * was a secret stops being one, and the other way round. Rendering the result again changes nothing.
 *
 * @throws ConfigError with every setting that names no container or contradicts another
 */
export function render(definition: TaskDefinition, settings: readonly ContainerSettings[]): Rendered {
  const problems: Problem[] = [];
  const changes: Change[] = [];
  const images = new Map<string, string>();
  const containers = new Map(definition.containerDefinitions.map((container) => [container.name, container]));

  for (const setting of settings) {
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
    problems.push(...ambiguousNames(setting));
    containers.set(container.name, apply(container, setting, changes));
  }

  if (problems.length > 0) throw new ConfigError(problems);
  return { definition: { ...definition, containerDefinitions: [...containers.values()] }, changes };
}

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

function ambiguousNames({ environment, secrets, input }: ContainerSettings): readonly Problem[] {
  return [...(secrets?.keys() ?? [])]
    .filter((name) => environment?.has(name))
    .map((name) => ({
      input,
      message: `${name} is given as a plain variable and as a secret; keep one of them`,
    }));
}

function apply(
  container: ContainerDefinition,
  settings: ContainerSettings,
  changes: Change[],
): ContainerDefinition {
  const { image, environment, secrets } = settings;
  let result = container;
  if (image !== undefined) {
    changes.push({ kind: 'image', container: container.name, from: container.image, to: image });
    result = { ...result, image };
  }
  for (const [name, value] of environment ?? []) {
    const moved = holds(result.secrets, name);
    const set = setNamed(result.environment, { name, value }, moved);
    changes.push({ kind: 'environment', container: container.name, name, effect: set.effect });
    result = { ...result, environment: set.list, ...(moved && { secrets: without(result.secrets, name) }) };
  }
  for (const [name, valueFrom] of secrets ?? []) {
    const moved = holds(result.environment, name);
    const set = setNamed(result.secrets, { name, valueFrom }, moved);
    changes.push({ kind: 'secret', container: container.name, name, effect: set.effect });
    result = {
      ...result,
      secrets: set.list,
      ...(moved && { environment: without(result.environment, name) }),
    };
  }
  return result;
}

interface Named {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: string;
}

const holds = (list: readonly Named[] | undefined, name: string): boolean =>
  list?.some((entry) => entry.name === name) ?? false;

const without = <T extends Named>(list: readonly T[] = [], name: string): readonly T[] =>
  list.filter((entry) => entry.name !== name);

/** Puts an entry where the first of its name stood, or at the end; a list that names it twice loses the second. */
function setNamed<T extends Named>(
  list: readonly T[] = [],
  entry: T,
  moved: boolean,
): { list: readonly T[]; effect: VariableEffect } {
  const same = list.filter(({ name }) => name === entry.name);
  const [first, ...others] = same;
  if (!first) return { list: [...list, entry], effect: moved ? 'moved' : 'added' };
  const equal = others.length === 0 && first.value === entry.value && first.valueFrom === entry.valueFrom;
  return {
    list: list.flatMap((old) =>
      old.name !== entry.name ? [old] : old === first ? [{ ...old, ...entry }] : [],
    ),
    effect: moved ? 'moved' : equal ? 'unchanged' : 'changed',
  };
}
