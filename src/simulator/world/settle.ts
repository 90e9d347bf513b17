import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { addScalableTarget, putPolicy } from '../autoscaling/operations.ts';
import { DESIRED_COUNT, type ScalingState } from '../autoscaling/state.ts';
import type { DeploymentRecord, ServiceDeploymentRecord, ServiceRecord } from '../ecs/model.ts';
import { addCluster } from '../ecs/operations.ts';
import type { ServiceScheduler } from '../ecs/service-scheduler.ts';
import { addService } from '../ecs/services.ts';
import type { ContainerService } from '../ecs/state.ts';
import { addTaskDefinition } from '../ecs/task-definitions.ts';
import { normalizeActions } from '../elbv2/actions.ts';
import { normalizeConditions } from '../elbv2/conditions.ts';
import { addListener, addLoadBalancer } from '../elbv2/load-balancers.ts';
import { addRule } from '../elbv2/rules.ts';
import type { LoadBalancing } from '../elbv2/state.ts';
import { addTargetGroup } from '../elbv2/target-groups.ts';
import type {
  Scenario,
  ScenarioAction,
  ScenarioPastDeployment,
  ScenarioRule,
  ScenarioScalableTarget,
  ScenarioService,
  ScenarioTargetGroup,
} from '../scenario/scenario.ts';

const DAY = 86_400_000;
const A_DEPLOYMENT_TAKES = 240_000;

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** Tags as a list, for the inputs that take them. */
const listOf = (tags: Readonly<Record<string, string>> | undefined): { Key: string; Value: string }[] =>
  Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));

/** Builds everything that a scenario says exists, as if it had been there for long. */
export class Settlement {
  readonly #scenario: Scenario;
  readonly #balancing: LoadBalancing;
  readonly #containers: ContainerService;
  readonly #scheduler: ServiceScheduler;
  readonly #scaling: ScalingState;
  /** When the scenario begins, in ms; what exists is older. */
  readonly #start: number;
  readonly #groups = new Map<string, string>();

  constructor(
    scenario: Scenario,
    balancing: LoadBalancing,
    containers: ContainerService,
    scheduler: ServiceScheduler,
    scaling: ScalingState,
    start: number,
  ) {
    this.#scenario = scenario;
    this.#balancing = balancing;
    this.#containers = containers;
    this.#scheduler = scheduler;
    this.#scaling = scaling;
    this.#start = start;
  }

  /** @throws Error that names what the scenario refers to but does not have */
  build(): void {
    const scenario = this.#scenario;
    for (const cluster of scenario.clusters) addCluster(this.#containers, cluster);
    for (const group of scenario.targetGroups) this.#addTargetGroup(group);
    for (const balancer of scenario.loadBalancers) {
      const record = addLoadBalancer(this.#balancing, balancer.name, this.#start - 30 * DAY);
      this.#balancing.tags.add(record.arn, Object.entries(balancer.tags ?? {}));
      for (const { port, protocol = 'HTTP', rules = [], ...action } of balancer.listeners) {
        const listener = addListener(
          this.#balancing,
          record,
          { port, protocol, certificates: [], sslPolicy: undefined },
          this.#actions(action, record.arn),
        );
        for (const rule of rules) {
          const added = addRule(this.#balancing, listener, {
            listenerArn: listener.arn,
            priority: rule.priority,
            conditions: this.#conditions(rule),
            actions: this.#actions(rule, record.arn),
            transforms: [],
          });
          if (rule.tags) this.#balancing.tags.add(added.arn, Object.entries(rule.tags));
        }
      }
    }
    for (const definition of scenario.taskDefinitions) {
      addTaskDefinition(
        this.#containers,
        {
          family: definition.family,
          requiresCompatibilities: ['FARGATE'],
          networkMode: 'awsvpc',
          cpu: definition.cpu ?? '256',
          memory: definition.memory ?? '512',
          executionRoleArn: `arn:aws:iam::${this.#containers.kernel.accountId}:role/ecsTaskExecutionRole`,
          containerDefinitions: [...definition.containers],
          ...(definition.tags
            ? { tags: listOf(definition.tags).map(({ Key, Value }) => ({ key: Key, value: Value })) }
            : {}),
        },
        this.#start - 20 * DAY,
      );
    }
    for (const service of scenario.services) this.#addService(service);
    for (const target of scenario.scalableTargets) this.#addScalableTarget(target);
  }

  #addScalableTarget(target: ScenarioScalableTarget): void {
    const { kernel } = this.#containers;
    const resourceId = `service/${target.service}`;
    addScalableTarget(kernel, this.#scaling, resourceId, { min: target.min, max: target.max });
    if (target.cpu === undefined) return;
    putPolicy(kernel, this.#scaling, {
      PolicyName: 'cpu',
      ServiceNamespace: 'ecs',
      ResourceId: resourceId,
      ScalableDimension: DESIRED_COUNT,
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: target.cpu,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        ScaleOutCooldown: seconds(target.scaleOutCooldown),
        ScaleInCooldown: seconds(target.scaleInCooldown),
      },
    });
  }

  #addTargetGroup(group: ScenarioTargetGroup): void {
    const { healthCheck = {} } = group;
    const record = addTargetGroup(this.#balancing, {
      Name: group.name,
      Protocol: 'HTTP',
      Port: group.port ?? 80,
      VpcId: 'vpc-0a1b2c3d4e5f60718',
      TargetType: 'ip',
      HealthCheckPath: healthCheck.path ?? '/',
      HealthCheckIntervalSeconds: seconds(healthCheck.interval),
      HealthCheckTimeoutSeconds: seconds(healthCheck.timeout),
      HealthyThresholdCount: healthCheck.healthyThreshold,
      UnhealthyThresholdCount: healthCheck.unhealthyThreshold,
      ...(healthCheck.codes === undefined ? {} : { Matcher: { HttpCode: healthCheck.codes } }),
      ...(group.tags ? { Tags: listOf(group.tags) } : {}),
    });
    if (group.deregistrationDelay !== undefined) {
      record.attributes.set('deregistration_delay.timeout_seconds', String(group.deregistrationDelay / 1000));
    }
    for (const [key, value] of Object.entries(group.attributes ?? {})) record.attributes.set(key, value);
    this.#groups.set(group.name, record.arn);
  }

  #groupArn(name: string): string {
    const arn = this.#groups.get(name);
    if (arn === undefined) throw new Error(`The scenario has no target group "${name}"`);
    return arn;
  }

  #actions(action: ScenarioAction, loadBalancerArn: string): Action[] {
    const TargetGroups = action.forward.map(({ targetGroup, weight }) => ({
      TargetGroupArn: this.#groupArn(targetGroup),
      Weight: weight,
    }));
    const stickiness =
      action.stickiness === undefined
        ? { Enabled: false }
        : { Enabled: true, DurationSeconds: Math.round(action.stickiness / 1000) };
    const forward: Action = {
      Type: 'forward',
      ForwardConfig: { TargetGroups, TargetGroupStickinessConfig: stickiness },
    };
    return normalizeActions([forward], loadBalancerArn, this.#balancing);
  }

  #conditions(rule: ScenarioRule): RuleCondition[] {
    const conditions: RuleCondition[] = [];
    if (rule.path) conditions.push({ Field: 'path-pattern', Values: [...rule.path] });
    if (rule.host) conditions.push({ Field: 'host-header', Values: [...rule.host] });
    if (rule.header) {
      const { name, values } = rule.header;
      conditions.push({
        Field: 'http-header',
        HttpHeaderConfig: { HttpHeaderName: name, Values: [...values] },
      });
    }
    return normalizeConditions(conditions);
  }

  #addService(wanted: ScenarioService): void {
    const deployedAt = this.#start - (wanted.deployedAgo ?? DAY);
    const history = wanted.history ?? [];
    const createdAt = Math.min(deployedAt, this.#start - (history[0]?.ago ?? 0));
    const service = addService(
      this.#containers,
      this.#containers.cluster(wanted.cluster),
      {
        serviceName: wanted.name,
        taskDefinition: wanted.taskDefinition,
        desiredCount: wanted.desiredCount,
        launchType: 'FARGATE',
        loadBalancers: (wanted.targetGroups ?? []).map(({ name, container, port }) => ({
          targetGroupArn: this.#groupArn(name),
          containerName: container,
          containerPort: port,
        })),
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1b2c3d4e5f60718'],
            securityGroups: ['sg-0a1b2c3d4e5f60718'],
            assignPublicIp: 'DISABLED',
          },
        },
        deploymentConfiguration: {
          minimumHealthyPercent: wanted.minimumHealthyPercent ?? 100,
          maximumPercent: wanted.maximumPercent ?? 200,
          deploymentCircuitBreaker: {
            enable: wanted.circuitBreaker !== undefined,
            rollback: wanted.circuitBreaker?.rollback ?? false,
          },
        },
        ...(wanted.gracePeriod === undefined
          ? {}
          : { healthCheckGracePeriodSeconds: wanted.gracePeriod / 1000 }),
        ...(wanted.tags
          ? { tags: listOf(wanted.tags).map(({ Key, Value }) => ({ key: Key, value: Value })) }
          : {}),
      },
      createdAt,
    );
    for (const past of history) this.#past(service, past);
    const current = this.#past(service, {
      taskDefinition: wanted.taskDefinition,
      ago: this.#start - deployedAt,
      status: 'SUCCESSFUL',
    });
    service.steady = true;
    for (let started = 0; started < wanted.desiredCount; started++) {
      this.#scheduler.life.startSettled(
        { cluster: service.cluster, definition: service.taskDefinition, service, deployment: current },
        deployedAt + 60_000,
      );
    }
    this.#scheduler.say(service, `(service ${service.name}) has reached a steady state.`);
  }

  /** A deployment that has ended. */
  #past(service: ServiceRecord, past: ScenarioPastDeployment): DeploymentRecord {
    const definition = this.#containers.findTaskDefinition(past.taskDefinition);
    if (definition === undefined) {
      throw new Error(`The scenario has no task definition "${past.taskDefinition}" for ${service.name}`);
    }
    const at = this.#start - past.ago;
    service.taskDefinition = definition;
    const revision = this.#scheduler.newRevision(service, at);
    const record: ServiceDeploymentRecord = this.#scheduler.newServiceDeployment(service, revision, at);
    record.startedAt = at + 1_000;
    record.updatedAt = at + A_DEPLOYMENT_TAKES;
    record.finishedAt = record.updatedAt;
    record.status = past.status;
    if (record.breaker === 'MONITORING') record.breaker = 'MONITORING_COMPLETE';
    const deployment = this.#scheduler.newDeployment(revision, record, at);
    deployment.rolloutState = 'COMPLETED';
    deployment.rolloutStateReason = `ECS deployment ${deployment.id} completed.`;
    deployment.updatedAt = record.updatedAt;
    if (past.status === 'SUCCESSFUL') {
      service.lastCompleted = revision;
      service.deployments = [deployment];
    } else {
      record.stoppedAt = record.finishedAt;
      if (past.status === 'ROLLBACK_SUCCESSFUL' && service.lastCompleted) {
        record.breaker = 'TRIGGERED';
        record.rollback = {
          reason: 'Service deployment rolled back because the circuit breaker threshold was exceeded.',
          startedAt: at + A_DEPLOYMENT_TAKES / 2,
          revision: service.lastCompleted,
        };
      }
      if (service.lastCompleted) service.taskDefinition = service.lastCompleted.taskDefinition;
    }
    return deployment;
  }
}
