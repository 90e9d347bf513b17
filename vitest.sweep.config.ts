import { defineConfig } from 'vitest/config';

/** The slow sweep: a fault, and a kill, at each call of a whole rollout in turn. Minutes, not seconds. */
export default defineConfig({
  test: {
    include: ['test/sweep/**/*.sweep.ts'],
    testTimeout: 900_000,
    maxWorkers: 2,
    disableConsoleIntercept: true,
  },
});
