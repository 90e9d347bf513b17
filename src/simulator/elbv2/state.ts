import type { Rule, TargetGroup, TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import { randomOf } from '../random.ts';
import type { Network } from '../traffic/endpoint.ts';
import type { Kernel } from '../world/kernel.ts';
import { StaleViews } from '../world/stale-views.ts';
import type { TagStore } from '../world/tags.ts';
import {
  forwardsOf,
  type ListenerRecord,
  type LoadBalancerRecord,
  type RuleRecord,
  type TargetGroupRecord,
} from './model.ts';

/** How long it takes, in ms, until the nodes of a load balancer act by a rule that was written. */
export interface Propagation {
  readonly min: number;
  readonly max: number;
}

const PROPAGATION: Propagation = { min: 0, max: 3_000 };

/** Everything that Elastic Load Balancing knows in this account. */
export class LoadBalancing {
  readonly kernel: Kernel;
  readonly tags: TagStore;
  readonly network: Network;
  readonly loadBalancers = new Map<string, LoadBalancerRecord>();
  readonly listeners = new Map<string, ListenerRecord>();
  readonly rules = new Map<string, RuleRecord>();
  readonly targetGroups = new Map<string, TargetGroupRecord>();
  /** Deleted, and without targets; the load balancers' nodes may still send requests there. */
  readonly formerTargetGroups = new Map<string, TargetGroupRecord>();
  /** What describes may still show after a write. */
  readonly ruleViews: StaleViews<Rule>;
  readonly healthViews: StaleViews<TargetHealthDescription[]>;
  readonly targetGroupViews: StaleViews<TargetGroup>;
  /** Grows with every change that may send requests elsewhere. */
  routingVersion = 0;
  readonly #beforeRoutingChange: (() => void)[] = [];
  readonly #onTargetChange: ((groupArn: string, targetId: string) => void)[] = [];
  #inUse: { version: number; byGroup: Map<string, Set<string>>; served: Set<string> } | undefined;

  readonly #propagation: Propagation;
  #writes = 0;

  constructor(kernel: Kernel, tags: TagStore, network: Network, propagation: Propagation = PROPAGATION) {
    this.kernel = kernel;
    this.#propagation = propagation;
    this.tags = tags;
    this.network = network;
    this.ruleViews = new StaleViews(kernel);
    this.healthViews = new StaleViews(kernel);
    this.targetGroupViews = new StaleViews(kernel);
  }

  /** Whether something has the ARN, whatever describes show. */
  has(arn: string): boolean {
    return [this.loadBalancers, this.listeners, this.rules, this.targetGroups].some((all) => all.has(arn));
  }

  /** `hear` runs before anything changes where requests go, so that those so far are sent the old way. */
  beforeRoutingChange(hear: () => void): void {
    this.#beforeRoutingChange.push(hear);
  }

  /** `hear` runs after a target changed its health or left its group. */
  onTargetChange(hear: (groupArn: string, targetId: string) => void): void {
    this.#onTargetChange.push(hear);
  }

  /** To be called before every change of rules, listeners or targets. */
  routingChanges(): void {
    for (const hear of this.#beforeRoutingChange) hear();
    this.routingVersion++;
  }

  /**
   * Lets the load balancers' nodes act by a rule's actions as they are now, after the time that a write takes to reach
   * them. Writes of a rule arrive in their order.
   */
  spread(rule: RuleRecord): void {
    const { min, max } = this.#propagation;
    const { events } = this.kernel;
    // Drawn by the seed, which is in the ARN, without taking from the numbers that everything else is drawn from.
    const delay = min + randomOf(this.#writes++, rule.arn) * (max - min);
    const { actions } = rule;
    const at = Math.max(events.now + Math.round(delay), rule.servedFrom);
    rule.servedFrom = at;
    if (at <= events.now) {
      rule.served = actions;
      return;
    }
    events.at(at, () => {
      this.routingChanges();
      rule.served = actions;
    });
  }

  targetChanged(groupArn: string, targetId: string): void {
    for (const hear of this.#onTargetChange) hear(groupArn, targetId);
  }

  /** The load balancers whose rules name the target group, whatever its weight there. */
  loadBalancersOf(groupArn: string): string[] {
    return [...(this.#uses().byGroup.get(groupArn) ?? [])];
  }

  /** Whether a rule names the target group, or the nodes of a load balancer, which check its targets, still act by one. */
  isServed(groupArn: string): boolean {
    const { byGroup, served } = this.#uses();
    return byGroup.has(groupArn) || served.has(groupArn);
  }

  #uses() {
    if (this.#inUse?.version === this.routingVersion) return this.#inUse;
    const byGroup = new Map<string, Set<string>>();
    const served = new Set<string>();
    for (const rule of this.rules.values()) {
      const loadBalancer = this.listeners.get(rule.listenerArn)?.loadBalancerArn;
      if (loadBalancer === undefined) continue;
      for (const { arn } of rule.actions.flatMap(forwardsOf)) {
        const users = byGroup.get(arn) ?? new Set();
        byGroup.set(arn, users.add(loadBalancer));
      }
      for (const { arn } of (rule.served ?? []).flatMap(forwardsOf)) served.add(arn);
    }
    this.#inUse = { version: this.routingVersion, byGroup, served };
    return this.#inUse;
  }
}
