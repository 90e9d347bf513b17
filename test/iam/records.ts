import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { IamRequest } from './requests.ts';

/** Where the suites leave what they have recorded, each in a directory of its own. */
export const RECORDS = resolve(import.meta.dirname, '../../build/iam');

/** One distinct call. */
export interface RecordedNeed {
  /** The action that made it, as its user agent says. */
  readonly action: string;
  /** The SDK's service id and the operation. */
  readonly operation: string;
  /** The role that was assumed for it, when it was not made with the job's own credentials. */
  readonly caller?: string;
  /** What IAM is asked; undefined for an operation of which that is not known. */
  readonly requests?: readonly IamRequest[];
}

/** All that a suite has recorded; nothing when it has not run. */
export function recordsOf(suite: string): readonly RecordedNeed[] {
  const directory = join(RECORDS, suite);
  if (!existsSync(directory)) return [];
  const lines = readdirSync(directory).flatMap((file) =>
    readFileSync(join(directory, file), 'utf8').split('\n'),
  );
  return [...new Set(lines)].filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedNeed);
}
