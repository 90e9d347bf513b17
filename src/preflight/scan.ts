import { type Exception, judgeScan, type SEVERITIES, type Vulnerability } from '../images/scan.ts';
import { printable } from '../taskdef/shape.ts';
import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen, warn } from './finding.ts';

/** How far a registry is with scanning an image. */
export type ScanFacts =
  | { readonly kind: 'done'; readonly found: readonly Vulnerability[] }
  | { readonly kind: 'not-done'; readonly why: string };

export interface ScanRules {
  readonly failOn: (typeof SEVERITIES)[number] | 'none';
  readonly exceptions: readonly Exception[];
}

/** @param now ms since the epoch */
export function checkScans(
  scans: readonly { readonly container: string; readonly scan: Seen<ScanFacts> }[],
  { failOn, exceptions }: ScanRules,
  now: number,
): readonly Finding[] {
  const check = 'scan';
  if (failOn === 'none') return [skip(check, 'fail-on is none')];
  if (scans.length === 0) return [skip(check, 'no image of ECR could be looked at')];
  return scans.flatMap(({ container, scan }): Finding[] => {
    if (isUnseen(scan)) return [unseen(check, `the scan of the image of ${container}`, scan)];
    if (scan.kind === 'not-done') {
      return [
        warn(
          check,
          `nothing is known of weaknesses in the image of ${container}: ${printable(scan.why)}`,
          'Turn scan on push on for the repository, or push the image by ecr-push with fail-on, which waits for the scan.',
        ),
      ];
    }
    const { failing, excepted, expired } = judgeScan(scan.found, failOn, exceptions, now);
    const over = expired.map(({ id, day }) =>
      warn(
        check,
        `${printable(id)} was let pass until ${day}, which is over`,
        'Update what has it, or give it another day in allow-findings.',
      ),
    );
    if (failing.length === 0) {
      const passing = excepted.length === 0 ? '' : `; ${excepted.length} let pass by allow-findings`;
      return [pass(check, `${container}: nothing at or above ${failOn}${passing}`), ...over];
    }
    const shown = failing.slice(0, 3).map(({ id, severity }) => `${id} (${severity})`);
    const more = failing.length > shown.length ? ` and ${failing.length - shown.length} more` : '';
    return [
      fail(
        check,
        printable(
          `the image of ${container} has ${failing.length} at or above ${failOn}: ${shown.join(', ')}${more}`,
        ),
        'Update what has them. What does not matter here may pass until a day: allow-findings takes lines such as CVE-2024-1234 until 2026-12-31.',
      ),
      ...over,
    ];
  });
}
