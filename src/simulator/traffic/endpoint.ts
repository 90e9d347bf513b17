import { type Behaviour, type Conduct, conductAt, type HealthAnswer } from './behaviour.ts';

/** A process that listens on an address inside the network: the application container of a task. */
export interface Endpoint {
  readonly cluster: string;
  /** The ECS service of the task, if it belongs to one. */
  readonly service: string | undefined;
  /** `family:revision` of its task definition. */
  readonly revision: string;
  readonly behaviour: Behaviour;
  /** When the container started, in ms; `undefined` before that and after it exited. */
  runningSince: number | undefined;
}

/** Who listens where, and how much of the traffic each revision gets. */
export class Network {
  readonly #endpoints = new Map<string, Endpoint>();
  /** Share of its load balancer's requests by revision; written by the traffic, read by behaviours. */
  readonly shares = new Map<string, number>();

  open(address: string, endpoint: Endpoint): void {
    this.#endpoints.set(address, endpoint);
  }

  close(address: string): void {
    this.#endpoints.delete(address);
  }

  at(address: string): Endpoint | undefined {
    return this.#endpoints.get(address);
  }

  all(): Iterable<Endpoint> {
    return this.#endpoints.values();
  }

  /** How the endpoint answers now; `undefined` while nothing listens. */
  conduct(endpoint: Endpoint | undefined, now: number): Conduct | undefined {
    if (endpoint?.runningSince === undefined) return undefined;
    const age = now - endpoint.runningSince;
    if (age < endpoint.behaviour.startup) return undefined;
    return conductAt(endpoint.behaviour, age, this.shares.get(endpoint.revision) ?? 0);
  }

  /** What a health check of the address sees. */
  probe(address: string, now: number): HealthAnswer {
    return this.conduct(this.at(address), now)?.healthCheck ?? { kind: 'refused' };
  }
}
