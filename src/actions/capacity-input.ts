import { ConfigError } from '../errors.ts';
import type { Capacity } from '../rollout/capacity.ts';

/** Reads the input `capacity`: how many tasks a canary gets. */
export function parseCapacity(text: string): Capacity {
  if (text === 'auto' || text === 'full') return { mode: text, atLeast: 1 };
  const atLeast = Number(text);
  if (/^\d+$/.test(text) && atLeast >= 1 && atLeast <= 5_000) return { mode: 'auto', atLeast };
  throw new ConfigError({
    input: 'capacity',
    message: `"${text}" is neither auto, full, nor the number of tasks that the canary has at least`,
  });
}
