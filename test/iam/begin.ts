import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { RECORDS } from './records.ts';

/** What an earlier run of the whole suite has recorded goes; a run of some of its files adds to it. */
export default function begin({ vitest, config }: TestProject): void {
  const { filenamePattern } = vitest as { filenamePattern?: readonly string[] };
  const suite = config.env['IAM_RECORD'];
  if (suite !== undefined && filenamePattern === undefined) {
    rmSync(join(RECORDS, suite), { recursive: true, force: true });
  }
}
