import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    maxWorkers: 2,
    // What the actions call is written down for test/iam.
    env: { IAM_RECORD: 'fast' },
    globalSetup: 'test/iam/begin.ts',
    setupFiles: 'test/iam/record.ts',
    // Files share what they import, which takes a fifth of the time otherwise; none changes what others see.
    isolate: false,
  },
});
