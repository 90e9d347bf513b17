import { isList, isObject, type Json } from './definition.ts';

/**
 * What stands in a field that may be told to everyone who reads a log: nothing that people put passwords into. A field
 * that is not here may hold a secret, as those that AWS adds later do until somebody has looked.
 */
type Openness = true | { readonly [field: string]: Openness };

const CONTAINER: Openness = {
  name: true,
  image: true,
  cpu: true,
  memory: true,
  memoryReservation: true,
  credentialSpecs: true,
  dependsOn: true,
  disableNetworking: true,
  dnsSearchDomains: true,
  dnsServers: true,
  dockerSecurityOptions: true,
  environmentFiles: true,
  essential: true,
  extraHosts: true,
  firelensConfiguration: { type: true },
  healthCheck: { interval: true, timeout: true, retries: true, startPeriod: true },
  hostname: true,
  interactive: true,
  links: true,
  linuxParameters: true,
  logConfiguration: {
    logDriver: true,
    options: {
      'awslogs-create-group': true,
      'awslogs-datetime-format': true,
      'awslogs-group': true,
      'awslogs-multiline-pattern': true,
      'awslogs-region': true,
      'awslogs-stream-prefix': true,
      'max-buffer-size': true,
      mode: true,
    },
  },
  mountPoints: true,
  portMappings: true,
  privileged: true,
  pseudoTerminal: true,
  readonlyRootFilesystem: true,
  repositoryCredentials: true,
  resourceRequirements: true,
  restartPolicy: true,
  startTimeout: true,
  stopTimeout: true,
  systemControls: true,
  ulimits: true,
  user: true,
  versionConsistency: true,
  volumesFrom: true,
  workingDirectory: true,
};

const TASK: Openness = {
  containerDefinitions: { '*': CONTAINER },
  cpu: true,
  enableFaultInjection: true,
  ephemeralStorage: true,
  executionRoleArn: true,
  family: true,
  inferenceAccelerators: true,
  ipcMode: true,
  memory: true,
  networkMode: true,
  pidMode: true,
  placementConstraints: true,
  proxyConfiguration: true,
  requiresCompatibilities: true,
  runtimePlatform: true,
  tags: true,
  taskRoleArn: true,
  volumes: {
    '*': {
      configuredAtLaunch: true,
      dockerVolumeConfiguration: { autoprovision: true, driver: true, scope: true },
      efsVolumeConfiguration: true,
      fsxWindowsFileServerVolumeConfiguration: true,
      host: true,
      name: true,
      s3filesVolumeConfiguration: true,
    },
  },
};

const HIDDEN = '(not shown)';

const opennessOf = (path: readonly string[]): Openness | undefined =>
  path.reduce<Openness | undefined>((found, field) => within(found, field), TASK);

function within(openness: Openness | undefined, field: string): Openness | undefined {
  if (openness === undefined || openness === true) return openness;
  return Object.hasOwn(openness, field) ? openness[field] : openness['*'];
}

/** Whether all that stands at this path of a task definition may be a secret; items of lists count as fields. */
export const mayHoldSecrets = (path: readonly string[]): boolean => opennessOf(path) === undefined;

/** A value at this path, with a word in the place of everything in it that may be a secret. */
export function withoutSecrets(value: Json, path: readonly string[]): Json {
  return hidden(value, opennessOf(path));
}

function hidden(value: Json, openness: Openness | undefined): Json {
  if (openness === true) return value;
  if (openness === undefined) return HIDDEN;
  if (isList(value)) return value.map((item) => hidden(item, openness['*']));
  if (!isObject(value)) return HIDDEN;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, hidden(item ?? null, within(openness, key))]),
  );
}
