import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { StackOutputs } from '../cloudformation/operations.ts';
import type { ScenarioDistributions } from '../cloudfront/model.ts';
import type { ScenarioNetwork, ScenarioPlace } from '../ec2/model.ts';
import type { ScenarioRepositories } from '../ecr/model.ts';
import type { Programs } from '../ecs/programs.ts';
import type { ScenarioCaches } from '../elasticache/model.ts';
import type { ScenarioRoles } from '../iam/model.ts';
import type { ScenarioDatabases } from '../rds/model.ts';
import type { ScenarioBuckets } from '../s3/model.ts';
import type { ScenarioSecrets } from '../secrets-manager/model.ts';
import type { ScenarioQuotas } from '../service-quotas/model.ts';
import type { ScenarioTopics } from '../sns/model.ts';
import type { ScenarioParameters } from '../ssm/model.ts';
import type { Behaviour } from '../traffic/behaviour.ts';
import type { TrafficSource } from '../traffic/source.ts';

/** A target group and its weight in a forward action. */
export interface ScenarioForward {
  readonly targetGroup: string;
  readonly weight: number;
}

/** Where a listener sends requests by default. */
export interface ScenarioAction {
  readonly forward: readonly ScenarioForward[];
  /** Group stickiness in ms; absent means off. */
  readonly stickiness?: number;
}

export interface ScenarioRule extends ScenarioAction {
  readonly priority: number;
  /** Patterns with `*` and `?`; a rule has at least one condition. */
  readonly path?: readonly string[];
  readonly host?: readonly string[];
  readonly header?: { readonly name: string; readonly values: readonly string[] };
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ScenarioListener extends ScenarioAction {
  readonly port: number;
  readonly protocol?: 'HTTP' | 'HTTPS';
  readonly rules?: readonly ScenarioRule[];
}

export interface ScenarioLoadBalancer {
  readonly name: string;
  readonly listeners: readonly ScenarioListener[];
  readonly network?: ScenarioPlace;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ScenarioHealthCheck {
  readonly path?: string;
  /** Milliseconds between two checks. */
  readonly interval?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly healthyThreshold?: number;
  readonly unhealthyThreshold?: number;
  /** Codes that pass, such as `200-299`. */
  readonly codes?: string;
}

export interface ScenarioTargetGroup {
  readonly name: string;
  readonly port?: number;
  readonly healthCheck?: ScenarioHealthCheck;
  /** Milliseconds; AWS's default is 300 s. */
  readonly deregistrationDelay?: number;
  /** Further attributes by their AWS keys. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
}

/** One revision of a task definition; those of a family are registered in the order of the list. */
export interface ScenarioTaskDefinition {
  readonly family: string;
  /** CPU units and MiB, as Fargate takes them. */
  readonly cpu?: string;
  readonly memory?: string;
  /** As RegisterTaskDefinition takes them. */
  readonly containers: readonly ContainerDefinition[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** A deployment that ended before the scenario begins. */
export interface ScenarioPastDeployment {
  /** `family:revision`. */
  readonly taskDefinition: string;
  /** When it began, in ms before the scenario's start. */
  readonly ago: number;
  readonly status: 'SUCCESSFUL' | 'ROLLBACK_SUCCESSFUL' | 'STOPPED';
}

export interface ScenarioService {
  readonly name: string;
  readonly cluster: string;
  /** `family:revision`; it has been in service since `deployedAgo`. */
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly targetGroups?: readonly {
    readonly name: string;
    readonly container: string;
    readonly port: number;
  }[];
  readonly minimumHealthyPercent?: number;
  readonly maximumPercent?: number;
  /** Absent means that the circuit breaker is off. */
  readonly circuitBreaker?: { readonly rollback: boolean };
  /** Where its tasks run. */
  readonly network?: ScenarioPlace;
  /** Milliseconds for which failing health checks of a new task are ignored. */
  readonly gracePeriod?: number;
  /** Milliseconds before the scenario's start; a day by default. */
  readonly deployedAgo?: number;
  /** Earlier deployments, oldest first. */
  readonly history?: readonly ScenarioPastDeployment[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ScenarioScalableTarget {
  /** `cluster/service`. */
  readonly service: string;
  readonly min: number;
  readonly max: number;
  /** Average CPU in percent that a target-tracking policy holds; absent means no policy. */
  readonly cpu?: number;
  /** Milliseconds; 300 s by default. */
  readonly scaleOutCooldown?: number;
  readonly scaleInCooldown?: number;
  /** Scheduled actions by name; they begin with the scenario. */
  readonly schedule?: Readonly<Record<string, ScenarioScheduledAction>>;
}

export interface ScenarioScheduledAction {
  /** `cron(...)`, `rate(...)` or `at(...)`. */
  readonly schedule: string;
  /** IANA's name; UTC where there is none. */
  readonly timezone?: string;
  readonly min?: number;
  readonly max?: number;
}

/** A metric that nothing simulated writes, such as of a database: one sample a minute, from the beginning on. */
export interface ScenarioMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit?: string;
  readonly value: number;
  /** What it is later instead, by ms since the scenario's start. */
  readonly later?: readonly { readonly after: number; readonly value: number }[];
}

/** What a revision does differently from a sound application: see `Behaviour`. */
export type ScenarioBehaviour = Partial<Behaviour>;

/**
 * What tasks do differently that were started with a value of a secret: by the secret's name and the value, a text.
 * It comes on top of the image's own behaviour.
 */
export type ScenarioSecretBehaviours = Readonly<Record<string, Readonly<Record<string, ScenarioBehaviour>>>>;

/** A world to begin with: what exists in the account, who uses it, and how each image behaves. */
export interface Scenario {
  readonly name: string;
  /** The clock's first moment, in ms since the epoch, for whoever makes the clock. */
  readonly start?: number;
  /** How much of the past has already been lived through when the scenario begins, in ms: its metrics exist. */
  readonly history: number;
  /** How long describes lag behind writes, in ms. */
  readonly consistencyLag: { readonly min: number; readonly max: number };
  /** How long load balancers act by a rule as it was before a write, in ms; up to 3 s if not given. */
  readonly propagation?: { readonly min: number; readonly max: number };
  /** Requests longer than this, in ms, are slow in the users' ledger. */
  readonly slowOver: number;
  readonly clusters: readonly string[];
  readonly loadBalancers: readonly ScenarioLoadBalancer[];
  readonly targetGroups: readonly ScenarioTargetGroup[];
  readonly taskDefinitions: readonly ScenarioTaskDefinition[];
  readonly services: readonly ScenarioService[];
  readonly scalableTargets: readonly ScenarioScalableTarget[];
  /** For the simulator's CloudWatch, as PutMetricAlarm takes them. */
  readonly alarms: readonly PutMetricAlarmInput[];
  readonly traffic: readonly TrafficSource[];
  readonly metrics?: readonly ScenarioMetric[];
  /** ECR repositories by name: digests by tag, or the repository in full. */
  readonly repositories?: ScenarioRepositories;
  /** ARNs of the IAM roles that may be assumed; any if there is no list. */
  readonly roles?: readonly string[];
  /** CloudFormation stacks by name: values by output key. */
  readonly stacks?: StackOutputs;
  /** Systems Manager's parameters by name: values of type String, or parameters in full. */
  readonly parameters?: ScenarioParameters;
  /** Secrets of Secrets Manager by name. */
  readonly secrets?: ScenarioSecrets;
  /** How tasks behave by the secrets that they were started with. */
  readonly secretBehaviours?: ScenarioSecretBehaviours;
  /** What IAM knows roles by name to be allowed; the usual execution role of tasks if not given. */
  readonly rolePolicies?: ScenarioRoles;
  /** Subnets and security groups that are not as services and load balancers need them. */
  readonly network?: ScenarioNetwork;
  /** Limits of the account by AWS's codes, such as `fargate/L-3032A538`, beside the usual ones. */
  readonly quotas?: ScenarioQuotas;
  /** Limits of Elastic Load Balancing by AWS's names, such as `target-groups`, where they are not the usual ones. */
  readonly balancingLimits?: Readonly<Record<string, number>>;
  /** For how many calls of RunTask, the first ones, Fargate has no capacity. */
  readonly callsWithoutCapacity?: number;
  /** CloudWatch's log groups by name, in every region; those that task definitions name if there is no list. */
  readonly logGroups?: readonly string[];
  /** What tasks of RunTask run for real; the others only behave. */
  readonly programs?: Programs;
  /** What RDS has: instances, clusters and snapshots. */
  readonly databases?: ScenarioDatabases;
  /** What ElastiCache has: replication groups, clusters, serverless caches and snapshots. */
  readonly caches?: ScenarioCaches;
  /** Topics of SNS by name. */
  readonly topics?: ScenarioTopics;
  /** Buckets of S3 by name. */
  readonly buckets?: ScenarioBuckets;
  /** Distributions of CloudFront by id. */
  readonly distributions?: ScenarioDistributions;
  /** By image, by its last path segment, by its tag, or by its repository. */
  readonly behaviours: Readonly<Record<string, ScenarioBehaviour>>;
}
