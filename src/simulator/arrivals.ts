import { channel } from 'node:diagnostics_channel';
import type { Call, World } from './operation.ts';

/** A request as it arrives, before it has had any effect. */
export interface Arrival {
  /** The SDK's service id, such as `ECS`; `registry` for a request to a container registry. */
  readonly service: string;
  /** The operation; the HTTP method for a registry. */
  readonly operation: string;
  /** What was asked; `{ repository, path }` for a registry. */
  readonly input: object;
  /** Who asks, as its SDK says; for a registry, who has asked for the password. */
  readonly userAgent: string;
  readonly call: Pick<Call, 'region' | 'accountId' | 'caller'>;
  /** The world as the request finds it. */
  readonly world: Pick<World, 'tagsOf' | 'taskDefinition'>;
}

/** Where every simulator of this process tells of each request: for who wants to know what permissions a client needs. */
export const arrivals = channel('deploy-actions.simulator.arrivals');

/** Tells of a request; costs nothing while nobody listens. */
export function tell(arrival: Arrival): void {
  if (arrivals.hasSubscribers) arrivals.publish(arrival);
}
