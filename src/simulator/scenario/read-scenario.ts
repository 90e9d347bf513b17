import { readFileSync } from 'node:fs';
import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { parse, YAMLParseError } from 'yaml';
import { ConfigError, type Problem } from '../../errors.ts';
import type { ScenarioDistribution } from '../cloudfront/model.ts';
import type {
  ScenarioNetwork,
  ScenarioNetworkRule,
  ScenarioPlace,
  ScenarioSecurityGroup,
  ScenarioSubnet,
} from '../ec2/model.ts';
import {
  isDigest,
  isTagMap,
  type ScenarioFinding,
  type ScenarioRepositories,
  type ScenarioRepository,
} from '../ecr/model.ts';
import type { Program } from '../ecs/programs.ts';
import type {
  ScenarioCacheCluster,
  ScenarioCacheSnapshot,
  ScenarioCaches,
  ScenarioReplicationGroup,
  ScenarioServerlessCache,
} from '../elasticache/model.ts';
import type { ScenarioRole } from '../iam/model.ts';
import type {
  ScenarioDatabases,
  ScenarioDbCluster,
  ScenarioDbInstance,
  ScenarioDbSnapshot,
} from '../rds/model.ts';
import type { ScenarioBucket, ScenarioObject } from '../s3/model.ts';
import type { ScenarioSecret } from '../secrets-manager/model.ts';
import type { ScenarioQuota } from '../service-quotas/model.ts';
import type { ScenarioTopic } from '../sns/model.ts';
import type { ScenarioParameter, ScenarioParameters } from '../ssm/model.ts';
import type { Rate, TrafficSource } from '../traffic/source.ts';
import { behaviour } from './read-behaviour.ts';
import type {
  Scenario,
  ScenarioForward,
  ScenarioHealthCheck,
  ScenarioListener,
  ScenarioLoadBalancer,
  ScenarioMetric,
  ScenarioPastDeployment,
  ScenarioRule,
  ScenarioScalableTarget,
  ScenarioScheduledAction,
  ScenarioService,
  ScenarioTargetGroup,
  ScenarioTaskDefinition,
} from './scenario.ts';
import {
  duration,
  flag,
  list,
  moment,
  number,
  object,
  oneOf,
  optional,
  passedOn,
  type Reader,
  record,
  required,
  ShapeError,
  share,
  text,
  textOrNumber,
  timeOfDay,
  whole,
  withDefault,
  wrong,
} from './shape.ts';

const tags = optional(record(textOrNumber));

const place = optional(
  object<ScenarioPlace>({ subnets: optional(list(text)), securityGroups: optional(list(text)) }),
);

const forwardList = list(
  object<ScenarioForward>({ targetGroup: required(text), weight: withDefault(whole(0, 999), 1) }),
);

/** A target group's name, or a list of them with weights. */
const forward: Reader<readonly ScenarioForward[]> = (value, path) =>
  typeof value === 'string' ? [{ targetGroup: text(value, path), weight: 1 }] : forwardList(value, path);

const rule = object<ScenarioRule>({
  priority: required(whole(1, 50_000)),
  forward: required(forward),
  stickiness: optional(duration),
  path: optional(list(text)),
  host: optional(list(text)),
  header: optional(
    object<NonNullable<ScenarioRule['header']>>({ name: required(text), values: required(list(text)) }),
  ),
  tags,
});

const listener = object<ScenarioListener>({
  port: required(whole(1, 65_535)),
  protocol: optional(oneOf('HTTP', 'HTTPS')),
  forward: required(forward),
  stickiness: optional(duration),
  rules: optional(list(rule)),
});

const healthCheck = object<ScenarioHealthCheck>({
  path: optional(text),
  interval: optional(duration),
  timeout: optional(duration),
  healthyThreshold: optional(whole(2, 10)),
  unhealthyThreshold: optional(whole(2, 10)),
  codes: optional(textOrNumber),
});

const targetGroup = object<ScenarioTargetGroup>({
  name: required(text),
  port: optional(whole(1, 65_535)),
  healthCheck: optional(healthCheck),
  deregistrationDelay: optional(duration),
  attributes: optional(record(textOrNumber)),
  tags,
});

/** RegisterTaskDefinition checks the rest of it. */
const container: Reader<ContainerDefinition> = (value, path) => {
  const given = passedOn(value, path);
  return {
    ...given,
    name: text(given['name'], `${path}.name`),
    image: text(given['image'], `${path}.image`),
  };
};

const taskDefinition = object<ScenarioTaskDefinition>({
  family: required(text),
  cpu: optional(textOrNumber),
  memory: optional(textOrNumber),
  containers: required(list(container)),
  tags,
});

const pastDeployment = object<ScenarioPastDeployment>({
  taskDefinition: required(text),
  ago: required(duration),
  status: withDefault(oneOf('SUCCESSFUL', 'ROLLBACK_SUCCESSFUL', 'STOPPED'), 'SUCCESSFUL'),
});

const service = object<ScenarioService>({
  name: required(text),
  cluster: required(text),
  taskDefinition: required(text),
  desiredCount: required(whole(0)),
  targetGroups: optional(
    list(
      object<NonNullable<ScenarioService['targetGroups']>[number]>({
        name: required(text),
        container: required(text),
        port: required(whole(1, 65_535)),
      }),
    ),
  ),
  minimumHealthyPercent: optional(whole(0, 100)),
  maximumPercent: optional(whole(100, 200)),
  circuitBreaker: optional(object<{ rollback: boolean }>({ rollback: required(flag) })),
  network: place,
  gracePeriod: optional(duration),
  deployedAgo: optional(duration),
  history: optional(list(pastDeployment)),
  tags,
});

const scalableTarget = object<ScenarioScalableTarget>({
  service: required(text),
  min: required(whole(0)),
  max: required(whole(0)),
  cpu: optional(number(1, 100)),
  scaleOutCooldown: optional(duration),
  scaleInCooldown: optional(duration),
  schedule: optional(
    record(
      object<ScenarioScheduledAction>({
        schedule: required(text),
        timezone: optional(text),
        min: optional(whole(0)),
        max: optional(whole(0)),
      }),
    ),
  ),
});

/** The simulator's CloudWatch checks it as it checks a PutMetricAlarm. */
const alarm: Reader<PutMetricAlarmInput> = (value, path) => {
  const given = passedOn(value, path);
  return { ...given, AlarmName: text(given['AlarmName'], `${path}.AlarmName`) };
};

const rateInFull = object<Rate>({
  perSecond: withDefault(number(0), 0),
  day: optional(
    list(
      object<NonNullable<Rate['day']>[number]>({ at: required(timeOfDay), perSecond: required(number(0)) }),
    ),
  ),
  bursts: optional(
    list(
      object<NonNullable<Rate['bursts']>[number]>({
        from: required(duration),
        until: required(duration),
        perSecond: required(number(0)),
      }),
    ),
  ),
});

/** Requests per second: a number, or points over the day and bursts. */
const rate: Reader<Rate> = (value, path) =>
  typeof value === 'number' ? { perSecond: number(0)(value, path) } : rateInFull(value, path);

const source = object<TrafficSource>({
  loadBalancer: required(text),
  port: withDefault(whole(1, 65_535), 80),
  path: withDefault(text, '/'),
  host: optional(text),
  method: optional(text),
  headers: optional(record(textOrNumber)),
  rate: required(rate),
  returning: withDefault(share, 0.7),
  session: withDefault(duration, 600_000),
});

const finding = object<ScenarioFinding>({
  name: required(text),
  severity: required(oneOf('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED')),
  package: required(text),
  version: required(textOrNumber),
  fixedIn: optional(textOrNumber),
  uri: optional(text),
  description: optional(text),
  tag: optional(text),
});

/** 12 digits; YAML reads them as a number. */
const account: Reader<string> = (value, path) => {
  const id = textOrNumber(value, path).padStart(12, '0');
  if (!/^\d{12}$/.test(id)) throw wrong(path, 'an account id of 12 digits', value);
  return id;
};

const roleArn: Reader<string> = (value, path) => {
  const arn = text(value, path);
  if (!/^arn:[\w-]+:iam::\d{12}:role\/.+$/.test(arn)) throw wrong(path, "a role's ARN", value);
  return arn;
};

const digest: Reader<string> = (value, path) => {
  if (!isDigest(value)) throw wrong(path, 'a digest such as sha256:2f6e…', value);
  return value;
};

const repositoryInFull = object<ScenarioRepository>({
  name: optional(text),
  tags: optional(record(digest)),
  immutable: optional(flag),
  scanning: optional(oneOf('on-push', 'manual', 'enhanced', 'never', 'failing')),
  scanTime: optional(duration),
  scannedFor: optional(duration),
  findings: optional(list(finding)),
  region: optional(text),
  account: optional(account),
});

/** Digests by tag, or the repository in full. */
const repository: Reader<ScenarioRepositories[string]> = (value, path) =>
  isTagMap(value) ? value : repositoryInFull(value, path);

const program = object<Program>({
  directory: optional(text),
  entryPoint: optional(list(text)),
  command: optional(list(text)),
  prefix: optional(list(text)),
  environment: optional(record(textOrNumber)),
  engine: optional(text),
});

const dbInstance = object<ScenarioDbInstance>({
  engine: optional(text),
  engineVersion: optional(textOrNumber),
  class: optional(text),
  status: optional(text),
  cluster: optional(text),
  writer: optional(flag),
  encrypted: optional(flag),
  snapshotTime: optional(duration),
  failing: optional(text),
  backingUpUntil: optional(duration),
  settings: optional(passedOn),
  region: optional(text),
  tags,
});

const dbCluster = object<ScenarioDbCluster>({
  engine: optional(text),
  engineVersion: optional(textOrNumber),
  status: optional(text),
  encrypted: optional(flag),
  snapshotTime: optional(duration),
  failing: optional(text),
  backingUpUntil: optional(duration),
  settings: optional(passedOn),
  region: optional(text),
  tags,
});

/** One that is there when the scenario begins, of a database or of a cache. */
const oldSnapshot = object<ScenarioDbSnapshot & ScenarioCacheSnapshot>({
  of: required(text),
  ago: optional(duration),
  type: optional(oneOf('manual', 'automated')),
  tags,
});

const databases = object<ScenarioDatabases>({
  instances: optional(record(dbInstance)),
  clusters: optional(record(dbCluster)),
  snapshots: optional(record(oldSnapshot)),
  quota: optional(whole(0)),
  lockedKeys: optional(list(text)),
});

const cacheTroubles = {
  status: optional(text),
  snapshotTime: optional(duration),
  failing: optional(flag),
  region: optional(text),
  tags,
};

const nodes = { engine: optional(text), engineVersion: optional(textOrNumber), nodeType: optional(text) };

const caches = object<ScenarioCaches>({
  replicationGroups: optional(
    record(
      object<ScenarioReplicationGroup>({
        ...cacheTroubles,
        ...nodes,
        shards: optional(whole(1, 500)),
        clusterMode: optional(flag),
        replicas: optional(whole(0, 5)),
        settings: optional(passedOn),
      }),
    ),
  ),
  clusters: optional(
    record(object<ScenarioCacheCluster>({ ...cacheTroubles, ...nodes, settings: optional(passedOn) })),
  ),
  serverless: optional(
    record(
      object<ScenarioServerlessCache>({
        ...cacheTroubles,
        engine: optional(text),
        settings: optional(passedOn),
      }),
    ),
  ),
  snapshots: optional(record(oldSnapshot)),
  quota: optional(whole(0)),
  lockedKeys: optional(list(text)),
});

const bucket = object<ScenarioBucket>({
  region: optional(text),
  versioning: optional(flag),
  keeps: optional(list(text)),
  objects: optional(
    record(
      object<ScenarioObject>({
        body: required(text),
        contentType: optional(text),
        cacheControl: optional(text),
        contentEncoding: optional(text),
        metadata: optional(record(text)),
      }),
    ),
  ),
});

const distribution = object<ScenarioDistribution>({
  bucket: required(text),
  originPath: optional(text),
  aliases: optional(list(text)),
  enabled: optional(flag),
  defaultRootObject: optional(text),
  errorPage: optional(text),
  defaultTtl: optional(duration),
});

const parameterInFull = object<ScenarioParameter>({
  value: required(textOrNumber),
  type: optional(oneOf('String', 'StringList', 'SecureString')),
  changedAgo: optional(duration),
  unreadable: optional(flag),
});

/** A value, or the parameter in full. */
const parameter: Reader<ScenarioParameters[string]> = (value, path) =>
  typeof value === 'object' && value !== null ? parameterInFull(value, path) : text(value, path);

/** A text, or members of a JSON object. */
const secretValue: Reader<NonNullable<ScenarioSecret['value']>> = (value, path) =>
  typeof value === 'object' && value !== null ? record(textOrNumber)(value, path) : textOrNumber(value, path);

const secret = object<ScenarioSecret>({
  value: optional(secretValue),
  previous: optional(secretValue),
  binary: optional(flag),
  suffix: optional(text),
  kmsKey: optional(text),
  changedAgo: optional(duration),
  deletedAgo: optional(duration),
  unreadable: optional(oneOf('policy', 'key')),
  rotationTime: optional(duration),
  region: optional(text),
  tags,
});

const role = object<ScenarioRole>({
  policies: required(list(passedOn)),
  boundary: optional(passedOn),
  path: optional(text),
});

const networkRule = object<ScenarioNetworkRule>({
  protocol: optional(textOrNumber),
  from: optional(whole(-1, 65_535)),
  to: optional(whole(-1, 65_535)),
  groups: optional(list(text)),
  ranges: optional(list(text)),
  prefixLists: optional(list(text)),
});

const network = object<ScenarioNetwork>({
  subnets: optional(
    record(
      object<ScenarioSubnet>({
        vpc: optional(text),
        zone: optional(text),
        freeAddresses: optional(whole(0)),
      }),
    ),
  ),
  securityGroups: optional(
    record(
      object<ScenarioSecurityGroup>({
        vpc: optional(text),
        name: optional(text),
        inbound: optional(list(networkRule)),
        outbound: optional(list(networkRule)),
      }),
    ),
  ),
  missing: optional(list(text)),
});

const quota = object<ScenarioQuota>({
  name: optional(text),
  value: optional(number(0)),
  byDefault: optional(number(0)),
  used: optional(number(0)),
});

const scenario = object<Scenario>({
  name: required(text),
  start: optional(moment),
  history: withDefault(duration, 3_600_000),
  consistencyLag: withDefault(
    object<Scenario['consistencyLag']>({ min: withDefault(duration, 0), max: required(duration) }),
    { min: 0, max: 800 },
  ),
  propagation: optional(
    object<NonNullable<Scenario['propagation']>>({
      min: withDefault(duration, 0),
      max: required(duration),
    }),
  ),
  slowOver: withDefault(duration, 1_000),
  clusters: required(list(text)),
  loadBalancers: withDefault(
    list(
      object<ScenarioLoadBalancer>({
        name: required(text),
        listeners: required(list(listener)),
        network: place,
        tags,
      }),
    ),
    [],
  ),
  targetGroups: withDefault(list(targetGroup), []),
  taskDefinitions: withDefault(list(taskDefinition), []),
  services: withDefault(list(service), []),
  scalableTargets: withDefault(list(scalableTarget), []),
  alarms: withDefault(list(alarm), []),
  traffic: withDefault(list(source), []),
  repositories: optional(record(repository)),
  roles: optional(list(roleArn)),
  stacks: optional(record(record(text))),
  parameters: optional(record(parameter)),
  secrets: optional(record(secret)),
  rolePolicies: optional(record(role)),
  network: optional(network),
  quotas: optional(record(quota)),
  balancingLimits: optional(record(whole(0))),
  callsWithoutCapacity: optional(whole(0)),
  logGroups: optional(list(text)),
  programs: optional(record(program)),
  databases: optional(databases),
  caches: optional(caches),
  buckets: optional(record(bucket)),
  distributions: optional(record(distribution)),
  metrics: optional(
    list(
      object<ScenarioMetric>({
        namespace: required(text),
        name: required(text),
        dimensions: withDefault(record(textOrNumber), {}),
        unit: optional(text),
        value: required(number(Number.NEGATIVE_INFINITY)),
        later: optional(
          list(
            object<NonNullable<ScenarioMetric['later']>[number]>({
              after: required(duration),
              value: required(number(Number.NEGATIVE_INFINITY)),
            }),
          ),
        ),
      }),
    ),
  ),
  topics: optional(record(object<ScenarioTopic>({ contentBasedDeduplication: optional(flag) }))),
  behaviours: withDefault(record(behaviour), {}),
  secretBehaviours: optional(record(record(behaviour))),
});

/** Names that the scenario uses but does not have. */
function dangling(read: Scenario): Problem[] {
  const groups = new Set(read.targetGroups.map(({ name }) => name));
  const listeners = new Set(
    read.loadBalancers.flatMap(({ name, listeners: doors }) => doors.map(({ port }) => `${name}:${port}`)),
  );
  const services = new Set(read.services.map(({ cluster, name }) => `${cluster}/${name}`));
  const revisions = new Set<string>();
  for (const { family } of read.taskDefinitions) {
    const known = [...revisions].filter((revision) => revision.startsWith(`${family}:`)).length;
    revisions.add(`${family}:${known + 1}`);
  }
  const problems: Problem[] = [];
  const need = (known: ReadonlySet<string>, name: string, place: string, kind: string): void => {
    if (!known.has(name)) problems.push({ input: place, message: `there is no ${kind} "${name}"` });
  };
  for (const { name, listeners: doors } of read.loadBalancers) {
    for (const { port, forward: byDefault, rules = [] } of doors) {
      for (const { targetGroup: group } of [...byDefault, ...rules.flatMap((each) => each.forward)]) {
        need(groups, group, `load balancer ${name}, port ${port}`, 'target group');
      }
      for (const { priority, path, host, header } of rules) {
        if (!path && !host && !header) {
          problems.push({
            input: `load balancer ${name}, port ${port}, rule ${priority}`,
            message: 'a rule needs a path, host or header',
          });
        }
      }
    }
  }
  for (const each of read.services) {
    const place = `service ${each.name}`;
    need(new Set(read.clusters), each.cluster, place, 'cluster');
    need(revisions, each.taskDefinition, place, 'task definition');
    for (const past of each.history ?? []) need(revisions, past.taskDefinition, place, 'task definition');
    for (const group of each.targetGroups ?? []) need(groups, group.name, place, 'target group');
  }
  for (const target of read.scalableTargets) need(services, target.service, 'scalableTargets', 'service');
  for (const { loadBalancer, port } of read.traffic) {
    need(listeners, `${loadBalancer}:${port}`, 'traffic', 'listener');
  }
  return problems;
}

/**
 * Reads a scenario from YAML: durations as `25s`, shares as `5%`; see the examples beside this file.
 *
 * @throws ConfigError with every problem
 */
export function parseScenario(yaml: string): Scenario {
  const problems: Problem[] = [];
  try {
    const read = scenario(parse(yaml), '');
    problems.push(...dangling(read));
    if (problems.length === 0) return read;
  } catch (error) {
    if (error instanceof ShapeError) problems.push(...error.problems);
    else if (error instanceof YAMLParseError) problems.push({ input: 'scenario', message: error.message });
    else throw error;
  }
  throw new ConfigError(problems);
}

/** Reads a scenario file. @throws ConfigError when it is missing or wrong */
export function loadScenario(file: string): Scenario {
  let yaml: string;
  try {
    yaml = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError({ input: file, message: 'the scenario cannot be read' }, { cause });
  }
  try {
    return parseScenario(yaml);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new ConfigError(
      cause.problems.map(({ input, message }) => ({ input: `${file}: ${input}`, message })),
      { cause },
    );
  }
}
