import type { Reporter } from '../../src/ports.ts';

const nothing = () => undefined;

/** Says nothing and keeps nothing. Tests put their own ears in place of what they want to hear. */
export const QUIET: Reporter = {
  info: nothing,
  notice: nothing,
  warning: nothing,
  error: nothing,
  startGroup: nothing,
  endGroup: nothing,
  mask: nothing,
  output: nothing,
  summary: async () => undefined,
  saveState: nothing,
  state: () => '',
};
