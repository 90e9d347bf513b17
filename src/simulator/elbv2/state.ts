import type { Rule, TargetGroup, TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
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

/** Everything that Elastic Load Balancing knows in this account. */
export class LoadBalancing {
  readonly kernel: Kernel;
  readonly tags: TagStore;
  readonly network: Network;
  readonly loadBalancers = new Map<string, LoadBalancerRecord>();
  readonly listeners = new Map<string, ListenerRecord>();
  readonly rules = new Map<string, RuleRecord>();
  readonly targetGroups = new Map<string, TargetGroupRecord>();
  /** What describes may still show after a write. */
  readonly ruleViews: StaleViews<Rule>;
  readonly healthViews: StaleViews<TargetHealthDescription[]>;
  readonly targetGroupViews: StaleViews<TargetGroup>;
  /** Grows with every change that may send requests elsewhere. */
  routingVersion = 0;
  readonly #beforeRoutingChange: (() => void)[] = [];
  readonly #onTargetChange: ((groupArn: string, targetId: string) => void)[] = [];
  #inUse: { version: number; byGroup: Map<string, Set<string>> } | undefined;

  constructor(kernel: Kernel, tags: TagStore, network: Network) {
    this.kernel = kernel;
    this.tags = tags;
    this.network = network;
    this.ruleViews = new StaleViews(kernel);
    this.healthViews = new StaleViews(kernel);
    this.targetGroupViews = new StaleViews(kernel);
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

  targetChanged(groupArn: string, targetId: string): void {
    for (const hear of this.#onTargetChange) hear(groupArn, targetId);
  }

  /** The load balancers whose rules name the target group, whatever its weight there. */
  loadBalancersOf(groupArn: string): string[] {
    if (this.#inUse?.version !== this.routingVersion) {
      const byGroup = new Map<string, Set<string>>();
      for (const rule of this.rules.values()) {
        const loadBalancer = this.listeners.get(rule.listenerArn)?.loadBalancerArn;
        if (loadBalancer === undefined) continue;
        for (const { arn } of rule.actions.flatMap(forwardsOf)) {
          const users = byGroup.get(arn) ?? new Set();
          byGroup.set(arn, users.add(loadBalancer));
        }
      }
      this.#inUse = { version: this.routingVersion, byGroup };
    }
    return [...(this.#inUse.byGroup.get(groupArn) ?? [])];
  }
}
