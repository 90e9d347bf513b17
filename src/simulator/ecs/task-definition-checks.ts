import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, Volume } from '@aws-sdk/client-ecs';
import * as ecs from '@aws-sdk/client-ecs';
import { clientError, invalidParameter } from './errors.ts';

type Input = RegisterTaskDefinitionCommandInput;

const NAME = /^[A-Za-z0-9_-]{1,255}$/;

const gigabytes = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => (from + index) * 1024);

/** Memory (MiB) by CPU units: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size */
const FARGATE_MEMORY: Readonly<Record<string, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: gigabytes(1, 4),
  1024: gigabytes(2, 8),
  2048: gigabytes(4, 16),
  4096: gigabytes(8, 30),
  8192: gigabytes(16, 60).filter((memory) => memory % 4096 === 0),
  16384: gigabytes(32, 120).filter((memory) => memory % 8192 === 0),
};

/** `1 vCPU` and `1024` mean the same, as do `2 GB` and `2048`. */
export const units = (value: string): string => {
  const [, number, unit] = /^([\d.]+)\s*(vcpu|gb)$/i.exec(value.trim()) ?? [];
  return number !== undefined && unit !== undefined ? String(Number(number) * 1024) : value;
};

/**
 * Refuses what RegisterTaskDefinition refuses, one thing at a time as AWS does, in its words where they are known.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 *
 * @throws AwsError `ClientException`, `InvalidParameterException`
 */
export function checkTaskDefinition(input: Input): void {
  if (!NAME.test(input.family ?? '')) {
    throw clientError(
      'Family contains invalid characters. Up to 255 letters (uppercase and lowercase), numbers, hyphens, and underscores are allowed.',
    );
  }
  if (JSON.stringify(input).length > 64 * 1024) throw clientError('Task definition size exceeds 64 KiB.');
  checkTags(input);
  checkValues(input);
  checkContainers(input);
  checkSizes(input);
  checkVolumes(input);
  checkNetwork(input);
  checkDependencies(input);
  for (const container of containersOf(input)) {
    checkVariables(container, input);
    checkHealth(container);
    checkLogging(container, input);
  }
  for (const role of [input.taskRoleArn, input.executionRoleArn]) {
    if (role && !/^(arn:[a-z-]+:iam::\d{12}:role\/)?[\w+=,.@/-]+$/.test(role)) {
      throw clientError('Role is not valid');
    }
  }
  if ((input.placementConstraints?.length ?? 0) > 10) throw clientError('Too many placement constraints.');
  const needs: readonly string[] = input.requiresCompatibilities ?? [];
  if (needs.includes('FARGATE')) checkFargate(input);
  else if (needs.length > 0 && input.ephemeralStorage) {
    throw clientError('Ephemeral storage is only supported for Fargate.');
  }
}

const containersOf = (input: Input): readonly ContainerDefinition[] => input.containerDefinitions ?? [];

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html#tag-restrictions */
function checkTags({ tags }: Input): void {
  if (tags === undefined) return;
  if (tags.length === 0) throw invalidParameter('Tags can not be empty.');
  if (tags.length > 50) throw invalidParameter('Tags can not be more than 50.');
  const keys = tags.map(({ key = '' }) => key);
  if (new Set(keys).size < keys.length) throw invalidParameter('Duplicate tag keys are not allowed.');
  for (const { key = '', value = '' } of tags) {
    if (/^aws:/i.test(key)) throw invalidParameter('Tag keys can not start with aws:.');
    if (key.length < 1 || key.length > 128) throw invalidParameter('Tag keys have 1 to 128 characters.');
    if (value.length > 256) throw invalidParameter('Tag values have up to 256 characters.');
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value)) {
      throw invalidParameter('Tag contains invalid characters.');
    }
  }
}

/** The schema calls them strings; the service knows only these. */
function checkValues(input: Input): void {
  const expect = (what: string, value: string | undefined, known: object): void => {
    if (value !== undefined && !Object.values(known).includes(value)) {
      throw clientError(`Invalid value '${value}' for ${what}.`);
    }
  };
  expect('networkMode', input.networkMode, ecs.NetworkMode);
  expect('pidMode', input.pidMode, ecs.PidMode);
  expect('ipcMode', input.ipcMode, ecs.IpcMode);
  for (const need of input.requiresCompatibilities ?? []) {
    expect('requiresCompatibilities', need, ecs.Compatibility);
  }
  expect('cpuArchitecture', input.runtimePlatform?.cpuArchitecture, ecs.CPUArchitecture);
  expect('operatingSystemFamily', input.runtimePlatform?.operatingSystemFamily, ecs.OSFamily);
  for (const container of containersOf(input)) {
    expect('logDriver', container.logConfiguration?.logDriver, ecs.LogDriver);
    expect('versionConsistency', container.versionConsistency, ecs.VersionConsistency);
    expect(
      'firelensConfiguration.type',
      container.firelensConfiguration?.type,
      ecs.FirelensConfigurationType,
    );
    for (const { protocol, appProtocol } of container.portMappings ?? []) {
      expect('protocol', protocol, ecs.TransportProtocol);
      expect('appProtocol', appProtocol, ecs.ApplicationProtocol);
    }
    for (const { condition } of container.dependsOn ?? [])
      expect('condition', condition, ecs.ContainerCondition);
    for (const { name } of container.ulimits ?? []) expect('ulimit', name, ecs.UlimitName);
    for (const { type } of container.resourceRequirements ?? []) expect('type', type, ecs.ResourceType);
    for (const { type } of container.environmentFiles ?? []) expect('type', type, ecs.EnvironmentFileType);
  }
  for (const { efsVolumeConfiguration: efs } of input.volumes ?? []) {
    expect('transitEncryption', efs?.transitEncryption, ecs.EFSTransitEncryption);
    expect('iam', efs?.authorizationConfig?.iam, ecs.EFSAuthorizationConfigIAM);
  }
}

function checkContainers(input: Input): void {
  const containers = containersOf(input);
  if (containers.length === 0) throw clientError('Container list cannot be empty.');
  if (containers.length > 10) throw clientError('Too many containers.');
  const names = new Set<string>();
  for (const { name, image, ulimits, restartPolicy } of containers) {
    if (!name) throw clientError('Container.name should not be null or empty.');
    if (!NAME.test(name)) throw clientError('Container.name contains invalid characters.');
    if (!image) throw clientError('Container.image should not be null or empty.');
    if (!/^[\w./:@+-]+$/.test(image)) throw clientError('Container.image contains invalid characters.');
    if (names.has(name)) throw clientError(`Container.name contains duplicate values: ${name}.`);
    names.add(name);
    for (const { softLimit = 0, hardLimit = 0 } of ulimits ?? []) {
      if (hardLimit >= 0 && (softLimit < 0 || softLimit > hardLimit)) {
        throw clientError(`Invalid ulimit for container '${name}': the soft limit is above the hard limit.`);
      }
    }
    const period = restartPolicy?.restartAttemptPeriod ?? 300;
    if (period < 60 || period > 1800 || (restartPolicy?.ignoredExitCodes?.length ?? 0) > 50) {
      throw clientError(`Invalid restartPolicy for container '${name}'.`);
    }
  }
  if (containers.every((container) => container.essential === false)) {
    throw clientError('Invalid setting. At least one container must be marked essential.');
  }
}

function checkSizes(input: Input): void {
  for (const key of ['cpu', 'memory'] as const) {
    const value = input[key];
    if (value !== undefined && !/^\d+(\.\d+)?$/.test(units(value))) {
      throw clientError(`Invalid '${key}' setting for task.`);
    }
  }
  const task = { cpu: Number(units(input.cpu ?? '0')), memory: Number(units(input.memory ?? '0')) };
  const sum = { cpu: 0, memoryReservation: 0 };
  for (const { name, cpu = 0, memory = 0, memoryReservation = 0 } of containersOf(input)) {
    if (!input.memory && !memory && !memoryReservation) {
      throw clientError(
        `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
      );
    }
    for (const [key, value] of Object.entries({ cpu, memory, memoryReservation })) {
      if (value < 0) throw clientError(`Invalid '${key}' setting for container '${name}'.`);
    }
    if (memory > 0 && memoryReservation > memory) {
      throw clientError(
        `Invalid setting for container '${name}'. 'memory' must be greater than 'memoryReservation'.`,
      );
    }
    if (task.memory > 0 && memory > task.memory) {
      throw clientError(`The 'memory' setting for container '${name}' is greater than for the task.`);
    }
    sum.cpu += cpu;
    sum.memoryReservation += memoryReservation;
  }
  if (task.cpu > 0 && sum.cpu > task.cpu) throw clientError(sumTooHigh('cpu', 'cpu'));
  if (task.memory > 0 && sum.memoryReservation > task.memory) {
    throw clientError(sumTooHigh('memoryReservation', 'memory'));
  }
}

const sumTooHigh = (what: string, of: string): string =>
  `The sum of all container '${what}' values cannot be greater than the value of the task '${of}'.`;

function checkVolumes(input: Input): void {
  const volumes = input.volumes ?? [];
  const names = volumes.map(({ name }) => name);
  if (new Set(names).size < names.length) throw clientError('Volume names must be unique.');
  if (volumes.filter(({ configuredAtLaunch }) => configuredAtLaunch).length > 1) {
    throw clientError('Only one volume can be configured at launch.');
  }
  for (const volume of volumes) checkVolume(volume);
  const containers = containersOf(input).map(({ name }) => name);
  for (const { name, mountPoints = [], volumesFrom = [] } of containersOf(input)) {
    for (const { sourceVolume } of mountPoints) {
      if (!names.includes(sourceVolume)) throw clientError(`Unknown volume '${sourceVolume ?? 'null'}'.`);
    }
    const paths = mountPoints.map(({ containerPath }) => containerPath);
    if (new Set(paths).size < paths.length) {
      throw clientError(`Duplicate mount points in container '${name}'.`);
    }
    for (const { sourceContainer } of volumesFrom) {
      if (sourceContainer === name || !containers.includes(sourceContainer)) {
        throw clientError(`Unknown container '${sourceContainer ?? 'null'}' in volumesFrom.`);
      }
    }
  }
  const size = input.ephemeralStorage?.sizeInGiB ?? 21;
  if (size < 21 || size > 200) throw clientError('Ephemeral storage must be between 21 and 200 GiB.');
}

function checkVolume(volume: Volume): void {
  const { name, host, efsVolumeConfiguration: efs } = volume;
  if (!NAME.test(name ?? '')) throw clientError('Volume name contains invalid characters.');
  if (host?.sourcePath === '') throw clientError('host.sourcePath should not be blank.');
  const kinds = [
    host?.sourcePath,
    volume.dockerVolumeConfiguration,
    efs,
    volume.s3filesVolumeConfiguration,
    volume.fsxWindowsFileServerVolumeConfiguration,
    volume.configuredAtLaunch || undefined,
  ].filter((kind) => kind !== undefined);
  if (kinds.length > 1) throw clientError(`Volume '${name}' has more than one configuration.`);
  const { accessPointId, iam } = efs?.authorizationConfig ?? {};
  if ((accessPointId || iam === 'ENABLED') && efs?.transitEncryption !== 'ENABLED') {
    throw clientError(`EFS volume '${name}': transit encryption must be enabled.`);
  }
  if (accessPointId && (efs?.rootDirectory ?? '/') !== '/') {
    throw clientError(`EFS volume '${name}': rootDirectory must be omitted or '/' with an access point.`);
  }
}

function checkNetwork(input: Input): void {
  const mode = input.networkMode ?? 'bridge';
  const host = new Set<string>();
  for (const { name, portMappings = [], ...container } of containersOf(input)) {
    const unsupported = (field: string) =>
      clientError(`${field} is not supported on container when networkMode=${mode}.`);
    if (mode === 'none' && portMappings.length > 0) {
      throw clientError('Port mappings are not supported when networkMode=none.');
    }
    if (mode === 'awsvpc' && container.hostname) throw unsupported('hostname');
    if (mode === 'awsvpc' && container.extraHosts?.length) throw unsupported('extraHosts');
    if (mode !== 'bridge' && container.links?.length) throw unsupported('links');
    for (const { containerPort, hostPort = 0, containerPortRange: range, protocol = 'tcp' } of portMappings) {
      if (
        range === undefined &&
        (containerPort === undefined || containerPort < 1 || containerPort > 65_535)
      ) {
        throw clientError(`Invalid 'containerPort' setting for container '${name}'.`);
      }
      if (hostPort < 0 || hostPort > 65_535) {
        throw clientError(`Invalid 'hostPort' setting for container '${name}'.`);
      }
      if (range !== undefined) {
        const [first = 0, last = 0] = range.split('-').map(Number);
        const fits = /^\d+-\d+$/.test(range) && first >= 1 && first < last && last <= 65_535;
        if (!fits || containerPort !== undefined || hostPort !== 0 || mode === 'host') {
          throw clientError(`Invalid 'containerPortRange' setting for container '${name}'.`);
        }
      }
      if ((mode === 'awsvpc' || mode === 'host') && hostPort !== 0 && hostPort !== containerPort) {
        throw clientError(
          `When networkMode=${mode}, the host ports and container ports in port mappings must match.`,
        );
      }
      if (hostPort === 0) continue;
      if (host.has(`${protocol} ${hostPort}`)) {
        throw clientError(
          `${protocol.toUpperCase()} host port '${hostPort}' is mapped multiple times in task.`,
        );
      }
      host.add(`${protocol} ${hostPort}`);
    }
    if (portMappings.filter(({ containerPortRange }) => containerPortRange).length > 100) {
      throw clientError(`Too many port ranges in container '${name}'.`);
    }
  }
  const proxy = input.proxyConfiguration;
  if (proxy && !containersOf(input).some(({ name }) => name === proxy.containerName)) {
    throw clientError(`Unknown container '${proxy.containerName}' in proxyConfiguration.`);
  }
}

function checkDependencies(input: Input): void {
  const containers = new Map(containersOf(input).map((container) => [container.name, container]));
  const dependsOn = (container: ContainerDefinition | undefined) =>
    (container?.dependsOn ?? []).map(({ containerName }) => containerName);
  const links = (container: ContainerDefinition | undefined) =>
    (container?.links ?? []).map((link) => link.split(':')[0]);
  for (const container of containers.values()) {
    for (const other of [...dependsOn(container), ...links(container)]) {
      if (!containers.has(other)) throw clientError(`Unknown container '${other}'.`);
    }
    for (const { containerName, condition } of container.dependsOn ?? []) {
      const ends = condition === 'SUCCESS' || condition === 'COMPLETE';
      if (ends && containers.get(containerName)?.essential !== false) {
        throw clientError(
          'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container',
        );
      }
    }
  }
  const circular = (next: typeof dependsOn): boolean => {
    const clear = new Set<string | undefined>();
    const leadsBack = (name: string | undefined, way: readonly (string | undefined)[]): boolean => {
      if (way.includes(name)) return true;
      if (clear.has(name)) return false;
      const found = next(containers.get(name)).some((other) => leadsBack(other, [...way, name]));
      clear.add(name);
      return found;
    };
    return [...containers.keys()].some((name) => leadsBack(name, []));
  };
  if (circular(dependsOn)) throw clientError('Container dependencies should not have a cycle');
  if (circular(links)) throw clientError('Container links should not have a cycle');
}

function checkVariables(container: ContainerDefinition, input: Input): void {
  const { environment = [], secrets = [], environmentFiles = [], logConfiguration } = container;
  const names = new Set<string>();
  for (const { name } of environment) {
    if (!name?.trim()) throw clientError('Environment variable name cannot be null or blank.');
    names.add(name);
  }
  const options = logConfiguration?.secretOptions ?? [];
  if (secrets.length + options.length > 0 && !input.executionRoleArn) {
    throw clientError(
      "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    );
  }
  for (const { name } of secrets) {
    if (name === undefined || names.has(name)) {
      throw clientError(
        `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${name}'.`,
      );
    }
    names.add(name);
  }
  for (const { name, valueFrom = '' } of [...secrets, ...options]) {
    const secret = /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:\s]+(:[^:]*){0,3}$/;
    const parameter = /^arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter\/\S+$/;
    const plain = /^[\w.\-/,]{1,2048}$/;
    if (![secret, parameter, plain].some((form) => form.test(valueFrom))) {
      throw clientError(
        `The Systems Manager parameter name specified for secret ${name} is invalid. The parameter name can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-/,`,
      );
    }
  }
  if (environmentFiles.length > 10) throw clientError('Too many environment files.');
  for (const { value = '' } of environmentFiles) {
    if (!/^arn:[a-z-]+:s3:::[^/]+\/.*\.env$/.test(value)) {
      throw clientError('Environment file must be the ARN of an object in S3 that ends in .env.');
    }
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
function checkHealth({ name, healthCheck: check }: ContainerDefinition): void {
  if (!check) return;
  const within = (value: number | undefined, from: number, to: number) =>
    value === undefined || (value >= from && value <= to);
  const fits =
    (check.command?.length ?? 0) > 0 &&
    within(check.interval, 5, 300) &&
    within(check.timeout, 2, 120) &&
    within(check.retries, 1, 10) &&
    within(check.startPeriod, 0, 300);
  if (!fits) throw clientError(`Invalid healthCheck for container '${name}'.`);
}

function checkLogging(container: ContainerDefinition, input: Input): void {
  const { logDriver, options = {} } = container.logConfiguration ?? {};
  if (logDriver === 'awslogs') {
    const fargate = input.requiresCompatibilities?.includes('FARGATE');
    const needed = ['awslogs-group', 'awslogs-region', ...(fargate ? ['awslogs-stream-prefix'] : [])];
    const missing = needed.filter((option) => !options[option]);
    if (missing.length > 0) throw clientError(`Log driver awslogs requires options: ${missing.join(', ')}.`);
    if ('awslogs-stream' in options) {
      throw clientError('Log driver awslogs disallows options: awslogs-stream');
    }
  }
  if (logDriver !== 'awsfirelens') return;
  if (!containersOf(input).some((other) => other.firelensConfiguration)) {
    throw clientError('The log driver awsfirelens requires a container with a FireLens configuration.');
  }
}

/** @throws AwsError when Fargate has no tasks of that size */
export function checkFargateSize(cpu: string, memory: string): void {
  if (FARGATE_MEMORY[units(cpu)]?.includes(Number(units(memory)))) return;
  throw clientError(
    `No Fargate configuration exists for given values: ${units(cpu)} CPU, ${units(memory)} memory. See the Amazon ECS documentation for the valid values.`,
  );
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html */
function checkFargate(input: Input): void {
  if (input.networkMode !== 'awsvpc') throw clientError('Fargate only supports network mode ‘awsvpc’.');
  if (input.cpu === undefined) throw clientError("Fargate requires that 'cpu' be defined at the task level.");
  if (input.memory === undefined) {
    throw clientError("Fargate requires that 'memory' be defined at the task level.");
  }
  checkFargateSize(input.cpu, input.memory);
  const unsupported = (field: string) =>
    clientError(`Fargate compatible task definitions do not support ${field}`);
  if (input.placementConstraints?.length) throw unsupported('placementConstraints');
  if (input.ipcMode) throw unsupported('ipcMode');
  if (input.pidMode === 'host') throw unsupported('pidMode host');
  for (const { host, dockerVolumeConfiguration } of input.volumes ?? []) {
    if (host?.sourcePath) throw unsupported('sourcePath');
    if (dockerVolumeConfiguration) throw unsupported('dockerVolumeConfiguration');
  }
  for (const container of containersOf(input)) {
    for (const field of FARGATE_REFUSES) {
      const value = container[field];
      if (value === true || (Array.isArray(value) && value.length > 0)) throw unsupported(field);
    }
    const { capabilities, devices, tmpfs, ...linux } = container.linuxParameters ?? {};
    if (devices?.length) throw unsupported('devices');
    if (tmpfs?.length) throw unsupported('tmpfs');
    for (const field of ['maxSwap', 'sharedMemorySize', 'swappiness'] as const) {
      if (linux[field] !== undefined) throw unsupported(field);
    }
    if (capabilities?.add?.some((capability) => capability !== 'SYS_PTRACE')) {
      throw unsupported('capabilities other than SYS_PTRACE');
    }
    if (container.resourceRequirements?.some(({ type }) => type === 'GPU')) throw unsupported('GPU');
    const driver = container.logConfiguration?.logDriver ?? 'awslogs';
    if (!['awslogs', 'splunk', 'awsfirelens'].includes(driver)) throw unsupported(`log driver ${driver}`);
    for (const seconds of [container.startTimeout ?? 2, container.stopTimeout ?? 2]) {
      if (seconds < 2 || seconds > 120) throw clientError('Timeouts must be between 2 and 120 seconds.');
    }
    const needsRole = (what: string) =>
      clientError(`Fargate requires task definition to have execution role ARN to support ${what}.`);
    if (input.executionRoleArn) continue;
    if (container.logConfiguration?.logDriver === 'awslogs') throw needsRole('log driver awslogs');
    if (/^\d{12}\.dkr[.-]ecr[.-]/.test(container.image ?? '')) throw needsRole('ECR images');
  }
}

const FARGATE_REFUSES = [
  'disableNetworking',
  'dnsSearchDomains',
  'dnsServers',
  'dockerSecurityOptions',
  'extraHosts',
  'links',
  'privileged',
] as const;
