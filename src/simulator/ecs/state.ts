import type { Secret, Service } from '@aws-sdk/client-ecs';
import type { LoadBalancing } from '../elbv2/state.ts';
import type { LogStore } from '../logs/store.ts';
import type { SimulatorContext } from '../operation.ts';
import type { Behaviour } from '../traffic/behaviour.ts';
import type { Network } from '../traffic/endpoint.ts';
import type { Kernel } from '../world/kernel.ts';
import { StaleViews } from '../world/stale-views.ts';
import type { TagStore } from '../world/tags.ts';
import { clusterNotFound, foreignAccount, foreignRegion, serviceNotFound } from './errors.ts';
import type { ClusterRecord, ServiceRecord, TaskDefinitionRecord, TaskRecord } from './model.ts';
import type { Processes } from './processes.ts';
import type { Programs } from './programs.ts';

/** Everything that Amazon ECS knows in this account. */
export class ContainerService {
  readonly kernel: Kernel;
  readonly tags: TagStore;
  readonly network: Network;
  readonly balancing: LoadBalancing;
  readonly behaviours: Readonly<Record<string, Behaviour>>;
  readonly programs: Programs;
  readonly processes: Processes;
  readonly logs: LogStore;
  /** How many further calls of RunTask find no capacity. */
  callsWithoutCapacity = 0;
  /** What tasks do by the values that they get at their start, where the scenario says so. */
  behaviourBySecrets = (behaviour: Behaviour, _secrets: readonly Secret[]): Behaviour => behaviour;
  readonly clusters = new Map<string, ClusterRecord>();
  /** By family, in the order of the revisions. */
  readonly families = new Map<string, TaskDefinitionRecord[]>();
  /** By ARN; an INACTIVE service stays until its name is used again. */
  readonly services = new Map<string, ServiceRecord>();
  readonly tasks = new Map<string, TaskRecord>();
  readonly tasksByAddress = new Map<string, TaskRecord>();
  readonly serviceViews: StaleViews<Service>;
  /** The state of a CloudWatch alarm at a time. */
  readonly alarmState: NonNullable<SimulatorContext['alarmState']>;

  constructor(
    kernel: Kernel,
    tags: TagStore,
    network: Network,
    balancing: LoadBalancing,
    behaviours: Readonly<Record<string, Behaviour>>,
    programs: Programs,
    processes: Processes,
    logs: LogStore,
    alarmState: SimulatorContext['alarmState'],
  ) {
    this.kernel = kernel;
    this.tags = tags;
    this.network = network;
    this.balancing = balancing;
    this.behaviours = behaviours;
    this.programs = programs;
    this.processes = processes;
    this.logs = logs;
    this.serviceViews = new StaleViews(kernel);
    this.alarmState = alarmState ?? (() => undefined);
  }

  /** Whether something has the ARN; a service that was deleted is still known, and is not there. */
  has(arn: string): boolean {
    const service = this.services.get(arn);
    if (service) return service.status !== 'INACTIVE';
    return this.tasks.has(arn) || this.findTaskDefinition(arn) !== undefined;
  }

  /** @param reference a cluster's name or ARN; without it the cluster `default` */
  cluster(reference: string | undefined): ClusterRecord {
    const [, region, account, ofArn] =
      /^arn:[^:]+:ecs:([^:]*):([^:]*):cluster\/(.*)$/.exec(reference ?? '') ?? [];
    if (region !== undefined && region !== this.kernel.region) throw foreignRegion();
    if (account !== undefined && account !== this.kernel.accountId)
      throw foreignAccount(account, this.kernel.accountId);
    const name = ofArn ?? reference ?? 'default';
    const cluster = this.clusters.get(name);
    if (cluster === undefined || cluster.status !== 'ACTIVE') throw clusterNotFound();
    return cluster;
  }

  /** @param reference a service's name or ARN */
  findService(cluster: ClusterRecord, reference: string | undefined): ServiceRecord | undefined {
    return this.services.get(this.serviceArn(cluster, reference ?? ''));
  }

  service(cluster: ClusterRecord, reference: string | undefined): ServiceRecord {
    const service = this.findService(cluster, reference);
    if (service === undefined) throw serviceNotFound();
    return service;
  }

  serviceArn(cluster: ClusterRecord, reference: string): string {
    if (reference.startsWith('arn:')) return reference;
    return this.kernel.arn('ecs', `service/${cluster.name}/${reference}`);
  }

  /** @param reference `family`, which means its latest active revision, `family:revision` or an ARN */
  findTaskDefinition(reference: string): TaskDefinitionRecord | undefined {
    const name = reference.replace(/^arn:[^/]*:task-definition\//, '');
    const [family = '', revision] = name.split(':');
    const revisions = this.families.get(family) ?? [];
    if (revision === undefined) return revisions.findLast((record) => record.definition.status === 'ACTIVE');
    return revisions.find((record) => record.revision === Number(revision));
  }
}
