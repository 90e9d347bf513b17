import { CHECKS, type CheckName } from './checks.ts';
import type { Finding, Level } from './finding.ts';
import type { Setting } from './settings.ts';

/** One row of the table: a check and all that it has found. */
export interface Row {
  readonly check: CheckName;
  /** The worst of its findings. */
  readonly level: Level;
  readonly findings: readonly Finding[];
}

export interface Verdict {
  readonly outcome: 'passed' | 'warned' | 'failed';
  readonly rows: readonly Row[];
  readonly failed: readonly CheckName[];
  readonly warned: readonly CheckName[];
  /** In a sentence without a full stop. */
  readonly reason: string;
}

const BADNESS: readonly Level[] = ['skip', 'pass', 'warn', 'fail'];

/** A finding as the user's setting for its check lets it count. */
function counted(finding: Finding, setting: Setting | undefined): Finding {
  if (setting === 'warn' && finding.level === 'fail') return { ...finding, level: 'warn' };
  if (setting === 'fail' && finding.level === 'warn') return { ...finding, level: 'fail' };
  return finding;
}

/** Puts the findings together: a row for each check, the worst of it first. */
export function judge(findings: readonly Finding[], settings: ReadonlyMap<CheckName, Setting>): Verdict {
  const rows = CHECKS.flatMap((check): Row[] => {
    const own = findings
      .filter((each) => each.check === check)
      .map((each) => counted(each, settings.get(check)))
      .toSorted((a, b) => BADNESS.indexOf(b.level) - BADNESS.indexOf(a.level));
    const [worst] = own;
    return worst && settings.get(check) !== 'off' ? [{ check, level: worst.level, findings: own }] : [];
  });
  const of = (level: Level) => rows.filter((row) => row.level === level).map(({ check }) => check);
  const [failed, warned] = [of('fail'), of('warn')];
  const outcome = failed.length > 0 ? 'failed' : warned.length > 0 ? 'warned' : 'passed';
  return { outcome, rows, failed, warned, reason: reasonOf(rows, failed, warned) };
}

function reasonOf(rows: readonly Row[], failed: readonly CheckName[], warned: readonly CheckName[]): string {
  const looked = rows.filter(({ level }) => level !== 'skip').length;
  const checks = looked === 1 ? '1 check' : `${looked} checks`;
  const warns = `warned: ${warned.join(', ')}`;
  if (failed.length > 0) {
    const more = warned.length === 0 ? '' : `; ${warned.length} ${warns}`;
    return `${failed.length} of ${checks} failed: ${failed.join(', ')}${more}`;
  }
  return warned.length === 0 ? `${checks} passed` : `nothing failed; ${warned.length} of ${checks} ${warns}`;
}
