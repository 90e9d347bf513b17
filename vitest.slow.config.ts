import { defineConfig } from 'vitest/config';

/**
 * The slow suites, side by side: a fault and a kill at each call of a rollout in turn, the staged release in act, the
 * adapters against moto. Minutes, not seconds.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.slow.ts', 'test/sweep/**/*.sweep.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    // What the actions call is written down for test/iam.
    env: { IAM_RECORD: 'slow' },
    globalSetup: 'test/iam/begin.ts',
    setupFiles: 'test/iam/record.ts',
    disableConsoleIntercept: true,
  },
});
