import { isList, isObject, type Json, type JsonObject } from './definition.ts';

/**
 * A task definition as AWS would answer it: defaults filled in, sets in order. What is empty still has to be dropped.
 * Defaults: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html and the pages that
 * it links to.
 *
 * @param definition with its keys in order, at any depth: sets are put in order by the text of their items
 */
export function normalized(definition: JsonObject): JsonObject {
  const compatibilities = list(definition['requiresCompatibilities']);
  const windows = text(field(definition['runtimePlatform'], 'operatingSystemFamily')).startsWith('WINDOWS');
  const networkMode = text(definition['networkMode']) || (windows ? '' : 'bridge');
  const fargate = compatibilities.includes('FARGATE');
  return {
    ...definition,
    networkMode,
    cpu: units(definition['cpu'], 'vCPU'),
    memory: units(definition['memory'], 'GB'),
    requiresCompatibilities: sorted(compatibilities),
    runtimePlatform: fargate
      ? filled(definition['runtimePlatform'] ?? {}, {
          cpuArchitecture: 'X86_64',
          operatingSystemFamily: 'LINUX',
        })
      : (definition['runtimePlatform'] ?? null),
    enableFaultInjection: definition['enableFaultInjection'] ?? false,
    placementConstraints: sorted(definition['placementConstraints']),
    inferenceAccelerators: sorted(definition['inferenceAccelerators']),
    tags: sorted(definition['tags']),
    proxyConfiguration: changed(definition['proxyConfiguration'], (proxy) => ({
      type: 'APPMESH',
      ...proxy,
      properties: sorted(proxy['properties']),
    })),
    volumes: sorted(each(definition['volumes'], volume)),
    containerDefinitions: sorted(
      each(definition['containerDefinitions'], (item) => container(item, networkMode)),
    ),
  };
}

function container(given: JsonObject, networkMode: string): JsonObject {
  return {
    ...CONTAINER_DEFAULTS,
    ...given,
    ...Object.fromEntries(CONTAINER_SETS.map((key) => [key, sorted(given[key])])),
    portMappings: sorted(each(given['portMappings'], (port) => portMapping(port, networkMode))),
    mountPoints: sorted(each(given['mountPoints'], (point) => ({ readOnly: false, ...point }))),
    volumesFrom: sorted(each(given['volumesFrom'], (from) => ({ readOnly: false, ...from }))),
    healthCheck: filled(given['healthCheck'], { interval: 30, timeout: 5, retries: 3, startPeriod: 0 }),
    linuxParameters: changed({ initProcessEnabled: false, ...object(given['linuxParameters']) }, (linux) => ({
      ...linux,
      devices: sorted(
        each(linux['devices'], (device) => ({ ...device, permissions: sorted(device['permissions']) })),
      ),
      capabilities: changed(linux['capabilities'], ({ add, drop }) => ({
        add: sorted(add),
        drop: sorted(drop),
      })),
    })),
    logConfiguration: changed(given['logConfiguration'], (log) => ({
      ...log,
      secretOptions: sorted(log['secretOptions']),
    })),
    restartPolicy: changed(given['restartPolicy'], (policy) => ({
      restartAttemptPeriod: 300,
      ...policy,
      ignoredExitCodes: sorted(policy['ignoredExitCodes']),
    })),
  };
}

const CONTAINER_DEFAULTS: JsonObject = {
  cpu: 0,
  disableNetworking: false,
  essential: true,
  interactive: false,
  privileged: false,
  pseudoTerminal: false,
  readonlyRootFilesystem: false,
  versionConsistency: 'enabled',
};

/** Lists of a container whose order means nothing; that of `command`, `environmentFiles` or `dnsServers` does. */
const CONTAINER_SETS = [
  'dependsOn',
  'dockerSecurityOptions',
  'environment',
  'links',
  'resourceRequirements',
  'secrets',
  'systemControls',
  'ulimits',
] as const;

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html */
function portMapping(given: JsonObject, networkMode: string): JsonObject {
  const { hostPort, ...rest } = given;
  const own = networkMode === 'awsvpc' || networkMode === 'host';
  // Port 0 on a bridge means "any", which is what an absent port means too.
  const port = own ? hostPort || given['containerPort'] : hostPort || undefined;
  return { protocol: 'tcp', ...rest, ...(port !== undefined && { hostPort: port }) };
}

function volume(given: JsonObject): JsonObject {
  return {
    configuredAtLaunch: false,
    ...given,
    s3filesVolumeConfiguration: filled(given['s3filesVolumeConfiguration'], { rootDirectory: '/' }),
    efsVolumeConfiguration: changed(given['efsVolumeConfiguration'], (efs) => ({
      rootDirectory: '/',
      transitEncryption: 'DISABLED',
      ...efs,
      authorizationConfig: filled(efs['authorizationConfig'] ?? {}, { iam: 'DISABLED' }),
    })),
    dockerVolumeConfiguration: filled(given['dockerVolumeConfiguration'], {
      autoprovision: false,
      scope: 'task',
    }),
  };
}

/** ECS takes `1 vCPU` and `2 GB` for what it keeps as `1024` and `2048`. */
function units(value: Json | undefined, unit: string): Json {
  const written = String(value ?? '').trim();
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(\D*)$/.exec(written);
  if (!match || match[2]?.toLowerCase() !== unit.toLowerCase()) return written;
  return String(Math.round(Number(match[1]) * 1024));
}

const list = (value: Json | undefined): readonly Json[] => (isList(value) ? value : []);
const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const field = (value: Json | undefined, key: string): Json | undefined => object(value)[key];

function changed(value: Json | undefined, change: (object: JsonObject) => JsonObject): Json {
  return isObject(value) ? change(value) : (value ?? null);
}

const filled = (value: Json | undefined, defaults: JsonObject): Json =>
  changed(value, (given) => ({ ...defaults, ...given }));

const each = (value: Json | undefined, change: (item: JsonObject) => JsonObject): Json =>
  list(value).map((item) => changed(item, change));

/** The items in the order of their JSON: any order serves as long as it is always the same. */
function sorted(value: Json | undefined): readonly Json[] {
  return list(value)
    .map((item) => [JSON.stringify(item), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, item]) => item);
}
