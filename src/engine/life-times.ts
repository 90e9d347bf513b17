import type { EcsService, Services } from '../ports.ts';
import { isCrash, type Lives, type StoppedTask } from '../rollout/judge/evidence.ts';

const MINUTE = 60_000;
/** ECS tells of stopped tasks for an hour, so that is how far back stable's crashes are known from the start. */
const TOLD_FOR_MS = 60 * MINUTE;

/** How long both sides' tasks have been running, and which of stable's have crashed meanwhile. */
export class LifeTimes {
  readonly #services: Services;
  readonly #known = new Set<string>();
  readonly #crashes: StoppedTask[] = [];
  #newestEvent: string | undefined;
  #since: number | undefined;
  #lookedAt: number | undefined;
  #canaryMs = 0;
  #stableMs: number;

  constructor(services: Services, stable: EcsService) {
    this.#services = services;
    this.#stableMs = TOLD_FOR_MS * stable.running;
  }

  get known(): Lives {
    return {
      since: this.#since ?? Number.POSITIVE_INFINITY,
      canaryTaskMinutes: this.#canaryMs / MINUTE,
      stableTaskMinutes: this.#stableMs / MINUTE,
      stableCrashes: this.#crashes,
    };
  }

  async look(stable: EcsService, canary: EcsService | undefined, now: number): Promise<void> {
    const passed = this.#lookedAt === undefined ? 0 : now - this.#lookedAt;
    this.#lookedAt = now;
    this.#since ??= now;
    this.#stableMs += passed * stable.running;
    // Tasks that crash before they run had their chance, too.
    this.#canaryMs += passed * Math.max(canary?.running ?? 0, canary?.desired ?? 0);
    const newest = stable.events[0]?.id ?? '';
    // ECS says in an event when it replaces a task; only then is it asked which tasks have stopped.
    if (newest === this.#newestEvent && stable.running >= stable.desired) return;
    const stopped = await this.#services.stopped(stable.cluster, stable.name, this.#known);
    this.#newestEvent = newest;
    for (const task of stopped) {
      this.#known.add(task.arn);
      if (isCrash(task)) this.#crashes.push(task);
    }
  }
}
