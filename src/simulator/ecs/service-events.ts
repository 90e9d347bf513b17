import { uuid } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import type { ServiceRecord, TaskRecord } from './model.ts';

const EVENTS_KEPT = 100;

/**
 * Adds an event to a service, which AWS begins with the service's name: `(service web) has started 1 tasks: …`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
 */
export function say(kernel: Kernel, service: ServiceRecord, message: string): void {
  service.events.unshift({
    id: uuid(kernel.random),
    createdAt: new Date(kernel.events.now),
    message: `(service ${service.name}) ${message}`,
  });
  service.events.length = Math.min(service.events.length, EVENTS_KEPT);
}

/** `(task 0f…) (task 1a…)`. */
export const named = (tasks: readonly TaskRecord[]): string =>
  tasks.map(({ id }) => `(task ${id})`).join(' ');

/** Says that those of the tasks that are registered with load balancers drain. */
export function sayDeregistered(kernel: Kernel, service: ServiceRecord, tasks: readonly TaskRecord[]): void {
  // A task is registered just before it counts as started.
  const registered = tasks.filter((task) => task.targets.length > 0 && task.startedAt !== undefined);
  if (registered.length === 0) return;
  say(kernel, service, `has begun draining connections on ${registered.length} tasks.`);
  const groups = registered.flatMap((task) => task.targets.map((target) => target.groupArn));
  for (const groupArn of new Set(groups)) {
    say(kernel, service, `deregistered ${registered.length} targets in (target-group ${groupArn})`);
  }
}
