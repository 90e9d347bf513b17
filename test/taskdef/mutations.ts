import type { Json, TaskDefinition } from '../../src/taskdef/definition.ts';

const LOGS = {
  logDriver: 'awslogs',
  options: { 'awslogs-group': '/ecs/web', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'web' },
};

/** Two containers on Fargate with most of what can go wrong. */
const FARGATE: TaskDefinition = {
  family: 'web',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '512',
  memory: '1024',
  executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
  taskRoleArn: 'arn:aws:iam::123456789012:role/web',
  ephemeralStorage: { sizeInGiB: 30 },
  volumes: [
    { name: 'data', host: {} },
    {
      name: 'files',
      efsVolumeConfiguration: {
        fileSystemId: 'fs-12345678',
        transitEncryption: 'ENABLED',
        authorizationConfig: { accessPointId: 'fsap-0123456789abcdef0' },
      },
    },
  ],
  tags: [
    { key: 'team', value: 'shop' },
    { key: 'stage', value: 'prod' },
  ],
  containerDefinitions: [
    {
      name: 'app',
      image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0',
      cpu: 256,
      memory: 512,
      memoryReservation: 256,
      portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: 'tcp' }, { containerPort: 9090 }],
      environment: [{ name: 'PORT', value: '8080' }],
      secrets: [
        { name: 'TOKEN', valueFrom: 'arn:aws:ssm:eu-west-1:123456789012:parameter/token' },
        { name: 'KEY', valueFrom: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf' },
      ],
      healthCheck: { command: ['CMD-SHELL', 'true'], interval: 30, timeout: 5, retries: 3, startPeriod: 0 },
      mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }],
      logConfiguration: LOGS,
    },
    {
      name: 'init',
      image: 'busybox:1.37.0',
      essential: false,
      volumesFrom: [{ sourceContainer: 'app' }],
      dependsOn: [{ containerName: 'app', condition: 'START' }],
    },
  ],
};

/** Two containers on EC2. */
const EC2: TaskDefinition = {
  family: 'classic',
  networkMode: 'bridge',
  requiresCompatibilities: ['EC2'],
  containerDefinitions: [
    {
      name: 'nginx',
      image: 'nginx:1.27.3',
      memory: 128,
      links: ['app'],
      portMappings: [{ containerPort: 80, hostPort: 80 }],
      ulimits: [{ name: 'nofile', softLimit: 1024, hardLimit: 4096 }],
    },
    { name: 'app', image: 'app:1.0.0', memory: 128, portMappings: [{ containerPort: 80, hostPort: 0 }] },
  ],
};

/** One fault put into a definition that has none. */
export interface Mutation {
  readonly fault: string;
  readonly definition: TaskDefinition;
}

/** `path` is as in `containerDefinitions.0.image`; without a value it is taken out. */
type Change = readonly [path: string, value?: Json];

function mutate(base: TaskDefinition, fault: string, ...changes: readonly Change[]): Mutation {
  let definition: Json = base;
  for (const [path, value] of changes) definition = put(definition, path.split('.'), value);
  return { fault, definition: definition as TaskDefinition };
}

function put(
  target: Json | undefined,
  [key = '', ...rest]: readonly string[],
  value: Json | undefined,
): Json {
  if (Array.isArray(target)) {
    const at = Number(key);
    const item = rest.length > 0 ? put(target[at], rest, value) : (value ?? null);
    return target.length > at ? target.with(at, item) : [...target, item];
  }
  const { [key]: old, ...others } = (target ?? {}) as Readonly<Record<string, Json>>;
  const item = rest.length > 0 ? put(old, rest, value) : value;
  return item === undefined ? others : { ...(target as object), [key]: item };
}

const APP = 'containerDefinitions.0';
const INIT = 'containerDefinitions.1';
const fargate = (fault: string, ...changes: readonly Change[]) => mutate(FARGATE, fault, ...changes);
const ec2 = (fault: string, ...changes: readonly Change[]) => mutate(EC2, fault, ...changes);

export const BASES: readonly TaskDefinition[] = [FARGATE, EC2];

/** Faults that both RegisterTaskDefinition and `validate` find. */
export const MUTATIONS: readonly Mutation[] = [
  fargate('a family with a blank', ['family', 'my web']),
  fargate('no containers', ['containerDefinitions', []]),
  fargate('eleven containers', [
    'containerDefinitions',
    Array.from({ length: 11 }, (_, index) => ({ name: `c${index}`, image: 'app:1.0.0' })),
  ]),
  fargate('a container without a name', [`${APP}.name`], [`${INIT}.dependsOn`], [`${INIT}.volumesFrom`]),
  fargate('a container name with a dot', [`${INIT}.name`, 'in.it']),
  fargate(
    'two containers of one name',
    [`${INIT}.name`, 'app'],
    [`${INIT}.dependsOn`],
    [`${INIT}.volumesFrom`],
  ),
  fargate('a container without an image', [`${APP}.image`]),
  fargate('an image with a blank', [`${APP}.image`, 'web :1']),
  fargate('an image that is a placeholder', [`${APP}.image`, '<IMAGE1_NAME>']),
  fargate('no essential container', [`${APP}.essential`, false]),
  fargate('a number as a text', [`${APP}.cpu`, '256']),
  fargate('a boolean as a text', [`${INIT}.essential`, 'no']),
  fargate('a list as a text', [`${APP}.command`, 'npm start']),
  fargate('variables as a mapping', [`${APP}.environment`, { PORT: '8080' }]),
  fargate('a health check without a command', [`${APP}.healthCheck.command`]),
  fargate('a dependency without a condition', [`${INIT}.dependsOn.0.condition`]),
  fargate('a protocol that does not exist', [`${APP}.portMappings.0.protocol`, 'TCP']),
  fargate('a network mode that does not exist', ['networkMode', 'vpc']),
  fargate('a compatibility that does not exist', ['requiresCompatibilities.1', 'FARGATE_SPOT']),
  fargate('a condition that does not exist', [`${INIT}.dependsOn.0.condition`, 'STARTED']),
  fargate('a log driver that does not exist', [`${APP}.logConfiguration.logDriver`, 'cloudwatch']),
  fargate('an architecture that does not exist', ['runtimePlatform', { cpuArchitecture: 'AMD64' }]),
  ec2('a ulimit that does not exist', ['containerDefinitions.0.ulimits.0.name', 'files']),

  fargate('a network mode that Fargate does not have', ['networkMode', 'host']),
  fargate('no network mode on Fargate', ['networkMode']),
  fargate('no cpu on Fargate', ['cpu']),
  fargate('no memory on Fargate', ['memory']),
  fargate('memory that does not go with the cpu', ['memory', '8192']),
  fargate('memory between the steps', ['cpu', '8 vCPU'], ['memory', '18 GB']),
  fargate('cpu that Fargate does not have', ['cpu', '300']),
  fargate('cpu that is no number', ['cpu', 'half']),
  fargate('memory of an unknown unit', ['memory', '1024 MB']),
  fargate('more memory for a container than for the task', [`${APP}.memory`, 2048]),
  fargate('more reserved memory than the task has', [`${INIT}.memoryReservation`, 1000]),
  fargate('more reserved cpu than the task has', [`${INIT}.cpu`, 300]),
  fargate('a reservation above the limit', [`${APP}.memoryReservation`, 600]),
  ec2('neither memory nor a reservation', ['containerDefinitions.1.memory']),
  fargate('negative cpu', [`${APP}.cpu`, -1]),
  fargate('too little storage', ['ephemeralStorage.sizeInGiB', 20]),
  fargate('too much storage', ['ephemeralStorage.sizeInGiB', 201]),
  ec2('storage of the task on EC2', ['ephemeralStorage', { sizeInGiB: 30 }]),
  fargate('a privileged container on Fargate', [`${APP}.privileged`, true]),
  fargate('links on Fargate', [`${APP}.links`, ['init']]),
  fargate('DNS servers on Fargate', [`${APP}.dnsServers`, ['10.0.0.2']]),
  fargate('security options on Fargate', [`${APP}.dockerSecurityOptions`, ['no-new-privileges']]),
  fargate('devices on Fargate', [`${APP}.linuxParameters`, { devices: [{ hostPath: '/dev/fuse' }] }]),
  fargate('tmpfs on Fargate', [`${APP}.linuxParameters`, { tmpfs: [{ containerPath: '/t', size: 1 }] }]),
  fargate('shared memory on Fargate', [`${APP}.linuxParameters`, { sharedMemorySize: 64 }]),
  fargate('a capability on Fargate', [`${APP}.linuxParameters`, { capabilities: { add: ['NET_ADMIN'] } }]),
  fargate('a GPU on Fargate', [`${APP}.resourceRequirements`, [{ type: 'GPU', value: '1' }]]),
  fargate('placement constraints on Fargate', [
    'placementConstraints',
    [{ type: 'memberOf', expression: 'attribute:a == b' }],
  ]),
  fargate('the processes of the host on Fargate', ['pidMode', 'host']),
  fargate('an IPC mode on Fargate', ['ipcMode', 'task']),
  fargate('a path of the host on Fargate', ['volumes.0.host', { sourcePath: '/var/log' }]),
  fargate('a Docker volume on Fargate', [
    'volumes.0',
    { name: 'data', dockerVolumeConfiguration: { scope: 'task' } },
  ]),
  fargate('a log driver that Fargate does not have', [`${APP}.logConfiguration`, { logDriver: 'json-file' }]),
  fargate('a long stop on Fargate', [`${APP}.stopTimeout`, 121]),
  fargate(
    'logs in CloudWatch without a role',
    ['executionRoleArn'],
    [`${APP}.secrets`],
    [`${APP}.image`, 'app:1.0.0'],
  ),
  fargate(
    'an image in ECR without a role',
    ['executionRoleArn'],
    [`${APP}.secrets`],
    [`${APP}.logConfiguration`],
  ),
  fargate(
    'secrets without a role',
    ['executionRoleArn'],
    [`${APP}.logConfiguration`],
    [`${APP}.image`, 'app:1.0.0'],
  ),
  fargate('a role of no account', ['taskRoleArn', 'arn:aws:iam::***:role/web']),

  fargate('no log group', [`${APP}.logConfiguration.options.awslogs-group`]),
  fargate('no log stream prefix on Fargate', [`${APP}.logConfiguration.options.awslogs-stream-prefix`]),
  fargate('a log stream', [`${APP}.logConfiguration.options.awslogs-stream`, 'web']),
  fargate('a log router that is not there', [`${APP}.logConfiguration`, { logDriver: 'awsfirelens' }]),

  fargate('a variable without a name', [`${APP}.environment.1`, { name: '', value: 'x' }]),
  fargate('a secret that is a variable too', [`${APP}.environment.1`, { name: 'TOKEN', value: 'x' }]),
  fargate('a secret that stands twice', [`${APP}.secrets.2`, { name: 'TOKEN', valueFrom: 'other' }]),
  fargate('a reference that is the secret', [`${APP}.secrets.0.valueFrom`, 'hunter2!=']),
  fargate('a reference with an account that was masked', [
    `${APP}.secrets.0.valueFrom`,
    'arn:aws:ssm:eu-west-1:***:parameter/token',
  ]),
  fargate('a reference into another service', [`${APP}.secrets.0.valueFrom`, 'arn:aws:s3:::bucket/key']),
  fargate('an ARN that is no parameter', [
    `${APP}.secrets.0.valueFrom`,
    'arn:aws:ssm:eu-west-1:123456789012:token',
  ]),
  fargate('a file of variables that is not in S3', [
    `${APP}.environmentFiles`,
    [{ type: 's3', value: 's3://bucket/app.env' }],
  ]),
  fargate('a file of variables with another ending', [
    `${APP}.environmentFiles`,
    [{ type: 's3', value: 'arn:aws:s3:::bucket/app.txt' }],
  ]),

  fargate('a health check too often', [`${APP}.healthCheck.interval`, 4]),
  fargate('a health check that takes too long', [`${APP}.healthCheck.timeout`, 121]),
  fargate('a health check without a try', [`${APP}.healthCheck.retries`, 0]),
  fargate('a health check that starts too late', [`${APP}.healthCheck.startPeriod`, 301]),
  fargate('a health check of nothing', [`${APP}.healthCheck.command`, []]),
  fargate('a restart too soon', [`${APP}.restartPolicy`, { enabled: true, restartAttemptPeriod: 30 }]),
  fargate('a dependency on nobody', [`${INIT}.dependsOn.0.containerName`, 'apps']),
  fargate('a dependency on itself', [`${INIT}.dependsOn.0.containerName`, 'init']),
  fargate('dependencies in a circle', [`${APP}.dependsOn`, [{ containerName: 'init', condition: 'START' }]]),
  fargate('the end of an essential container', [`${INIT}.dependsOn.0.condition`, 'SUCCESS']),
  ec2('a soft limit above the hard one', ['containerDefinitions.0.ulimits.0.softLimit', 5000]),

  fargate('a host port of its own with awsvpc', [`${APP}.portMappings.0.hostPort`, 80]),
  fargate('a port mapped twice', [`${INIT}.portMappings`, [{ containerPort: 8080, hostPort: 8080 }]]),
  fargate('a mapping without a port', [`${APP}.portMappings.0`, { protocol: 'tcp' }]),
  fargate('a port that does not exist', [`${APP}.portMappings.0`, { containerPort: 70_000 }]),
  fargate('a range that goes down', [`${APP}.portMappings.0`, { containerPortRange: '90-80' }]),
  fargate('a range and a port', [
    `${APP}.portMappings.0`,
    { containerPort: 80, containerPortRange: '80-90' },
  ]),
  fargate('a host name with awsvpc', [`${APP}.hostname`, 'web']),
  ec2('ports without a network', ['networkMode', 'none'], ['containerDefinitions.0.links']),
  ec2('a link to nobody', ['containerDefinitions.0.links', ['apps:app']]),
  ec2('links in a circle', ['containerDefinitions.1.links', ['nginx']]),
  ec2('one port of the host for two', ['containerDefinitions.1.portMappings.0.hostPort', 80]),
  ec2(
    'another port of the host with its network',
    ['networkMode', 'host'],
    ['containerDefinitions.0.links'],
    ['containerDefinitions.0.portMappings.0.hostPort', 8080],
  ),
  fargate('a proxy that is not there', ['proxyConfiguration', { containerName: 'envoy', type: 'APPMESH' }]),

  fargate('a volume that is not there', [`${APP}.mountPoints.0.sourceVolume`, 'dada']),
  fargate('a mount of nothing', [`${APP}.mountPoints.0.sourceVolume`]),
  fargate('two volumes of one name', ['volumes.1.name', 'data']),
  fargate('two volumes at one path', [
    `${APP}.mountPoints.1`,
    { sourceVolume: 'files', containerPath: '/data' },
  ]),
  fargate('a volume of two kinds', ['volumes.1.configuredAtLaunch', true]),
  fargate('volumes of nobody', [`${INIT}.volumesFrom.0.sourceContainer`, 'apps']),
  fargate('an access point without encryption', ['volumes.1.efsVolumeConfiguration.transitEncryption']),
  fargate('an access point with a root', ['volumes.1.efsVolumeConfiguration.rootDirectory', '/data']),

  fargate('a tag that stands twice', ['tags.1.key', 'team']),
  fargate('a tag with a long key', ['tags.0.key', 'k'.repeat(129)]),
  fargate('a tag with a long value', ['tags.0.value', 'v'.repeat(257)]),
  fargate('a tag with a wrong character', ['tags.0.value', 'shop; prod']),
  fargate('a tag that only AWS may set', ['tags.0.key', 'AWS:team']),
  fargate('51 tags', ['tags', Array.from({ length: 51 }, (_, index) => ({ key: `k${index}`, value: '' }))]),
  fargate('more than 64 KiB', [`${APP}.environment.0.value`, 'x'.repeat(66_000)]),
];

/** What only `validate` finds, and why AWS (and so the simulator) takes it. */
export const ONLY_VALIDATE: readonly (Mutation & { readonly why: string })[] = [
  {
    ...fargate('a misspelt field', [`${APP}.enviroment`, []]),
    why: 'AWS passes over fields that it does not know, and its SDK does not even send them',
  },
  {
    ...fargate(
      'a field of the task in a container',
      ['networkMode', 'awsvpc'],
      ['taskRoleArn'],
      [`${APP}.taskRoleArn`, 'web'],
    ),
    why: 'AWS passes over fields that it does not know',
  },
  {
    ...fargate(
      'a wait for health without a check',
      [`${APP}.healthCheck`],
      [`${INIT}.dependsOn.0.condition`, 'HEALTHY'],
    ),
    why: 'AWS confirms it only when a task starts',
  },
  {
    ...fargate('a key of a secret without all colons', [
      `${APP}.secrets.1.valueFrom`,
      'arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf:password',
    ]),
    why: 'AWS reads the reference only when a task starts, which then ends with "unexpected ARN format"',
  },
  {
    ...fargate('a digest that is none', [`${APP}.image`, 'app@sha256:abc']),
    why: 'AWS does not look into the name of an image',
  },
  {
    ...fargate('half a CPU unit', [`${APP}.cpu`, 0.5]),
    why: 'it is not known whether AWS refuses or rounds it; either is not what was meant',
  },
];
