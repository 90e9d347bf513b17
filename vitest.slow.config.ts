import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes half a minute or more, about the longest first, so that nobody waits for the last of them in the end, and
 * what computes beside what waits.
 */
const LONG = [
  'test/sweep/kills',
  'test/migrations/presets-node',
  'test/migrations/presets-java',
  'test/judge/end-to-end',
  'test/sweep/faults',
  'test/bundle/canary-autoscaling',
  'test/workflows/examples',
  'test/conformance/backup-moto',
  'test/migrations/',
  'test/images/',
  'test/sweep/',
  'test/task-run/real-tasks',
  'test/workflows/',
  'test/actions/',
  'test/watch/chance',
  'test/bundle/monitor',
  'test/bundle/incident',
  'test/github/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((path) => moduleId.includes(path));
      return found === -1 ? LONG.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

/**
 * The slow suites, side by side: faults and kills all through a rollout, the staged release in act, the migration
 * tools, Docker, the adapters against moto and boto3. Minutes, not seconds.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.slow.ts', 'test/sweep/**/*.sweep.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    // More than CI has cores: half of the files wait more than they compute.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // What the actions call is written down for test/iam.
    env: { IAM_RECORD: 'slow' },
    globalSetup: 'test/iam/begin.ts',
    setupFiles: 'test/iam/record.ts',
    disableConsoleIntercept: true,
  },
});
