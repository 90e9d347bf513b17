import type {
  CreateServiceCommandInput,
  CreateServiceCommandOutput,
  DeleteServiceCommandInput,
  DeploymentConfiguration,
  DescribeServicesCommandInput,
  DescribeServicesCommandOutput,
  ListServicesCommandInput,
  ListServicesCommandOutput,
  Service,
  UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs';
import type { Answer } from '../answer.ts';
import type { Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { badToken, invalidParameter, serviceNotActive } from './errors.ts';
import { type ClusterRecord, primaryOf, type ServiceRecord, type ServiceSettings } from './model.ts';
import { checkConfiguration, checkLoadBalancers, checkNetwork, definitionFor } from './service-checks.ts';
import type { ServiceScheduler } from './service-scheduler.ts';
import { describeService } from './service-views.ts';
import type { ContainerService } from './state.ts';
import { ecsTagPairs, ecsTags } from './task-definitions.ts';

const MAX_DESCRIBED = 10;

/** Parts of UpdateService that roll out to the tasks: a change of them is a new deployment. */
const ROLLED_OUT = [
  'networkConfiguration',
  'platformVersion',
  'capacityProviderStrategy',
  'loadBalancers',
  'serviceRegistries',
  'serviceConnectConfiguration',
  'volumeConfigurations',
  'propagateTags',
  'enableECSManagedTags',
  'enableExecuteCommand',
] as const satisfies readonly (keyof ServiceSettings)[];

/** Parts of UpdateService that change the service alone. */
const IN_PLACE = [
  'healthCheckGracePeriodSeconds',
  'placementConstraints',
  'placementStrategy',
  'availabilityZoneRebalancing',
] as const satisfies readonly (keyof ServiceSettings)[];

const DEFAULT_CONFIGURATION: DeploymentConfiguration = {
  deploymentCircuitBreaker: { enable: false, rollback: false },
  maximumPercent: 200,
  minimumHealthyPercent: 100,
  strategy: 'ROLLING',
};

function settingsOf(input: CreateServiceCommandInput): ServiceSettings {
  const settings: ServiceSettings = structuredClone({
    loadBalancers: input.loadBalancers,
    serviceRegistries: input.serviceRegistries,
    launchType: input.launchType ?? (input.capacityProviderStrategy?.length ? undefined : 'FARGATE'),
    capacityProviderStrategy: input.capacityProviderStrategy,
    platformVersion: input.platformVersion ?? 'LATEST',
    placementConstraints: input.placementConstraints,
    placementStrategy: input.placementStrategy,
    networkConfiguration: input.networkConfiguration,
    healthCheckGracePeriodSeconds: input.healthCheckGracePeriodSeconds,
    schedulingStrategy: input.schedulingStrategy ?? 'REPLICA',
    deploymentController: input.deploymentController ?? { type: 'ECS' },
    enableECSManagedTags: input.enableECSManagedTags,
    propagateTags: input.propagateTags,
    enableExecuteCommand: input.enableExecuteCommand,
    availabilityZoneRebalancing: input.availabilityZoneRebalancing,
    serviceConnectConfiguration: input.serviceConnectConfiguration,
    volumeConfigurations: input.volumeConfigurations,
  });
  if (settings.loadBalancers?.length) settings.healthCheckGracePeriodSeconds ??= 0;
  return settings;
}

/**
 * Checks a request and records the service it describes; nothing is rolled out yet.
 *
 * @throws AwsError `InvalidParameterException`, `ClientException`
 */
export function addService(
  state: ContainerService,
  cluster: ClusterRecord,
  input: CreateServiceCommandInput,
  createdAt: number,
): ServiceRecord {
  const name = input.serviceName ?? '';
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw invalidParameter(
      'Invalid service name. Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed.',
    );
  }
  const desiredCount = input.desiredCount ?? 0;
  if (desiredCount < 0) throw invalidParameter('desiredCount must not be negative.');
  const definition = definitionFor(state, input.taskDefinition);
  const configuration: DeploymentConfiguration = {
    ...DEFAULT_CONFIGURATION,
    ...structuredClone(input.deploymentConfiguration),
  };
  checkConfiguration(configuration);
  const settings = settingsOf(input);
  checkNetwork(settings, definition);
  checkLoadBalancers(state, settings, definition);
  const { clientToken, ...request } = input;
  const service: ServiceRecord = {
    arn: state.serviceArn(cluster, name),
    name,
    cluster,
    status: 'ACTIVE',
    desiredCount,
    taskDefinition: definition,
    settings,
    deploymentConfiguration: configuration,
    createdAt,
    deployments: [],
    serviceDeployments: [],
    revisions: [],
    lastCompleted: undefined,
    events: [],
    tasks: new Set(),
    steady: false,
    creation: { token: clientToken, request: JSON.stringify(request) },
    reconciling: undefined,
  };
  state.services.set(service.arn, service);
  if (input.tags?.length) state.tags.add(service.arn, ecsTagPairs(input.tags));
  return service;
}

/** Services: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html */
export function serviceOperations(state: ContainerService, scheduler: ServiceScheduler): Operations {
  const remember = (service: ServiceRecord): void =>
    state.serviceViews.remember(service.arn, describeService(service));

  /** The answer of a write shows its effect; only describes may lag behind. */
  const written = (service: ServiceRecord): Answer<CreateServiceCommandOutput> => ({
    service: { ...describeService(service), tags: ecsTags([...state.tags.current(service.arn)]) },
  });

  const withTags = (service: Service): Service => ({
    ...service,
    tags: ecsTags(state.tags.read(service.serviceArn ?? '')),
  });

  return {
    CreateService(input: CreateServiceCommandInput): Answer<CreateServiceCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const existing = state.findService(cluster, input.serviceName);
      if (existing?.status === 'DRAINING') {
        throw invalidParameter('Unable to Start a service that is still Draining.');
      }
      if (existing?.status === 'ACTIVE') {
        const { clientToken, ...request } = input;
        const repeated =
          clientToken !== undefined &&
          existing.creation.token === clientToken &&
          existing.creation.request === JSON.stringify(request);
        if (!repeated) throw invalidParameter('Creation of service was not idempotent.');
        return written(existing);
      }
      const service = addService(state, cluster, input, state.kernel.events.now);
      state.serviceViews.remember(service.arn, existing && describeService(existing));
      scheduler.rollouts.deploy(service);
      return written(service);
    },

    UpdateService(input: UpdateServiceCommandInput): Answer<CreateServiceCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const service = state.service(cluster, input.service);
      if (service.status !== 'ACTIVE') throw serviceNotActive();
      if (input.desiredCount !== undefined && input.desiredCount < 0) {
        throw invalidParameter('desiredCount must not be negative.');
      }
      const definition =
        input.taskDefinition === undefined
          ? service.taskDefinition
          : definitionFor(state, input.taskDefinition);
      const configuration = {
        ...service.deploymentConfiguration,
        ...structuredClone(input.deploymentConfiguration),
      };
      checkConfiguration(configuration);
      const settings: ServiceSettings = { ...service.settings };
      let rollsOut = input.forceNewDeployment === true || definition !== service.taskDefinition;
      for (const key of ROLLED_OUT) {
        if (input[key] === undefined) continue;
        rollsOut ||= JSON.stringify(input[key]) !== JSON.stringify(settings[key]);
        Object.assign(settings, { [key]: structuredClone(input[key]) });
      }
      for (const key of IN_PLACE) {
        if (input[key] !== undefined) Object.assign(settings, { [key]: structuredClone(input[key]) });
      }
      checkLoadBalancers(state, settings, definition);
      remember(service);
      service.taskDefinition = definition;
      service.deploymentConfiguration = configuration;
      service.settings = settings;
      service.desiredCount = input.desiredCount ?? service.desiredCount;
      if (rollsOut) scheduler.rollouts.deploy(service);
      else scheduler.poke(service);
      return written(service);
    },

    DeleteService(input: DeleteServiceCommandInput): Answer<CreateServiceCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const service = state.service(cluster, input.service);
      if (service.status === 'INACTIVE') throw serviceNotActive();
      if (!input.force && service.desiredCount > 0) {
        throw invalidParameter('The service cannot be stopped while it is scaled above 0.');
      }
      remember(service);
      service.status = 'DRAINING';
      service.desiredCount = 0;
      const primary = primaryOf(service);
      for (const task of service.tasks) {
        scheduler.life.stop(task, {
          code: 'ServiceSchedulerInitiated',
          reason: `Scaling activity initiated by (deployment ${primary?.id ?? ''})`,
        });
      }
      scheduler.poke(service);
      return written(service);
    },

    DescribeServices(input: DescribeServicesCommandInput): Answer<DescribeServicesCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const references = input.services ?? [];
      if (references.length === 0) throw invalidParameter('Services cannot be empty.');
      if (references.length > MAX_DESCRIBED) {
        throw invalidParameter(`Services cannot have more than ${MAX_DESCRIBED} entries.`);
      }
      const services: Service[] = [];
      const failures: { arn: string; reason: string }[] = [];
      for (const reference of references) {
        const arn = state.serviceArn(cluster, reference);
        const service = state.services.get(arn);
        const view = state.serviceViews.read(arn, service && describeService(service));
        if (view === undefined) failures.push({ arn, reason: 'MISSING' });
        else services.push(input.include?.includes('TAGS') ? withTags(view) : view);
      }
      return { services, failures };
    },

    ListServices(input: ListServicesCommandInput): Answer<ListServicesCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const arns = [...state.services.values()]
        .filter((service) => service.cluster === cluster && service.status !== 'INACTIVE')
        .filter(({ settings }) => input.launchType === undefined || settings.launchType === input.launchType)
        .map((service) => service.arn)
        .sort();
      const { items, next } = page(arns, input.nextToken, input.maxResults ?? 10, badToken);
      return next === undefined ? { serviceArns: items } : { serviceArns: items, nextToken: next };
    },
  };
}
