import type { LoadBalancing } from '../elbv2/state.ts';
import type { Endpoint } from './endpoint.ts';
import { cpuPercent } from './load.ts';
import type { TrafficMetrics } from './metrics.ts';

const MINUTE = 60_000;
const MINUTES_KEPT = 30;

/** How busy the tasks are, and how many targets are healthy. */
export class Utilization {
  /** Average CPU in percent of the last minutes by `cluster/service`, the latest last. */
  readonly cpu = new Map<string, number[]>();
  readonly #balancing: LoadBalancing;
  readonly #metrics: TrafficMetrics;
  readonly #served = new Map<Endpoint, number>();

  constructor(balancing: LoadBalancing, metrics: TrafficMetrics) {
    this.#balancing = balancing;
    this.#metrics = metrics;
  }

  /** Notes requests that an endpoint works on. */
  serve(endpoint: Endpoint, requests: number): void {
    this.#served.set(endpoint, (this.#served.get(endpoint) ?? 0) + requests);
  }

  /** Healthy and unhealthy targets of every group that a load balancer uses, at the time `at` (ms). */
  countHosts(at: number): void {
    for (const group of this.#balancing.targetGroups.values()) {
      const counted = [...group.targets.values()].filter((target) => target.state !== 'draining');
      if (counted.length === 0) continue;
      const healthy = counted.filter((target) => target.state === 'healthy').length;
      for (const arn of this.#balancing.loadBalancersOf(group.arn)) {
        const loadBalancer = this.#balancing.loadBalancers.get(arn)?.dimension ?? '';
        this.#metrics.hosts(at, loadBalancer, group.dimension, healthy, counted.length - healthy);
      }
    }
  }

  /** CPU and memory of every task of a service over the minute that began at `from` (ms). */
  measureTasks(from: number): void {
    const services = new Map<string, number[]>();
    for (const endpoint of this.#balancing.network.all()) {
      if (endpoint.service === undefined || endpoint.runningSince === undefined) continue;
      const conduct = this.#balancing.network.conduct(endpoint, from + MINUTE) ?? endpoint.behaviour;
      const cpu = cpuPercent((this.#served.get(endpoint) ?? 0) / 60 / conduct.capacity);
      this.#metrics.task(from, endpoint.cluster, endpoint.service, cpu, conduct.memory * 100);
      const key = `${endpoint.cluster}/${endpoint.service}`;
      services.set(key, [...(services.get(key) ?? []), cpu]);
    }
    this.#served.clear();
    for (const [service, values] of services) {
      const average = values.reduce((sum, value) => sum + value, 0) / values.length;
      this.cpu.set(service, [...(this.cpu.get(service) ?? []), average].slice(-MINUTES_KEPT));
    }
  }
}
