import type { AlarmSettings, KnownAlarm } from './alarms/settings.ts';
import type { Snapshot, Source, SourceKind } from './backups/source.ts';
import type { DeployError } from './errors.ts';
import type { Mutability } from './images/mutability.ts';
import type { Vulnerability } from './images/scan.ts';
import type { TopicMessage } from './notifications/topic.ts';
import type { AccessAnswer, AccessQuestion } from './preflight/access.ts';
import type { HealthCheck } from './preflight/health-check.ts';
import type { LoadBalancer, SecurityGroup, Subnet } from './preflight/vpc.ts';
import type { Alarm, StoppedTask } from './rollout/judge/evidence.ts';
import type { StickinessSeconds, Tags } from './rollout/ledger.ts';
import type { ScalingChange, ScalingState, Setting } from './rollout/scaling-hold.ts';
import type { WeightedGroup } from './rollout/weights.ts';
import type { Scheduled } from './schedule/occurrences.ts';
import type { TaskDefinition } from './taskdef/definition.ts';

/** A place in a file that an annotation points at; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** What an action says to the person who runs it, and hands on to the steps after it. */
export interface Reporter {
  info(line: string): void;
  /** A line of its own colour, for what matters most; plain where colours do not exist. */
  notice(message: string, place?: Place): void;
  warning(message: string, place?: Place): void;
  error(message: string, place?: Place): void;
  startGroup(title: string): void;
  endGroup(): void;
  /** Registers a value that the log must never show; call it before anything that could print it. */
  mask(secret: string): void;
  output(name: string, value: string): void;
  /** Appends Markdown to the job's summary page. */
  summary(markdown: string): Promise<void>;
  /** Keeps a value for the action's post step. */
  saveState(name: string, value: string): void;
  /** A value that the main step kept, in the post step; empty when there is none. */
  state(name: string): string;
}

export interface ServiceDeployment {
  readonly id: string;
  readonly primary: boolean;
  readonly taskDefinition: string;
  readonly state: 'in-progress' | 'completed' | 'failed';
  readonly reason: string;
  /** ms since the epoch. */
  readonly createdAt: number;
}

/** An ECS service as far as a deployment needs to know it. */
export interface EcsService {
  readonly arn: string;
  readonly name: string;
  /** The cluster's name. */
  readonly cluster: string;
  readonly status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  readonly desired: number;
  readonly running: number;
  readonly taskDefinition: string;
  readonly loadBalancers: readonly {
    readonly targetGroupArn: string | undefined;
    /** Of a service that ECS itself deploys in blue and green: either group may have the tasks. */
    readonly alternateTargetGroupArn?: string;
    readonly containerName: string;
    readonly containerPort: number;
  }[];
  /** `ECS`, `CODE_DEPLOY` or `EXTERNAL`. */
  readonly controller: string;
  /** `ROLLING`, `BLUE_GREEN`, `LINEAR` or `CANARY`. */
  readonly strategy: string;
  /** `REPLICA` or `DAEMON`. */
  readonly scheduling: string;
  readonly deployments: readonly ServiceDeployment[];
  /** How ECS replaces tasks, and what it does when new ones do not start. */
  readonly safeguards?: {
    readonly circuitBreaker: { readonly enabled: boolean; readonly rollback: boolean };
    readonly maximumPercent: number;
    readonly minimumHealthyPercent: number;
  };
  /** Newest first. */
  readonly events: readonly { readonly id: string; readonly at: number; readonly message: string }[];
  readonly tags: Tags;
}

/** A service that is made after the likeness of another. */
export interface ServiceCopy {
  readonly name: string;
  readonly taskDefinition: string;
  readonly tasks: number;
  /** The target group of the copy for each of the model's. */
  readonly targetGroups: ReadonlyMap<string, string>;
  readonly tags: Tags;
  /** Makes the creation idempotent. */
  readonly token: string;
}

export interface PastDeployment {
  readonly taskDefinition: string;
  /** AWS's word: `SUCCESSFUL`, `ROLLBACK_SUCCESSFUL`, `IN_PROGRESS`, `STOPPED`, ... */
  readonly status: string;
  readonly startedAt: number;
}

export interface Services {
  /** In the order asked for; `undefined` where ECS knows no such service, or only remembers it. */
  describe(cluster: string, names: readonly string[]): Promise<readonly (EcsService | undefined)[]>;
  createLike(model: EcsService, copy: ServiceCopy): Promise<void>;
  /** Changes only what is named; everything else of the service stays as it is. */
  update(service: EcsService, change: { taskDefinition?: string; tasks?: number }): Promise<void>;
  /** Deletes the service and stops its tasks, after their requests have drained; no error when it is gone. */
  delete(cluster: string, name: string): Promise<void>;
  /** Tasks of the service that ECS still remembers as stopped, except those in `known`. */
  stopped(cluster: string, name: string, known: ReadonlySet<string>): Promise<readonly StoppedTask[]>;
  /** When the oldest of the service's tasks was made that are to run, ms; `undefined` where there are none. */
  oldestTask(cluster: string, name: string): Promise<number | undefined>;
  /** The service's deployments, newest first. */
  history(service: EcsService): AsyncIterable<PastDeployment>;
}

/** One place where a load balancer decides where requests go: a listener rule, or a listener's default action. */
export interface Route {
  readonly ruleArn: string;
  readonly listenerArn: string;
  readonly isDefault: boolean;
  /** Of the rule; `undefined` for a default action. */
  readonly priority: number | undefined;
  readonly groups: readonly WeightedGroup[];
  readonly stickinessSeconds: StickinessSeconds;
  /** The condition on a header, where the rule has one. */
  readonly header?: { readonly name: string; readonly values: readonly string[] };
}

export interface TargetGroup {
  readonly arn: string;
  readonly name: string;
  readonly loadBalancerArns: readonly string[];
  /** `HTTP`, `HTTPS`, `TCP`, ... */
  readonly protocol: string;
}

export interface TargetHealth {
  readonly healthy: number;
  readonly unhealthy: number;
  /** Registered and neither healthy nor unhealthy yet. */
  readonly initial: number;
  readonly draining: number;
  /** Why targets are unhealthy, in the load balancer's words. */
  readonly reasons: readonly string[];
}

/** Listener rules, target groups and their tags. */
export interface Traffic {
  /** In the order asked for, without those that do not exist. */
  targetGroups(arns: readonly string[]): Promise<readonly TargetGroup[]>;
  targetGroupsByName(names: readonly string[]): Promise<readonly TargetGroup[]>;
  /**
   * Of the target groups that keep each client with one of their targets, for how many seconds. AWS takes such a group
   * beside others in a forward action only with group stickiness.
   */
  targetStickiness(arns: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Every rule and default action, of any listener of the load balancers, on any page. */
  routes(loadBalancerArns: readonly string[]): Promise<readonly Route[]>;
  /** The same routes as they are now. */
  reread(routes: readonly Route[]): Promise<readonly Route[]>;
  /** Sets groups and stickiness of a route's forward action; conditions and other actions stay. */
  write(route: Route, groups: readonly WeightedGroup[], stickinessSeconds: StickinessSeconds): Promise<void>;
  /**
   * Makes a target group with the same settings and attributes as `model`. One that has the name already gets the
   * attributes that it lacks, as a call that was cancelled may have left it.
   */
  createLike(model: TargetGroup, name: string, tags: Tags): Promise<TargetGroup>;
  /** No error when it is gone. */
  deleteTargetGroup(arn: string): Promise<void>;
  /** How long a target that leaves has for its last requests, in ms. */
  deregistrationDelay(arn: string): Promise<number>;
  health(targetGroupArn: string): Promise<TargetHealth>;
  tags(arns: readonly string[]): Promise<ReadonlyMap<string, Tags>>;
  tag(arns: readonly string[], tags: Tags): Promise<void>;
  untag(arns: readonly string[], keys: readonly string[]): Promise<void>;
  /**
   * A rule that sends requests with the header to one target group.
   *
   * @returns `taken` when another rule, or this one after an answer that was lost, has the priority
   */
  createHeaderRule(rule: {
    listenerArn: string;
    header: string;
    value: string;
    targetGroupArn: string;
    priority: number;
    tags: Tags;
  }): Promise<'made' | 'taken'>;
  /** No error when it is gone. */
  deleteRule(ruleArn: string): Promise<void>;
  /** Where load balancers stand, in the order asked for, without those that do not exist. */
  loadBalancers(arns: readonly string[]): Promise<readonly LoadBalancer[]>;
  /** How a target group asks its targets; undefined when there is no such group. */
  healthCheck(targetGroupArn: string): Promise<HealthCheck | undefined>;
  /** The limits of the account by AWS's names, such as `target-groups` and `targets-per-application-load-balancer`. */
  limits(): Promise<ReadonlyMap<string, number>>;
}

/** A metric, or an expression over others, read in periods of one minute. */
export type MetricQuery = { readonly id: string } & (
  | {
      readonly namespace: string;
      readonly metric: string;
      readonly dimensions: Readonly<Record<string, string>>;
      /** `Sum`, `Average`, `p95`, `TC(0.3:)`, ... */
      readonly stat: string;
      /** Only an operand of an expression. */
      readonly hidden?: boolean;
    }
  | { readonly expression: string }
);

export interface MetricValues {
  /** Values by query id and start of the minute (ms); absent where CloudWatch has none. */
  readonly values: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** False when CloudWatch says that it could not answer with all it has. */
  readonly complete: boolean;
}

export interface Metrics {
  /** Minutes that start at or after `from` and end at or before `to` (ms). */
  read(queries: readonly MetricQuery[], from: number, to: number): Promise<MetricValues>;
  /** The alarms of these names, metric or composite; a name that has no alarm is not in the answer. */
  alarms(names: readonly string[]): Promise<readonly Alarm[]>;
}

/** An action that a service's scaler carries out by a schedule: it sets the bounds, or one of them. */
export interface ScheduledScaling extends Scheduled, Setting {
  readonly name: string;
}

/** The autoscaler of a service. */
export interface Scaling {
  /** `undefined` when there is no scaler. */
  find(cluster: string, service: string): Promise<ScalingState | undefined>;
  /** Every scheduled action, in no order. @throws DeployError when they may not be looked at */
  schedule(cluster: string, service: string): Promise<readonly ScheduledScaling[]>;
  /** Changes what is named, in one call; bounds bring the service within them at once. */
  set(cluster: string, service: string, change: ScalingChange): Promise<void>;
}

/** One revision of a task definition family, without what is in it. */
export interface TaskDefinitionRevision {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
}

/** A revision as AWS keeps it. */
export interface RegisteredTaskDefinition extends TaskDefinitionRevision {
  /** False when it was deregistered: tasks that run keep running, no service can be moved to it. */
  readonly active: boolean;
  /** What RegisterTaskDefinition would take: no read-only fields; tags included. */
  readonly definition: TaskDefinition;
}

export interface TaskDefinitionRegistration extends RegisteredTaskDefinition {
  /** False when the newest revision of the family was the same already and is used again. */
  readonly created: boolean;
}

/** The task definitions of an account and region. */
export interface TaskDefinitions {
  /**
   * @param reference a family (its newest active revision), `family:revision` or an ARN
   * @returns undefined when there is none
   */
  find(reference: string): Promise<RegisteredTaskDefinition | undefined>;
  /** Registers a definition, unless the newest revision of its family is the same; safe to repeat. */
  register(definition: TaskDefinition): Promise<TaskDefinitionRegistration>;
  /** The active revisions of a family, newest first; asks for a page only when it is read that far. */
  list(family: string): AsyncGenerator<TaskDefinitionRevision, void>;
  /**
   * What a service is set to run.
   *
   * @throws ConfigError when the cluster or the service does not exist, or the service is being deleted
   */
  ofService(cluster: string, service: string): Promise<RegisteredTaskDefinition>;
}

/** Container images in their registry. */
export interface Images {
  /**
   * The digest of the image that carries the tag in the same repository as `image`.
   *
   * @returns undefined when there is no such tag, or the repository is not one of ECR
   */
  digestOf(image: string, tag: string): Promise<string | undefined>;
}

/** A repository of an ECR registry. */
export interface Repository {
  readonly name: string;
  readonly arn: string;
  /** The account whose registry it is in. */
  readonly registryId: string;
  /** Registry and name: what its images are called by. */
  readonly uri: string;
  readonly mutability: Mutability;
  readonly scanOnPush: boolean;
}

export interface NewRepository {
  readonly immutableTags: boolean;
  readonly scanOnPush: boolean;
  /** JSON, as ECR takes it. */
  readonly lifecyclePolicy?: string;
}

/** What lets a client into a registry for a while. */
export interface RegistryLogin {
  /** `https://ACCOUNT.dkr.ecr.REGION.amazonaws.com` */
  readonly endpoint: string;
  readonly username: string;
  readonly password: string;
  /** ms since the epoch. */
  readonly expiresAt: number;
}

/** How far ECR is with scanning an image. */
export type ScanState =
  | { readonly kind: 'running'; readonly status: string }
  | { readonly kind: 'done'; readonly found: readonly Vulnerability[] }
  /** No scan of the image is known. */
  | { readonly kind: 'none'; readonly why: string }
  /** There is no use in waiting. */
  | { readonly kind: 'failed'; readonly why: string };

/** The ECR registry of an account and region. */
export interface Repositories {
  /** @returns undefined when there is none of that name */
  find(name: string): Promise<Repository | undefined>;
  /** Makes it, or gives the one that somebody else has made in the meantime. */
  create(name: string, settings: NewRepository): Promise<Repository>;
  login(): Promise<RegistryLogin>;
  /**
   * Asks for a scan. ECR scans an image once a day at most, or by itself, which is no error.
   *
   * @returns false when it cannot be scanned
   */
  startScan(repository: Repository, digest: string): Promise<boolean>;
  scan(repository: Repository, digest: string): Promise<ScanState>;
}

/** Where tasks run and how they are connected. */
export interface TaskPlacement {
  /** Of tasks with a network interface of their own. */
  readonly network?: {
    readonly subnets: readonly string[];
    readonly securityGroups: readonly string[];
    readonly publicIp: boolean;
  };
  /** `FARGATE`, `EC2` or `EXTERNAL`; without it and `capacityProviders`, the cluster's default strategy. */
  readonly launchType?: string;
  readonly capacityProviders?: readonly {
    readonly name: string;
    readonly weight: number;
    readonly base: number;
  }[];
  /** Of Fargate. */
  readonly platformVersion?: string;
  /** Of EC2, in AWS's own words. */
  readonly constraints?: readonly { readonly type: string; readonly expression?: string }[];
  readonly strategy?: readonly { readonly type: string; readonly field?: string }[];
}

/** What a task of its own needs to know of the service that it runs beside. */
export interface ServiceTasks {
  /** The cluster's name. */
  readonly cluster: string;
  readonly service: string;
  /** ARN of what the service is set to run. */
  readonly taskDefinition: string;
  readonly placement: TaskPlacement;
}

/** A task that is run once, beside the services. */
export interface TaskOrder {
  /** Its name or ARN. */
  readonly cluster: string;
  /** ARN or `family:revision`. */
  readonly taskDefinition: string;
  readonly placement: TaskPlacement;
  /** The container that the overrides are for. */
  readonly container: string;
  /** Instead of what the container runs by itself. */
  readonly command?: readonly string[];
  /** Beside, or instead of, the container's own variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Of the task: CPU units and MiB, as ECS writes them. */
  readonly cpu?: string;
  readonly memory?: string;
  /** ARNs or names. */
  readonly taskRole?: string;
  readonly executionRole?: string;
  /** At most 36 letters, digits, `-`, `_` and `/`. */
  readonly startedBy: string;
  readonly tags: Tags;
  /** At most 64 characters; a second order with the same token finds the task of the first. */
  readonly token: string;
}

export interface TaskContainer {
  readonly name: string;
  /** `PENDING`, `RUNNING` or `STOPPED`. */
  readonly status: string;
  /** Absent while it runs, and when it never ran. */
  readonly exitCode?: number;
  readonly reason?: string;
  readonly runtimeId?: string;
}

/** A task as ECS tells it. Times in ms since the epoch. */
export interface EcsTask {
  readonly arn: string;
  /** The cluster's name. */
  readonly cluster: string;
  /** ARN. */
  readonly taskDefinition: string;
  /** AWS's word: `PROVISIONING`, `PENDING`, `RUNNING`, ..., `STOPPED`. */
  readonly status: string;
  /** Whether it was told to stop, or stops by itself. */
  readonly stopping: boolean;
  readonly startedBy: string;
  readonly tags: Tags;
  /** AWS's word: `EssentialContainerExited`, `TaskFailedToStart`, `UserInitiated`, ... */
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly stoppedAt?: number;
  readonly containers: readonly TaskContainer[];
}

/** Tasks that are run once. */
export interface Tasks {
  /** @throws ConfigError when the cluster or the service does not exist, or the service is being deleted */
  ofService(cluster: string, service: string): Promise<ServiceTasks>;
  /**
   * Starts the task of an order, or finds the one that was started by an order with the same token. Where ECS has no
   * room for it, or does not answer, asks again for a while: `wait` says for how long (ms) at most, hears of it, and may
   * end it; its `before` is heard before each try, and throws when the task must not be started any more.
   *
   * @throws ConfigError for an order that ECS cannot carry out; DeployError when it has no room for the task
   */
  run(
    order: TaskOrder,
    wait?: {
      readonly ms: number;
      readonly signal: AbortSignal;
      say(line: string): void;
      before?(): Promise<void>;
    },
  ): Promise<EcsTask>;
  /** By ARN; ECS forgets a stopped task after an hour, which is then not in the answer. */
  describe(cluster: string, arns: readonly string[]): Promise<ReadonlyMap<string, EcsTask>>;
  /** Tasks that have not stopped yet, by who has started them. */
  startedBy(cluster: string, startedBy: string): Promise<readonly EcsTask[]>;
  /** SIGTERM, and SIGKILL after the container's stop time-out; no error when the task is gone. */
  stop(cluster: string, arn: string, reason: string): Promise<void>;
}

/** One line that a container has written, or a piece of one that was too long for one event. */
export interface LogLine {
  /** When it was written and when CloudWatch took it in, in ms since the epoch. */
  readonly at: number;
  readonly takenInAt: number;
  readonly text: string;
}

/** Where a container's output is kept in CloudWatch Logs. */
export interface LogPlace {
  /** The partition (`aws`, `aws-cn`, ...), region and account that the log group is in. */
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly group: string;
  readonly stream: string;
}

export interface Logs {
  /**
   * The lines of a stream, oldest first, a page at a time; none while neither group nor stream exists yet.
   *
   * @param from `next` of the page before; from the beginning without it
   * @returns with `next` equal to `from` when nothing has come since
   */
  read(
    place: LogPlace,
    from?: string,
  ): Promise<{ readonly lines: readonly LogLine[]; readonly next?: string }>;
  /**
   * Lines from now on, as CloudWatch takes them in, about once a second, and none where none have come; ends when
   * `signal` aborts or AWS ends the session. A stream that does not exist yet may be followed. Lines may come in
   * another order than they were written in, and in a flood only a sample of them: `read` has them all.
   *
   * @throws what AWS says when it does not allow this, or cannot do it
   */
  live(
    place: LogPlace,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly lines: readonly LogLine[]; readonly sampled: boolean }>;
}

/** Log groups of CloudWatch Logs. */
export interface LogGroups {
  /** @param region that of the job if not given */
  exists(group: string, region?: string): Promise<boolean>;
}

/** A line that a filter pattern has found. */
export interface FoundLine extends LogLine {
  /** No other event has it. */
  readonly id: string;
  readonly stream: string;
}

/** Log groups, searched by CloudWatch itself. */
export interface LogSearch {
  /**
   * The lines that match a filter pattern, oldest first, and whether there are more of them than were asked for.
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
   *
   * @param search `from`: lines that were written at or after that time (ms); `most`: how many are wanted at most
   * @returns `no-group` while there is no such log group
   * @throws ConfigError for a pattern that CloudWatch does not take
   */
  find(search: {
    readonly region: string;
    readonly group: string;
    readonly streamPrefix: string;
    readonly pattern: string;
    readonly from: number;
    readonly most: number;
  }): Promise<{ readonly lines: readonly FoundLine[]; readonly more: boolean } | 'no-group'>;
}

/** A text that is kept with all its versions. */
export interface ParameterVersion {
  /** From 1, one more for each write, by whomever. */
  readonly version: number;
  readonly value: string;
  /** When it was written, by AWS's clock, in ms since the epoch. */
  readonly at: number;
}

/** Parameters of Systems Manager, of type String. */
export interface Parameters {
  /** The versions that AWS still has, at most the last 100, oldest first; none when there is no such parameter. */
  history(name: string): Promise<readonly ParameterVersion[]>;
  /** Writes the next version; makes the parameter where there is none. Two writers get two versions. */
  append(name: string, value: string): Promise<number>;
  /**
   * Parameters of any type, by the names or ARNs that they are asked for by; those that do not exist are not in the
   * answer. What may not be read, or not be decrypted for who asks, is a DeployError in its place.
   */
  facts(names: readonly string[]): Promise<ReadonlyMap<string, ParameterFacts | DeployError>>;
}

/** A parameter of Parameter Store, without its value. */
export interface ParameterFacts {
  readonly arn: string;
  /** Of type SecureString. */
  readonly secure: boolean;
  /** When its value changed last, ms. */
  readonly changedAt: number | undefined;
}

/** A secret of Secrets Manager, without its value. */
export interface Secret {
  readonly arn: string;
  readonly name: string;
  /** ARN, id or alias of the customer's key; undefined for aws/secretsmanager. */
  readonly kmsKey: string | undefined;
  /** When its deletion was ordered, ms: it cannot be read any more. */
  readonly deletedAt: number | undefined;
  /** When its value changed last, ms, by whatever: a rotation, a person, a new label. */
  readonly changedAt: number | undefined;
  /** Labels of each version by its id, such as `AWSCURRENT`; versions without one are not in it. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

/** Where a value of Secrets Manager is found: `AWSCURRENT` without stage and version. */
export interface SecretPlace {
  /** Its ARN, with or without the six characters at its end, or its name. */
  readonly secret: string;
  readonly stage?: string;
  readonly version?: string;
}

/** Secrets of Secrets Manager, whose values never leave it. */
export interface Secrets {
  /**
   * @param secret its ARN, with or without the six characters at its end, or its name
   * @returns undefined when there is none
   * @throws DeployError when it may not be looked at
   */
  describe(secret: string): Promise<Secret | undefined>;
  /**
   * The names of the members of JSON values, never the values, in as few calls as AWS allows.
   *
   * @returns in the order asked for: undefined where there is no such value, `not-json` where it is no JSON object,
   *   DeployError where it may not be read
   */
  jsonKeys(
    places: readonly SecretPlace[],
  ): Promise<readonly (readonly string[] | 'not-json' | DeployError | undefined)[]>;
}

/** Subnets and security groups of EC2. */
export interface Network {
  /** Those that are there. */
  subnets(ids: readonly string[]): Promise<readonly Subnet[]>;
  /** Those that are there. */
  securityGroups(ids: readonly string[]): Promise<readonly SecurityGroup[]>;
}

/** What roles may do, as IAM judges their policies. */
export interface Access {
  /**
   * @param role its ARN
   * @returns in the order asked for; undefined when the role does not exist
   * @throws DeployError when IAM may not be asked
   */
  simulate(role: string, questions: readonly AccessQuestion[]): Promise<readonly AccessAnswer[] | undefined>;
}

/** A limit of the account. */
export interface Quota {
  readonly name: string;
  readonly value: number;
  /** What is used of it, where CloudWatch tells. */
  readonly used: number | undefined;
}

/** Limits of the account, as Service Quotas knows them. */
export interface Quotas {
  /**
   * @param service AWS's code, such as `fargate`
   * @param code such as `L-3032A538`
   * @returns undefined when there is no such quota
   */
  find(service: string, code: string): Promise<Quota | undefined>;
}

/** What infrastructure code says of what it has made. */
export interface Stacks {
  /** The outputs of a stack by key; `undefined` when there is no such stack. */
  outputs(stack: string): Promise<ReadonlyMap<string, string> | undefined>;
}

/** Topics of SNS. */
export interface Topics {
  /**
   * @param topic its ARN
   * @returns the id that SNS gives the message
   */
  publish(topic: string, message: TopicMessage): Promise<string>;
}

/** One AWS call as the record of a rollout keeps it. */
export interface AwsCall {
  readonly at: number;
  readonly operation: string;
  readonly ms: number;
  /** `ok`, or the error's name. */
  readonly outcome: string;
}

/** A snapshot that is to be taken of a database. */
export interface SnapshotOrder {
  readonly source: Source;
  readonly id: string;
  readonly tags: Tags;
  /** Where AWS takes a key with the order: caches. */
  readonly kmsKey?: string;
}

/** A copy of a snapshot in the region of the adapter that makes it. */
export interface SnapshotCopy {
  readonly from: Snapshot;
  readonly id: string;
  readonly tags: Tags;
  readonly kmsKey?: string;
}

/** What became of an order. */
export type Ordered =
  | { readonly kind: 'begun'; readonly snapshot: Snapshot }
  /** There is one of that name. */
  | { readonly kind: 'taken' }
  /** The state of the database, or of what is to be copied, does not allow it now. */
  | { readonly kind: 'not-now'; readonly why: string };

/** Databases or caches of one kind, and their snapshots, in one region. */
export interface Snapshots {
  readonly kind: SourceKind;
  /** With all that their restore needs; those that do not exist are not in the answer. */
  sources(ids: readonly string[]): Promise<ReadonlyMap<string, Source>>;
  /** The status of databases alone, in as few calls as AWS allows. */
  statuses(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Those of a database that somebody has taken, whose names begin with `prefix`, with their tags. */
  list(source: Source, prefix: string): Promise<readonly Snapshot[]>;
  /** Those of a database, by its identifier, whoever has taken them, without their tags. */
  of(id: string): Promise<readonly Snapshot[]>;
  /** By their names, in as few calls as AWS allows; those that AWS does not show are not in the answer. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, Snapshot>>;
  /** By its name, with its tags. */
  look(id: string): Promise<Snapshot | undefined>;
  take(order: SnapshotOrder): Promise<Ordered>;
  copy(copy: SnapshotCopy): Promise<Ordered>;
  /** No error when it is gone. */
  delete(id: string): Promise<void>;
  /** What AWS said last about a snapshot that it did not finish. */
  reason(id: string): Promise<string | undefined>;
}

/** How an object of a bucket is kept and handed out. */
export interface ObjectSettings {
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly contentEncoding?: string;
  /** What the writer says of it; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An object that is to be written. */
export interface NewObject extends ObjectSettings {
  readonly key: string;
  readonly body: Uint8Array;
}

/** One object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** Without quotes; the MD5 of the body in hex for most objects that were written in one piece. */
  readonly etag: string;
  /** ms since the epoch. */
  readonly modifiedAt: number;
}

/** What must hold for a write: that the object is the one with that ETag still, or that there is none. */
export type WriteCondition = { readonly ifMatch: string } | { readonly absent: true };

/** One bucket of S3. @throws ConfigError where there is no such bucket; DeployError where it may not be used */
export interface Bucket {
  /** undefined when there is none; the ETag is for `ifMatch`. */
  read(key: string): Promise<
    | {
        readonly body: Uint8Array;
        readonly etag: string;
        readonly metadata: Readonly<Record<string, string>>;
      }
    | undefined
  >;
  /** @returns the new ETag and, in a bucket with versions, the version; 'conflict' when the condition does not hold */
  write(
    object: NewObject,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string; readonly version?: string } | 'conflict'>;
  /** Pages through the keys below a prefix, in their order. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /**
   * No error where there is no such object.
   *
   * @param keys any number; 1,000 go in a call
   * @returns those that could not be deleted, with AWS's reason
   */
  delete(keys: readonly string[]): Promise<readonly { readonly key: string; readonly reason: string }[]>;
  /** Copies an object within the bucket, on itself too; all its settings are replaced. @returns the new ETag; undefined when there is none to copy */
  copy(from: string, to: string, settings: ObjectSettings): Promise<string | undefined>;
}

/** Distributions of CloudFront. */
export interface Distributions {
  /** undefined when there is none of that id. */
  find(id: string): Promise<
    | {
        /** The name that CloudFront gave it. */
        readonly domain: string;
        readonly aliases: readonly string[];
        readonly enabled: boolean;
        /** Where it asks, and what it puts before each path there; empty or with `/` at its beginning. */
        readonly origins: readonly { readonly domain: string; readonly path: string }[];
      }
    | undefined
  >;
  /**
   * Orders that the edge forgets paths, `/*` at the end for all below one. The same reference with the same paths is
   * the same order, however often it is given.
   *
   * @returns the id of the invalidation
   * @throws DeployError when there are too many under way, or the reference was used for other paths
   */
  invalidate(id: string, reference: string, paths: readonly string[]): Promise<string>;
  state(id: string, invalidation: string): Promise<'in-progress' | 'completed'>;
}

/** Tasks of services, as long as ECS remembers them. */
export interface PastTasks {
  /** Those that run a revision, and those that did and have stopped within the last hour. */
  ofRevision(cluster: string, taskDefinitionArn: string): Promise<readonly EcsTask[]>;
}

/** The ends of logs. */
export interface LogEnds {
  /** The last lines of a stream up to a moment (ms), oldest first; none where there is no such stream. */
  last(place: LogPlace, count: number, until: number): Promise<readonly LogLine[]>;
}

/** What images are called in their registry. */
export interface ImageTags {
  /** The tags of an image of ECR that is named by a tag or a digest; none where there is no such image. */
  tagsOf(image: string): Promise<readonly string[]>;
}

/** Alarms of CloudWatch, to be put. */
export interface Alarms {
  /** Those whose names begin so, of every type. */
  find(prefix: string): Promise<readonly KnownAlarm[]>;
  /** Of alarms and of dashboards, by ARN; what is gone meanwhile has none. */
  tags(arns: readonly string[]): Promise<ReadonlyMap<string, Tags>>;
  /** @param tags for an alarm that is made; those of one that exists stay as they are */
  put(settings: AlarmSettings, tags?: Tags): Promise<void>;
  /** No error when they are gone. */
  delete(names: readonly string[]): Promise<void>;
}

/** Dashboards of CloudWatch, which belong to the account and to no region. */
export interface Dashboards {
  /** The body is JSON. */
  find(name: string): Promise<{ readonly arn: string; readonly body: string } | undefined>;
  /** @param tags for a dashboard that is made; those of one that exists stay as they are */
  put(name: string, body: string, tags?: Tags): Promise<void>;
  /** No error when it is gone. */
  delete(name: string): Promise<void>;
}
