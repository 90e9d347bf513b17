import type { EcsService, Services } from '../ports.ts';
import { isCrash, type StoppedTask } from '../rollout/judge/evidence.ts';

/** Tasks of a service that have stopped by themselves. */
export class StoppedTasks {
  readonly #services: Pick<Services, 'stopped'>;
  readonly #crashes = new Map<string, StoppedTask>();
  readonly #known = new Set<string>();
  #newestEvent: string | undefined;

  /** @param past whether those count as well that had stopped before: ECS tells of them for an hour */
  constructor(services: Pick<Services, 'stopped'>, { past = false }: { readonly past?: boolean } = {}) {
    this.#services = services;
    this.#newestEvent = past ? undefined : '';
  }

  get crashes(): readonly StoppedTask[] {
    return [...this.#crashes.values()];
  }

  /**
   * ECS says in an event when it replaces a task; only then is it asked which tasks have stopped.
   *
   * @param deployments those whose tasks count; all if not given
   */
  async look(service: EcsService, deployments?: ReadonlySet<string>): Promise<void> {
    const newest = service.events[0]?.id ?? '';
    if (newest === this.#newestEvent && service.running >= service.desired) return;
    const stopped = await this.#services.stopped(service.cluster, service.name, this.#known);
    this.#newestEvent = newest;
    for (const task of stopped) {
      this.#known.add(task.arn);
      const counts = deployments?.has(task.startedBy) ?? true;
      if (counts && isCrash(task)) this.#crashes.set(task.arn, task);
    }
  }
}
