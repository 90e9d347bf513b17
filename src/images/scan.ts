import type { Problem } from '../errors.ts';

/** From the worst on. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'informational'] as const;
/** `undefined`: the scanner found something and does not say how bad it is. */
export type Severity = (typeof SEVERITIES)[number] | 'undefined';

/** One weakness that a scanner found in an image. */
export interface Vulnerability {
  /** `CVE-2024-1234`, or a name that the scanner's database has. */
  readonly id: string;
  readonly severity: Severity;
  readonly packageName?: string;
  readonly version?: string;
  /** The version that mends it. */
  readonly fixedIn?: string;
  readonly url?: string;
}

/** A weakness that may be there until a day has passed. */
export interface Exception {
  readonly id: string;
  /** The end of the last day on which it holds, in UTC (ms). */
  readonly until: number;
  readonly day: string;
}

const FORM = 'write a line such as CVE-2024-1234 until 2026-12-31 # why it does not matter here';

/** Reads an allow list; every line has to end one day, so that what was waved through once comes up again. */
export function readExceptions(lines: readonly (readonly [number: number, line: string])[]): {
  readonly exceptions: readonly Exception[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const exceptions: Exception[] = [];
  for (const [number, line] of lines) {
    const [, id, day] = /^(\S+)\s+until\s+(\d{4}-\d\d-\d\d)$/i.exec(line) ?? [];
    const until = day === undefined ? Number.NaN : Date.parse(`${day}T23:59:59.999Z`);
    // Date.parse takes the 31st of every month.
    const exists = !Number.isNaN(until) && new Date(until).toISOString().startsWith(day ?? ' ');
    if (id !== undefined && day !== undefined && exists) exceptions.push({ id, until, day });
    else {
      const wrong = day !== undefined && !exists ? `there is no day ${day}` : FORM;
      problems.push({ input: `allow-findings line ${number}`, message: `"${line}": ${wrong}` });
    }
  }
  return { exceptions, problems };
}

/** What is to be done about the findings of a scan. */
export interface ScanJudgement {
  /** At or above the severity that fails, with no exception that holds; the worst first. */
  readonly failing: readonly Vulnerability[];
  /** Would be failing, but for an exception. */
  readonly excepted: readonly { readonly found: Vulnerability; readonly exception: Exception }[];
  readonly below: readonly Vulnerability[];
  /** Exceptions whose last day is over and whose weakness is still there. */
  readonly expired: readonly Exception[];
  /** Exceptions whose weakness is not there any more. */
  readonly needless: readonly Exception[];
}

/**
 * @param failOn the mildest severity that fails; one that the scanner does not say counts as the worst
 * @param now ms since the epoch
 */
export function judgeScan(
  found: readonly Vulnerability[],
  failOn: (typeof SEVERITIES)[number],
  exceptions: readonly Exception[],
  now: number,
): ScanJudgement {
  const rank = (severity: Severity) => (severity === 'undefined' ? 0 : SEVERITIES.indexOf(severity));
  const sorted = found.toSorted((a, b) => rank(a.severity) - rank(b.severity) || (a.id < b.id ? -1 : 1));
  const serious = sorted.filter(({ severity }) => rank(severity) <= SEVERITIES.indexOf(failOn));
  // Of two for one weakness the longer one holds.
  const holding = new Map(
    exceptions
      .filter(({ until }) => now <= until)
      .toSorted((a, b) => a.until - b.until)
      .map((each) => [each.id, each]),
  );
  const names = new Set(found.map(({ id }) => id));
  return {
    failing: serious.filter(({ id }) => !holding.has(id)),
    excepted: serious.flatMap((each) => {
      const exception = holding.get(each.id);
      return exception ? [{ found: each, exception }] : [];
    }),
    below: sorted.filter((each) => !serious.includes(each)),
    expired: exceptions.filter(({ id, until }) => now > until && names.has(id) && !holding.has(id)),
    needless: exceptions.filter(({ id }) => !names.has(id)),
  };
}
