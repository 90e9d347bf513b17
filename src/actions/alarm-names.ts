import type { InputReader } from './input-reader.ts';
import { foreignRegion, shown } from './job-region.ts';

/**
 * Reads `alarms`: names, one a line, as a comma may be part of one. CloudWatch finds alarms by their names only, and by
 * that of an ARN perhaps one in another account.
 *
 * @param region of the job
 */
export function readAlarmNames(reader: InputReader, region: string | undefined): readonly string[] {
  const names = [...new Set(reader.list('alarms', /\n/).map((line) => line.replace(/^- /, '')))];
  for (const name of names) {
    const [, own] = /^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/.exec(name) ?? [];
    if (own === undefined) continue;
    const foreign = foreignRegion(name, region);
    reader.problem('alarms', foreign ?? `${shown(name)} is an ARN; write the name of the alarm, ${own}`);
  }
  return names;
}
