import { firstDue } from '../../schedule/occurrences.ts';
import { primaryOf, type ServiceRecord } from '../ecs/model.ts';
import type { ServiceScheduler } from '../ecs/service-scheduler.ts';
import type { ContainerService } from '../ecs/state.ts';
import { uuid } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import {
  type PolicyRecord,
  policyKey,
  type ScalableTargetRecord,
  type ScalingState,
  type ScheduledActionRecord,
} from './state.ts';

const MINUTE = 60_000;
const DEFAULT_COOLDOWN = 300;
/** Target tracking scales out after 3 minutes above its target and in after 15 minutes below 90% of it. */
const MINUTES_ABOVE = 3;
const MINUTES_BELOW = 15;
const SCALE_IN_AT = 0.9;

/**
 * Holds services at the CPU that their target-tracking policies name.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
 */
export class Scaler {
  readonly #kernel: Kernel;
  readonly #state: ScalingState;
  readonly #containers: ContainerService;
  readonly #scheduler: ServiceScheduler;
  readonly #cpu: ReadonlyMap<string, readonly number[]>;

  /** @param cpu average CPU in percent of the last minutes by `cluster/service`, the latest last */
  constructor(
    kernel: Kernel,
    state: ScalingState,
    containers: ContainerService,
    scheduler: ServiceScheduler,
    cpu: ReadonlyMap<string, readonly number[]>,
  ) {
    this.#kernel = kernel;
    this.#state = state;
    this.#containers = containers;
    this.#scheduler = scheduler;
    this.#cpu = cpu;
  }

  /** Looks at every policy once a minute from now on. */
  begin(): void {
    // CPU of a minute is known some seconds after its end.
    const next = Math.floor(this.#kernel.events.now / MINUTE) * MINUTE + MINUTE + 5_000;
    this.#kernel.events.at(next, () => {
      for (const target of this.#state.targets.values()) this.#hold(target);
      this.begin();
    });
  }

  /** The service that a scalable target stands for, while it can be scaled. */
  service(resourceId: string): ServiceRecord | undefined {
    const [, cluster = '', name = ''] = resourceId.split('/');
    const service = this.#containers.services.get(
      this.#containers.kernel.arn('ecs', `service/${cluster}/${name}`),
    );
    return service?.status === 'ACTIVE' ? service : undefined;
  }

  /** Brings a service's desired count within the bounds, as registering a scalable target does. */
  clamp(target: ScalableTargetRecord, cause = 'minimum or maximum capacity was changed'): void {
    const service = this.service(target.resourceId);
    if (service === undefined) return;
    const wanted = Math.min(target.max, Math.max(target.min, service.desiredCount));
    if (wanted === service.desiredCount) return;
    this.#scale(service, target, wanted, cause);
  }

  /** Waits for the next time that a scheduled action is due; one that was replaced or deleted does nothing then. */
  await(action: ScheduledActionRecord, from = this.#kernel.events.now): void {
    const due = firstDue(action, from, Number.POSITIVE_INFINITY);
    if (due === undefined) return;
    this.#kernel.events.at(due, () => {
      if (this.#state.schedule.get(policyKey(action.resourceId, action.name)) !== action) return;
      this.#carryOut(action);
      this.await(action, due);
    });
  }

  /** What is due while scheduled scaling is suspended is lost. */
  #carryOut({ name, resourceId, min, max }: ScheduledActionRecord): void {
    const target = this.#state.targets.get(resourceId);
    if (target === undefined || target.suspended.ScheduledScalingSuspended) return;
    const bounds = { min: min ?? target.min, max: max ?? target.max };
    if (bounds.min > bounds.max) return;
    const set = [
      ...(min === undefined ? [] : [`min capacity to ${min}`]),
      ...(max === undefined ? [] : [`max capacity to ${max}`]),
    ].join(' and ');
    this.#record(resourceId, `Setting ${set}`, `scheduled action name ${name} was triggered`);
    Object.assign(target, bounds);
    this.clamp(
      target,
      min === undefined ? `maximum capacity was set to ${max}` : `minimum capacity was set to ${min}`,
    );
  }

  #hold(target: ScalableTargetRecord): void {
    const service = this.service(target.resourceId);
    if (service === undefined) return;
    const policies = [...this.#state.policies.values()].filter(
      (policy) => policy.resourceId === target.resourceId,
    );
    const cpu = this.#cpu.get(`${service.cluster.name}/${service.name}`) ?? [];
    for (const policy of policies) {
      if (this.#scaleOut(service, target, policy, cpu)) return;
    }
    // Scaling in needs all policies to agree: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
    if (policies.length > 0 && policies.every((policy) => this.#mayScaleIn(service, target, policy, cpu))) {
      const wanted = Math.max(
        ...policies.map((policy) => this.#fitting(service, policy, cpu.slice(-MINUTES_BELOW))),
      );
      const capacity = Math.max(target.min, wanted);
      if (capacity >= service.desiredCount) return;
      for (const policy of policies) policy.scaledInAt = this.#kernel.events.now;
      this.#scale(
        service,
        target,
        capacity,
        `monitor alarm ${policies[0]?.alarms[1]?.AlarmName ?? ''} in state ALARM`,
      );
    }
  }

  #scaleOut(
    service: ServiceRecord,
    target: ScalableTargetRecord,
    policy: PolicyRecord,
    cpu: readonly number[],
  ): boolean {
    const { TargetValue: goal = 0, ScaleOutCooldown: cooldown = DEFAULT_COOLDOWN } = policy.configuration;
    const recent = cpu.slice(-MINUTES_ABOVE);
    if (target.suspended.DynamicScalingOutSuspended) return false;
    if (recent.length < MINUTES_ABOVE || recent.some((value) => value <= goal)) return false;
    if (this.#kernel.events.now < policy.scaledOutAt + cooldown * 1000) return false;
    const wanted = Math.min(target.max, this.#fitting(service, policy, recent));
    if (wanted <= service.desiredCount) return false;
    policy.scaledOutAt = this.#kernel.events.now;
    this.#scale(service, target, wanted, `monitor alarm ${policy.alarms[0]?.AlarmName ?? ''} in state ALARM`);
    return true;
  }

  #mayScaleIn(
    service: ServiceRecord,
    target: ScalableTargetRecord,
    policy: PolicyRecord,
    cpu: readonly number[],
  ): boolean {
    const {
      TargetValue: goal = 0,
      ScaleInCooldown: cooldown = DEFAULT_COOLDOWN,
      DisableScaleIn,
    } = policy.configuration;
    if (DisableScaleIn || target.suspended.DynamicScalingInSuspended) return false;
    // "Application Auto Scaling turns off scale-in processes while Amazon ECS deployments are in progress."
    if (primaryOf(service)?.rolloutState === 'IN_PROGRESS') return false;
    const recent = cpu.slice(-MINUTES_BELOW);
    if (recent.length < MINUTES_BELOW || recent.some((value) => value >= goal * SCALE_IN_AT)) return false;
    const cooled = Math.max(policy.scaledInAt, policy.scaledOutAt) + cooldown * 1000;
    return this.#kernel.events.now >= cooled;
  }

  /** How many tasks would bring the average to the target. */
  #fitting(service: ServiceRecord, policy: PolicyRecord, cpu: readonly number[]): number {
    const average = cpu.reduce((sum, value) => sum + value, 0) / Math.max(1, cpu.length);
    return Math.ceil((service.desiredCount * average) / (policy.configuration.TargetValue ?? 1));
  }

  #scale(service: ServiceRecord, target: ScalableTargetRecord, wanted: number, cause: string): void {
    this.#record(target.resourceId, `Setting desired count to ${wanted}.`, cause);
    service.desiredCount = wanted;
    this.#scheduler.poke(service);
  }

  #record(resourceId: string, description: string, cause: string): void {
    const { now } = this.#kernel.events;
    this.#state.activities.unshift({
      id: uuid(this.#kernel.random),
      resourceId,
      at: now,
      description,
      cause,
    });
  }
}
