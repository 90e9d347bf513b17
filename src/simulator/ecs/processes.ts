import type { Pulse } from '../world/pulse.ts';
import { startDocker } from './docker.ts';
import {
  type LiveContainer,
  type ProcessListener,
  type RunningContainer,
  startProcess,
} from './process-group.ts';
import type { Launch } from './programs.ts';

/**
 * Containers that run as processes of this machine. Each is a process group of its own, which ends with its first
 * process, as a container does.
 */
export class Processes {
  readonly #pulse: Pulse;
  readonly #live = new Set<LiveContainer>();

  constructor(pulse: Pulse) {
    this.#pulse = pulse;
  }

  /** The world's time goes on by itself until the function that it gives is called. */
  keepTime(): () => void {
    return this.#pulse.keep();
  }

  /** Starts a container. `listener` is called with the world's time brought up to now, and not after `close`. */
  start(launch: Launch, listener: ProcessListener): RunningContainer {
    const told: ProcessListener = {
      output: (from, chunk) => {
        if (this.#pulse.closed) return;
        this.#pulse.catchUp();
        listener.output(from, chunk);
      },
      ended: (end) => {
        this.#live.delete(container);
        if (this.#pulse.closed) return;
        this.#pulse.catchUp();
        listener.ended(end);
      },
    };
    const container = launch.engine === undefined ? startProcess(launch, told) : startDocker(launch, told);
    this.#live.add(container);
    return container;
  }

  /** Kills everything that still runs, and waits for its end. The pulse has to be closed before. */
  async close(): Promise<void> {
    const left = [...this.#live];
    for (const container of left) container.kill();
    await Promise.all(left.map(({ gone }) => gone));
  }
}
