import {
  type ContainerDefinition,
  isList,
  isObject,
  type Json,
  type JsonObject,
  type PortMapping,
} from './definition.ts';
import type { ContainerSettings, Replaceable } from './settings.ts';

/** A container with its settings put into it; what is there and of a wrong type stays, to be told by validation. */
export function withSettings(
  container: ContainerDefinition,
  settings: ContainerSettings,
): ContainerDefinition {
  const { image, environmentFiles, command, entryPoint, portMappings, healthCheck, dockerLabels, replace } =
    settings;
  const replaced = (what: Replaceable): boolean => replace?.has(what) ?? false;
  return {
    ...container,
    ...(image !== undefined && { image }),
    ...variables(container, settings),
    ...(environmentFiles && {
      environmentFiles: environmentFiles.map((value) => ({ value, type: 's3' })),
    }),
    ...(command && { command }),
    ...(entryPoint && { entryPoint }),
    ...(portMappings && { portMappings: ports(container.portMappings, portMappings) }),
    ...(healthCheck && { healthCheck: over(container.healthCheck, healthCheck) }),
    ...logging(container, settings),
    ...(dockerLabels && {
      dockerLabels: over(
        replaced('docker-labels') ? undefined : container.dockerLabels,
        Object.fromEntries(dockerLabels),
      ),
    }),
  };
}

const over = (present: JsonObject | undefined, given: JsonObject): JsonObject =>
  present === undefined || isObject(present) ? { ...present, ...given } : present;

interface Named {
  readonly name: string;
}

/** ECS refuses a name that is both, so a variable that was a secret stops being one, and the other way round. */
function variables(
  { environment, secrets }: ContainerDefinition,
  settings: ContainerSettings,
): Pick<ContainerDefinition, 'environment' | 'secrets'> {
  const plain = [...(settings.environment ?? [])].map(([name, value]) => ({ name, value }));
  const secret = [...(settings.secrets ?? [])].map(([name, valueFrom]) => ({ name, valueFrom }));
  const unset = settings.unset ?? [];
  const replaced = (what: Replaceable): boolean => settings.replace?.has(what) ?? false;
  return {
    ...listed('environment', environment, replaced('environment-variables'), plain, [
      ...unset,
      ...secret.map(({ name }) => name),
    ]),
    ...listed('secrets', secrets, replaced('secrets'), secret, [...unset, ...plain.map(({ name }) => name)]),
  };
}

/** The list as a field of the container, or no field where there is none and none is needed. */
function listed<Field extends string, Entry extends Named & JsonObject>(
  field: Field,
  present: readonly Entry[] | undefined,
  replace: boolean,
  given: readonly Entry[],
  taken: readonly string[],
): Listed<Field, Entry> {
  // What is no list is kept, as it is.
  if (present !== undefined && !Array.isArray(present)) return { [field]: present } as Listed<Field, Entry>;
  const names = new Set(given.map(({ name }) => name));
  // What is given keeps its place.
  const kept = (present ?? []).filter((entry) => {
    const name = nameOf(entry);
    return name === undefined || names.has(name) || !(replace || taken.includes(name));
  });
  const result = merged(kept, given);
  if (present === undefined && result.length === 0) return {};
  return { [field]: result } as Listed<Field, Entry>;
}

type Listed<Field extends string, Entry> = { [field in Field]?: readonly Entry[] };

const nameOf = (entry: Json): string | undefined => {
  const name = isObject(entry) ? entry['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
};

/** The names of all variables and secrets of a container. */
export const variableNames = ({ environment, secrets }: ContainerDefinition): readonly string[] =>
  [environment, secrets].flatMap((list) => (isList(list) ? list.flatMap((item) => nameOf(item) ?? []) : []));

/** An entry stands where the first of its name stood, or at the end; a list that names it twice loses the second. */
function merged<Entry extends Named & JsonObject>(
  present: readonly Entry[],
  given: readonly Entry[],
): readonly Entry[] {
  const byName = new Map(given.map((entry) => [entry.name, entry]));
  const there = new Set<string>();
  const kept = present.flatMap((old) => {
    const entry = byName.get(nameOf(old) ?? '');
    if (!entry) return [old];
    if (there.has(entry.name)) return [];
    there.add(entry.name);
    return [{ ...old, ...entry }];
  });
  return [...kept, ...given.filter(({ name }) => !there.has(name))];
}

function ports(
  present: readonly PortMapping[] | undefined,
  given: readonly PortMapping[],
): readonly PortMapping[] {
  const key = ({ containerPort, containerPortRange, protocol = 'tcp' }: PortMapping): string =>
    `${containerPort ?? containerPortRange}/${protocol}`;
  const known = new Map((isList(present) ? present : []).filter(isObject).map((port) => [key(port), port]));
  return given.map((port) => ({ ...known.get(key(port)), ...port }));
}

function logging(
  { logConfiguration }: ContainerDefinition,
  { logDriver, logOptions, replace }: ContainerSettings,
): { logConfiguration?: JsonObject } {
  if (logDriver === undefined && !logOptions) return {};
  if (logConfiguration !== undefined && !isObject(logConfiguration)) return { logConfiguration };
  const { logDriver: oldDriver, options, ...rest } = logConfiguration ?? {};
  const keep =
    !replace?.has('log-configuration-options') && (logDriver ?? oldDriver) === (oldDriver ?? logDriver);
  const result = { ...(keep && isObject(options) && options), ...Object.fromEntries(logOptions ?? []) };
  return {
    logConfiguration: {
      ...rest,
      ...((logDriver ?? oldDriver) !== undefined && { logDriver: logDriver ?? oldDriver }),
      ...((Object.keys(result).length > 0 || options !== undefined) && { options: result }),
    },
  };
}
