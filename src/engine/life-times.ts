import type { EcsService, Services } from '../ports.ts';
import type { Lives } from '../rollout/judge/evidence.ts';
import { StoppedTasks } from './stopped-tasks.ts';

const MINUTE = 60_000;
/** ECS tells of stopped tasks for an hour, so that is how far back stable's crashes are known from the start. */
const TOLD_FOR_MS = 60 * MINUTE;

/** How long both sides' tasks have been running, and which of stable's have crashed meanwhile. */
export class LifeTimes {
  readonly #stopped: StoppedTasks;
  #since: number | undefined;
  #lookedAt: number | undefined;
  #canaryMs = 0;
  #stableMs: number;

  constructor(services: Pick<Services, 'stopped'>, stable: EcsService) {
    this.#stopped = new StoppedTasks(services, { past: true });
    this.#stableMs = TOLD_FOR_MS * stable.running;
  }

  get known(): Lives {
    return {
      since: this.#since ?? Number.POSITIVE_INFINITY,
      canaryTaskMinutes: this.#canaryMs / MINUTE,
      stableTaskMinutes: this.#stableMs / MINUTE,
      stableCrashes: this.#stopped.crashes,
    };
  }

  async look(stable: EcsService, canary: EcsService | undefined, now: number): Promise<void> {
    const passed = this.#lookedAt === undefined ? 0 : now - this.#lookedAt;
    this.#lookedAt = now;
    this.#since ??= now;
    this.#stableMs += passed * stable.running;
    // Tasks that crash before they run had their chance, too.
    this.#canaryMs += passed * Math.max(canary?.running ?? 0, canary?.desired ?? 0);
    await this.#stopped.look(stable);
  }
}
