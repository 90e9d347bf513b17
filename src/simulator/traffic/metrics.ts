import type { Kernel } from '../world/kernel.ts';
import type { LatencySample } from './latency.ts';

type Dimensions = Readonly<Record<string, string>>;

/** What happened to the requests of one target group in a stretch of time. */
export interface GroupOutcome {
  readonly loadBalancer: string;
  readonly targetGroup: string;
  readonly targets: number;
  ok: number;
  clientErrors: number;
  errors: number;
  connectionErrors: number;
  /** Closed by the target without an answer. */
  unanswered: number;
  readonly latencies: LatencySample[];
}

/**
 * Writes the metrics that an Application Load Balancer and ECS publish; nothing where nothing happened.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
export class TrafficMetrics {
  readonly #kernel: Kernel;
  readonly #dimensions = new Map<string, Dimensions>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  group(at: number, outcome: GroupOutcome): void {
    const both = this.#of({ TargetGroup: outcome.targetGroup, LoadBalancer: outcome.loadBalancer });
    const balancer = this.#of({ LoadBalancer: outcome.loadBalancer });
    const answered = outcome.ok + outcome.clientErrors + outcome.errors;
    const requests = answered + outcome.connectionErrors + outcome.unanswered;
    const perTarget = requests / Math.max(1, outcome.targets);
    this.#add('RequestCountPerTarget', both, at, perTarget, requests > 0 ? 1 : 0, 'Count');
    for (const dimensions of [both, balancer]) {
      this.#add('RequestCount', dimensions, at, 1, requests, 'Count');
      this.#add('HTTPCode_Target_2XX_Count', dimensions, at, 1, outcome.ok, 'Count');
      this.#add('HTTPCode_Target_4XX_Count', dimensions, at, 1, outcome.clientErrors, 'Count');
      this.#add('HTTPCode_Target_5XX_Count', dimensions, at, 1, outcome.errors, 'Count');
      this.#add('TargetConnectionErrorCount', dimensions, at, 1, outcome.connectionErrors, 'Count');
      for (const { ms, count } of outcome.latencies) {
        this.#add('TargetResponseTime', dimensions, at, ms / 1000, count, 'Seconds');
      }
    }
    this.refused(at, outcome.loadBalancer, 502, outcome.connectionErrors + outcome.unanswered);
  }

  /** Requests that the load balancer answered itself with 502 or 503. */
  refused(at: number, loadBalancer: string, code: 502 | 503, count: number): void {
    const dimensions = this.#of({ LoadBalancer: loadBalancer });
    this.#add('HTTPCode_ELB_5XX_Count', dimensions, at, 1, count, 'Count');
    this.#add(`HTTPCode_ELB_${code}_Count`, dimensions, at, 1, count, 'Count');
  }

  hosts(at: number, loadBalancer: string, targetGroup: string, healthy: number, unhealthy: number): void {
    const dimensions = this.#of({ TargetGroup: targetGroup, LoadBalancer: loadBalancer });
    this.#add('HealthyHostCount', dimensions, at, healthy, 1, 'Count');
    this.#add('UnHealthyHostCount', dimensions, at, unhealthy, 1, 'Count');
  }

  /** CPU and memory of one task of a service, in percent. */
  task(at: number, cluster: string, service: string, cpu: number, memory: number): void {
    const dimensions = this.#of({ ClusterName: cluster, ServiceName: service }, 'AWS/ECS');
    this.#kernel.metrics.add({
      namespace: 'AWS/ECS',
      name: 'CPUUtilization',
      dimensions,
      at,
      value: cpu,
      unit: 'Percent',
    });
    this.#kernel.metrics.add({
      namespace: 'AWS/ECS',
      name: 'MemoryUtilization',
      dimensions,
      at,
      value: memory,
      unit: 'Percent',
    });
  }

  /** The same object for the same dimensions, so that a store may know them by identity. */
  #of(dimensions: Dimensions, namespace = 'AWS/ApplicationELB'): Dimensions {
    const key = `${namespace} ${Object.values(dimensions).join(' ')}`;
    const known = this.#dimensions.get(key) ?? dimensions;
    this.#dimensions.set(key, known);
    return known;
  }

  #add(name: string, dimensions: Dimensions, at: number, value: number, count: number, unit: string): void {
    if (count <= 0) return;
    this.#kernel.metrics.add({ namespace: 'AWS/ApplicationELB', name, dimensions, at, value, count, unit });
  }
}
