import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';
import { clientError, invalidParameter } from './errors.ts';
import type { ServiceSettings, TaskDefinitionRecord } from './model.ts';
import type { ContainerService } from './state.ts';

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
export function checkConfiguration(configuration: DeploymentConfiguration): void {
  const { minimumHealthyPercent: minimum = 100, maximumPercent: maximum = 200, strategy } = configuration;
  if (strategy !== undefined && strategy !== 'ROLLING') {
    throw invalidParameter(`The deployment strategy ${strategy} is not simulated; use ROLLING.`);
  }
  if (minimum < 0 || minimum > 100) {
    throw invalidParameter('minimumHealthyPercent must be between 0 and 100.');
  }
  if (maximum < 100 || maximum > 200) throw invalidParameter('maximumPercent must be between 100 and 200.');
  if (maximum === 100 && minimum === 100) {
    throw invalidParameter('maximumPercent and minimumHealthyPercent cannot both be 100.');
  }
}

/** The active task definition that a service shall run. */
export function definitionFor(state: ContainerService, reference: string | undefined): TaskDefinitionRecord {
  if (!reference) throw clientError('TaskDefinition can not be blank.');
  const definition = state.findTaskDefinition(reference);
  if (definition === undefined) throw clientError('TaskDefinition not found.');
  if (definition.definition.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive');
  return definition;
}

/** What AWS checks of a service's load balancers: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html */
export function checkLoadBalancers(
  state: ContainerService,
  settings: ServiceSettings,
  definition: TaskDefinitionRecord,
): void {
  for (const { targetGroupArn, containerName, containerPort } of settings.loadBalancers ?? []) {
    const group = state.balancing.targetGroups.get(targetGroupArn ?? '');
    if (group === undefined) {
      throw invalidParameter(`The specified target group does not exist: ${targetGroupArn ?? ''}.`);
    }
    if (definition.definition.networkMode === 'awsvpc' && group.settings.TargetType !== 'ip') {
      throw invalidParameter(
        `The provided target group ${group.arn} has target type ${group.settings.TargetType ?? ''}, which is incompatible with the awsvpc network mode specified in the task definition.`,
      );
    }
    if (state.balancing.loadBalancersOf(group.arn).length === 0) {
      throw invalidParameter(
        `The target group with targetGroupArn ${group.arn} does not have an associated load balancer.`,
      );
    }
    const container = definition.definition.containerDefinitions?.find(({ name }) => name === containerName);
    if (container === undefined) {
      throw invalidParameter(`The container ${containerName ?? ''} does not exist in the task definition.`);
    }
    if (!container.portMappings?.some((mapping) => mapping.containerPort === containerPort)) {
      throw invalidParameter(
        `The container ${containerName ?? ''} did not have a container port ${containerPort ?? ''} defined.`,
      );
    }
  }
  if (settings.healthCheckGracePeriodSeconds !== undefined && !settings.loadBalancers?.length) {
    throw invalidParameter(
      'Health check grace period is only valid for services configured to use load balancers',
    );
  }
}

/** What AWS checks of a service's launch type and network. */
export function checkNetwork(settings: ServiceSettings, definition: TaskDefinitionRecord): void {
  const { launchType, capacityProviderStrategy, networkConfiguration } = settings;
  if (launchType !== undefined && capacityProviderStrategy?.length) {
    throw invalidParameter(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    );
  }
  if (definition.definition.networkMode === 'awsvpc' && !networkConfiguration?.awsvpcConfiguration) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
}
