import type { ContainerDefinition, ContainerOverride } from '@aws-sdk/client-ecs';
import { byImage } from '../traffic/behaviour.ts';

/** How containers of an image are run for real: as processes of this machine, or by a Docker Engine. */
export interface Program {
  /** The working directory, which is the image's `WORKDIR`. */
  readonly directory?: string;
  /** What the image runs by itself, where the task definition does not say: its `ENTRYPOINT` and `CMD`. */
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  /** Words before whatever the container runs, such as `['nice']`. */
  readonly prefix?: readonly string[];
  /** Variables beside those of the container, over which they win: what its secrets hold, where the database is here. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The Docker Engine that runs the image in its place, such as `unix:///var/run/docker.sock`. */
  readonly engine?: string;
}

/** Programs by image, by its last path segment, by its tag, or by its repository. */
export type Programs = Readonly<Record<string, Program>>;

/** What is to be run for one container. */
export interface Launch {
  readonly image: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string | undefined;
  readonly engine: string | undefined;
  readonly prefix: readonly string[];
}

/**
 * What a container of a task runs; as in Docker an entry point stays in front of an overriding command, and the task
 * definition's own entry point puts aside what the image runs by itself.
 *
 * @param setting variables that ECS sets in every container
 * @returns undefined when the image has no program
 */
export function launchOf(
  programs: Programs,
  container: ContainerDefinition,
  override: ContainerOverride | undefined,
  setting: Readonly<Record<string, string>>,
): Launch | undefined {
  const image = container.image ?? '';
  const program = byImage(image, programs);
  if (program === undefined) return undefined;
  const own = container.entryPoint?.length ? undefined : program;
  // A Docker Engine knows what the image runs.
  const named = (words: readonly string[] | undefined) => (words?.length ? words : undefined);
  return {
    image,
    entryPoint: named(container.entryPoint) ?? own?.entryPoint ?? [],
    command: named(override?.command) ?? named(container.command) ?? own?.command ?? [],
    environment: {
      ...setting,
      ...variables(container.environment),
      ...variables(override?.environment),
      ...program.environment,
    },
    directory: program.directory,
    engine: program.engine,
    prefix: program.prefix ?? [],
  };
}

const variables = (
  pairs: readonly { readonly name?: string | undefined; readonly value?: string | undefined }[] | undefined,
): Record<string, string> =>
  Object.fromEntries((pairs ?? []).map(({ name = '', value = '' }) => [name, value]));
