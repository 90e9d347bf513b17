import { setTimeout as wait } from 'node:timers/promises';

/** Time as the product sees it. The adapters in this file are the only code that reads the machine's clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds of this clock, or as soon as `signal` aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** How many milliseconds of this clock pass in one real millisecond; 1 in production. */
  readonly scale: number;
}

const sleepReal = async (ms: number, signal?: AbortSignal): Promise<void> => {
  if (signal?.aborted || ms <= 0) return;
  await wait(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
};

export const systemClock: Clock = { now: () => Date.now(), sleep: sleepReal, scale: 1 };

/**
 * A clock that runs `scale` times as fast as the machine's: it reads `virtualMs` when the machine's clock
 * reads `realMs`. Processes that share the three numbers share the time.
 */
export function scaledClock(realMs: number, virtualMs: number, scale: number): Clock {
  return {
    now: () => Math.round(virtualMs + (Date.now() - realMs) * scale),
    sleep: (ms, signal) => sleepReal(ms / scale, signal),
    scale,
  };
}

/**
 * The clock that the environment asks for: the machine's, or, with `DEPLOY_ACTIONS_CLOCK="REAL_MS VIRTUAL_MS SCALE"`,
 * a scaled one, which is announced through `warn`.
 *
 * @throws Error when the variable does not hold three numbers, the last above 0
 */
export function clockFromEnvironment(env: NodeJS.ProcessEnv, warn: (message: string) => void): Clock {
  const setting = env['DEPLOY_ACTIONS_CLOCK'];
  if (!setting) return systemClock;
  const [real, virtual, scale, ...rest] = setting.trim().split(/\s+/).map(Number);
  const valid =
    [real, virtual, scale].every((n) => n !== undefined && Number.isFinite(n)) && rest.length === 0;
  if (!valid || real === undefined || virtual === undefined || scale === undefined || scale <= 0) {
    throw new Error(
      `DEPLOY_ACTIONS_CLOCK is "${setting}"; it takes three numbers, "REAL_MS VIRTUAL_MS SCALE", the last above 0`,
    );
  }
  warn(`DEPLOY_ACTIONS_CLOCK is set: time runs ${scale} times as fast as real time. Not for production.`);
  return scaledClock(real, virtual, scale);
}
