import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    maxWorkers: 2,
    // Files share what they import, which takes a fifth of the time otherwise; none changes what others see.
    isolate: false,
  },
});
