import type {
  Action,
  LoadBalancer,
  RuleCondition,
  RuleTransform,
  TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Scheduled } from '../world/queue.ts';

export interface LoadBalancerRecord {
  readonly arn: string;
  readonly name: string;
  /** The dimension value of its metrics: `app/name/id`. */
  readonly dimension: string;
  readonly description: LoadBalancer;
}

export interface RuleRecord {
  readonly arn: string;
  readonly listenerArn: string;
  priority: number | 'default';
  conditions: RuleCondition[];
  actions: Action[];
  /** What the load balancer's nodes act by: a write reaches them after a while. `undefined` before the first has. */
  served: Action[] | undefined;
  /** When the last write reaches them, in ms. */
  servedFrom: number;
  transforms: RuleTransform[];
}

export interface ListenerRecord {
  readonly arn: string;
  readonly loadBalancerArn: string;
  port: number;
  protocol: 'HTTP' | 'HTTPS';
  certificates: string[];
  sslPolicy: string | undefined;
  /** Ordered by priority, the default rule last. */
  rules: RuleRecord[];
}

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'draining';

export interface TargetRecord {
  readonly id: string;
  readonly port: number;
  readonly zone: string | undefined;
  state: TargetState;
  reason: 'Target.ResponseCodeMismatch' | 'Target.Timeout' | 'Target.FailedHealthChecks' | undefined;
  description: string | undefined;
  /** Health checks passed or failed in a row. */
  passes: number;
  failures: number;
  next: Scheduled | undefined;
}

export interface TargetGroupRecord {
  readonly arn: string;
  readonly name: string;
  /** The dimension value of its metrics: `targetgroup/name/id`. */
  readonly dimension: string;
  /** As described, without the load balancers: those follow from the rules. */
  settings: TargetGroup;
  readonly attributes: Map<string, string>;
  /** By `id:port`. */
  readonly targets: Map<string, TargetRecord>;
}

/** The target groups with their weights that an action forwards to; empty for other actions. */
export const forwardsOf = (action: Action): { arn: string; weight: number }[] =>
  (action.ForwardConfig?.TargetGroups ?? []).map((group) => ({
    arn: group.TargetGroupArn ?? '',
    weight: group.Weight ?? 1,
  }));
