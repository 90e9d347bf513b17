import { isList, isObject, type Json } from './definition.ts';

/**
 * `true` is for what may be told to everyone who reads a log: nothing that people put passwords into. A field that is
 * not here may hold a secret, as those that AWS adds later do until somebody has looked. `never` is for references to
 * secrets, which are not told even where values are asked for.
 */
type Openness = true | 'never' | { readonly [field: string]: Openness };

const CONTAINER: Openness = {
  name: true,
  image: true,
  cpu: true,
  memory: true,
  memoryReservation: true,
  dependsOn: true,
  disableNetworking: true,
  dnsSearchDomains: true,
  dnsServers: true,
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
    secretOptions: 'never',
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
  repositoryCredentials: 'never',
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
  proxyConfiguration: { containerName: true, type: true },
  requiresCompatibilities: true,
  runtimePlatform: true,
  taskRoleArn: true,
  volumes: {
    '*': {
      configuredAtLaunch: true,
      dockerVolumeConfiguration: { autoprovision: true, driver: true, scope: true },
      efsVolumeConfiguration: true,
      fsxWindowsFileServerVolumeConfiguration: {
        authorizationConfig: { credentialsParameter: 'never', domain: true },
        fileSystemId: true,
        rootDirectory: true,
      },
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
  if (typeof openness !== 'object') return openness;
  return Object.hasOwn(openness, field) ? openness[field] : openness['*'];
}

/**
 * Whether nothing that stands at this path of a task definition may be told; items of lists count as fields.
 *
 * @param showValues only what is never told is hidden
 */
export function isHidden(path: readonly string[], showValues: boolean): boolean {
  const openness = opennessOf(path);
  return openness === 'never' || (openness === undefined && !showValues);
}

/** A value at this path, with a word in the place of everything in it that is hidden. */
export const withoutHidden = (value: Json, path: readonly string[], showValues: boolean): Json =>
  told(value, opennessOf(path), showValues);

function told(value: Json, openness: Openness | undefined, showValues: boolean): Json {
  if (openness === true) return value;
  if (openness === 'never') return HIDDEN;
  if (openness === undefined) return showValues ? value : HIDDEN;
  if (isList(value)) return value.map((item) => told(item, openness['*'], showValues));
  if (!isObject(value)) return showValues ? value : HIDDEN;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, told(item ?? null, within(openness, key), showValues)]),
  );
}
