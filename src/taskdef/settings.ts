import type { JsonObject, PortMapping } from './definition.ts';

/** What rendering is to make of a definition; what is not named stays as it is. */
export interface Settings {
  readonly containers: readonly ContainerSettings[];
  readonly task: TaskSettings;
  /** An RFC 7396 merge patch that is applied last; see `withPatch`. */
  readonly patch?: JsonObject;
}

/** Settings whose entries are added to those that are there, unless they are to replace them. */
export type Replaceable =
  | 'environment-variables'
  | 'secrets'
  | 'env-files'
  | 'log-configuration-options'
  | 'docker-labels'
  | 'tags';

/** What one container is to get. */
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
  /** Variables and secrets to take away. */
  readonly unset?: readonly string[];
  /** ARNs of objects in S3 that ECS reads variables from: all of them, in their order. */
  readonly environmentFiles?: readonly string[];
  readonly command?: readonly string[];
  readonly entryPoint?: readonly string[];
  /** All ports; one that is there already keeps what is not said of it, such as its name. */
  readonly portMappings?: readonly PortMapping[];
  /** Fields of the health check, put over those that are there. */
  readonly healthCheck?: JsonObject;
  /** With another driver than the one that is there, the options of that one go. */
  readonly logDriver?: string;
  readonly logOptions?: ReadonlyMap<string, string>;
  readonly dockerLabels?: ReadonlyMap<string, string>;
  /** What is to consist of the given entries only. */
  readonly replace?: ReadonlySet<Replaceable>;
}

/** What the task itself is to get. */
export interface TaskSettings {
  /** Fields such as `family`, `cpu` and `taskRoleArn`. */
  readonly fields?: JsonObject;
  readonly tags?: ReadonlyMap<string, string>;
  readonly replaceTags?: boolean;
}
