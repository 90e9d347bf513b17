import { scalingOperations } from '../autoscaling/operations.ts';
import { Scaler } from '../autoscaling/scaler.ts';
import type { ScalingState } from '../autoscaling/state.ts';
import { stackOperations } from '../cloudformation/operations.ts';
import { Edge } from '../cloudfront/edge.ts';
import { distributionOperations } from '../cloudfront/operations.ts';
import { networkOperations } from '../ec2/operations.ts';
import { VpcNetwork } from '../ec2/vpc-network.ts';
import { registryOperations } from '../ecr/operations.ts';
import { Registries } from '../ecr/registries.ts';
import { logTargetOf } from '../ecs/log-driver.ts';
import { containerOperations } from '../ecs/operations.ts';
import { Processes } from '../ecs/processes.ts';
import { ServiceScheduler } from '../ecs/service-scheduler.ts';
import { ContainerService } from '../ecs/state.ts';
import { cacheOperations } from '../elasticache/operations.ts';
import { Caches } from '../elasticache/state.ts';
import type { RoutedRequest } from '../elbv2/conditions.ts';
import { limitOperations } from '../elbv2/limits.ts';
import { loadBalancingOperations } from '../elbv2/operations.ts';
import { findListener } from '../elbv2/routing.ts';
import { LoadBalancing } from '../elbv2/state.ts';
import { USUAL_ROLES } from '../iam/model.ts';
import { roleOperations } from '../iam/operations.ts';
import { liveTailOperations } from '../logs/live-tail.ts';
import { logOperations } from '../logs/operations.ts';
import { LogStore } from '../logs/store.ts';
import type { Call, Operation, Operations, SimulatorContext, World } from '../operation.ts';
import { databaseOperations } from '../rds/operations.ts';
import { Databases } from '../rds/state.ts';
import { Buckets } from '../s3/buckets.ts';
import { bucketOperations } from '../s3/operations.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { secretOperations } from '../secrets-manager/operations.ts';
import { Secrets } from '../secrets-manager/secrets.ts';
import { quotasOf } from '../service-quotas/model.ts';
import { quotaOperations } from '../service-quotas/operations.ts';
import { tellUsage } from '../service-quotas/usage.ts';
import { topicOperations } from '../sns/operations.ts';
import { Topics } from '../sns/topics.ts';
import { parameterOperations } from '../ssm/operations.ts';
import { ParameterStore } from '../ssm/state.ts';
import { taggingOperations } from '../tagging/operations.ts';
import { STEADY } from '../traffic/behaviour.ts';
import { Network } from '../traffic/endpoint.ts';
import { UserLedger } from '../traffic/ledger.ts';
import { Traffic, type UserAnswer } from '../traffic/traffic.ts';
import { writeGivenMetrics } from './given-metrics.ts';
import { createKernel } from './kernel.ts';
import { Pulse } from './pulse.ts';
import { behaviourBySecrets } from './secret-behaviours.ts';
import { settleBalancing } from './settle-balancing.ts';
import { settleParameters } from './settle-parameters.ts';
import { settleScaling } from './settle-scaling.ts';
import { settleServices } from './settle-services.ts';
import { TagStore } from './tags.ts';

/** Longer than any lag of describes behind writes, in ms. */
const SETTLING = 600_000;

/** Whether a task definition's awslogs driver writes to the group. */
const isNamedByDefinition = (state: ContainerService, region: string, name: string): boolean =>
  [...state.families.values()].flat().some(({ definition }) =>
    definition.containerDefinitions?.some((container) => {
      const target = logTargetOf(container, state.kernel.region);
      return target?.group === name && target.region === region && !target.createsGroup;
    }),
  );

/** Which listener a real request goes to. */
export interface Door {
  /** The load balancer's name or ARN. */
  readonly loadBalancer: string;
  readonly port: number;
}

/** The simulated AWS, and what only a simulation knows: what its users saw. */
export interface SimulatedWorld extends World {
  readonly scenario: Scenario;
  readonly users: UserLedger;
  /** What was published on the topics of SNS. */
  readonly topics: Pick<Topics, 'messages'>;
  /** What is in the buckets of S3. */
  readonly buckets: Buckets;
  /** What users of CloudFront see at the clock's time. */
  readonly edge: Pick<Edge, 'get'>;
  /** The world's time: of the last `advance`, in ms since the epoch. */
  readonly now: number;
  /**
   * Sends one request through a listener, by its rules and weights, to a task's behaviour.
   *
   * @throws Error when there is no such listener
   */
  request(door: Door, request: RoutedRequest): UserAnswer;
}

/**
 * Makes the world that a scenario describes, settled at the time that the context's clock shows now, with the
 * metrics of its recent past already written.
 *
 * @throws Error when the scenario refers to something that it does not have
 */
export function createWorld(context: SimulatorContext, scenario: Scenario): SimulatedWorld {
  const start = context.clock.now();
  const born = start - scenario.history;
  // What is built before that has spread by then: describes of it do not lag.
  const kernel = createKernel(context, born - SETTLING, scenario.consistencyLag);
  const tags = new TagStore(kernel);
  const network = new Network();
  const behaviours = Object.fromEntries(
    Object.entries(scenario.behaviours).map(([image, behaviour]) => [image, { ...STEADY, ...behaviour }]),
  );
  const balancing = new LoadBalancing(kernel, tags, network, scenario.propagation);
  const pulse = new Pulse(context.clock, (now) => kernel.events.advance(now));
  const processes = new Processes(pulse);
  const logs = new LogStore(kernel, (region, name) =>
    scenario.logGroups === undefined
      ? isNamedByDefinition(containers, region, name)
      : scenario.logGroups.includes(name),
  );
  const containers: ContainerService = new ContainerService(
    kernel,
    tags,
    network,
    balancing,
    behaviours,
    scenario.programs ?? {},
    processes,
    logs,
    context.alarmState,
  );
  containers.callsWithoutCapacity = scenario.callsWithoutCapacity ?? 0;
  const scheduler = new ServiceScheduler(containers);
  const users = new UserLedger();
  const traffic = new Traffic(kernel, balancing, scenario.traffic, users, scenario.slowOver, start);
  const scaling: ScalingState = {
    targets: new Map(),
    policies: new Map(),
    schedule: new Map(),
    activities: [],
  };
  const scaler = new Scaler(kernel, scaling, containers, scheduler, traffic.utilization.cpu);
  const registries = new Registries(context, scenario.repositories ?? {});
  const groups = settleBalancing(scenario, balancing, born);
  settleServices(scenario, containers, scheduler, groups, born);
  settleScaling(scenario, kernel, scaling, scaler, start);
  const parameters = new ParameterStore(kernel, context.clock);
  const unreadable = settleParameters(scenario, parameters, start);
  const secrets = new Secrets(kernel, scenario.secrets ?? {}, start);
  containers.behaviourBySecrets = behaviourBySecrets(secrets, scenario.secretBehaviours ?? {});
  const vpcs = new VpcNetwork(scenario, kernel);
  const quotas = quotasOf(scenario.quotas);
  const topics = new Topics(kernel, scenario.topics ?? {});
  const buckets = new Buckets(kernel, scenario.buckets ?? {});
  const edge = new Edge(kernel, buckets, scenario.distributions ?? {});
  const databases = new Databases(kernel, scenario.databases ?? {}, start);
  const caches = new Caches(kernel, scenario.caches ?? {}, start);
  kernel.events.advance(born);
  writeGivenMetrics(kernel, scenario.metrics ?? [], start);
  traffic.begin();
  tellUsage(kernel, quotas);
  kernel.events.advance(start);
  scaler.begin();

  /** Operations see the world as it is when their call arrives, even if nobody advanced it before. */
  const upToDate = (operations: Operations): Operations =>
    Object.fromEntries(
      Object.entries(operations).map(([name, operation]): [string, Operation] => [
        name,
        (input: never, call: Call) => {
          kernel.events.advance(call.now);
          return operation(input, call);
        },
      ]),
    );

  return {
    scenario,
    users,
    topics,
    buckets,
    edge: {
      get: (path, id) => {
        kernel.events.advance(context.clock.now());
        return edge.get(path, id);
      },
    },
    get now() {
      return kernel.events.now;
    },
    advance: (now) => kernel.events.advance(now),
    services: {
      ECS: upToDate(containerOperations(containers, scheduler)),
      'Elastic Load Balancing v2': upToDate({
        ...loadBalancingOperations(balancing),
        ...limitOperations(scenario.balancingLimits ?? {}),
      }),
      'Application Auto Scaling': upToDate(scalingOperations(kernel, scaling, scaler, tags)),
      CloudFormation: stackOperations(scenario.stacks ?? {}),
      'CloudWatch Logs': upToDate({ ...logOperations(logs), ...liveTailOperations(kernel, logs, pulse) }),
      ECR: registryOperations(registries),
      SSM: upToDate(parameterOperations(parameters, tags, unreadable)),
      'Secrets Manager': upToDate(secretOperations(secrets)),
      EC2: networkOperations(vpcs),
      IAM: roleOperations(scenario.rolePolicies ?? USUAL_ROLES),
      'Service Quotas': quotaOperations(quotas),
      RDS: databaseOperations(databases),
      ElastiCache: cacheOperations(caches),
      S3: upToDate(bucketOperations(buckets)),
      CloudFront: upToDate(distributionOperations(edge)),
      SNS: upToDate(topicOperations(topics)),
      'Resource Groups Tagging API': upToDate(taggingOperations(tags)),
    },
    ...(scenario.roles && { roles: scenario.roles }),
    registry: (accountId, region) => registries.front(accountId, region),
    tagsOf: (arn) => {
      const service = arn.split(':')[2];
      if (service === 'rds') return databases.tagsOf(arn);
      if (service === 'elasticache') return caches.tagsOf(arn);
      if (service === 'secretsmanager') return secrets.tagsOf(arn);
      const state =
        service === 'ecs' ? containers : service === 'elasticloadbalancing' ? balancing : undefined;
      return state === undefined || state.has(arn) ? tags.current(arn) : undefined;
    },
    taskDefinition: (reference) => containers.findTaskDefinition(reference)?.definition,
    close: async () => {
      await Promise.all([registries.close(), pulse.close(), processes.close()]);
    },
    request(door, request) {
      const listener = findListener(balancing, door.loadBalancer, door.port);
      if (listener === undefined) {
        throw new Error(`The load balancer ${door.loadBalancer} has no listener on port ${door.port}`);
      }
      return traffic.request(listener, request);
    },
  };
}
