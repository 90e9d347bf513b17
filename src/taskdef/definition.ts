/** A value as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A variable of a container, in plain sight of everyone who may describe the task definition. */
export interface EnvironmentVariable extends JsonObject {
  readonly name: string;
  readonly value?: string;
}

/** A variable that ECS fills from Secrets Manager or SSM Parameter Store; `valueFrom` is the reference, not the value. */
export interface SecretReference extends JsonObject {
  readonly name: string;
  readonly valueFrom?: string;
}

/** A port of a container. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html */
export interface PortMapping extends JsonObject {
  readonly containerPort?: number;
  readonly containerPortRange?: string;
  readonly hostPort?: number;
  readonly protocol?: string;
}

/**
 * The fields of a container that this project changes; all others are kept as they are.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
 */
export interface ContainerDefinition extends JsonObject {
  readonly name: string;
  readonly image?: string;
  readonly environment?: readonly EnvironmentVariable[];
  readonly secrets?: readonly SecretReference[];
  readonly environmentFiles?: readonly JsonObject[];
  readonly command?: readonly string[];
  readonly entryPoint?: readonly string[];
  readonly portMappings?: readonly PortMapping[];
  readonly healthCheck?: JsonObject;
  readonly logConfiguration?: JsonObject;
  readonly dockerLabels?: JsonObject;
}

export interface Tag extends JsonObject {
  readonly key?: string;
  readonly value?: string;
}

/**
 * A task definition in the JSON form that RegisterTaskDefinition takes.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 */
export interface TaskDefinition extends JsonObject {
  readonly family: string;
  readonly containerDefinitions: readonly ContainerDefinition[];
  readonly tags?: readonly Tag[];
}

export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where a value stands in a document: keys and indices from the root on. */
export type Path = readonly (string | number)[];
