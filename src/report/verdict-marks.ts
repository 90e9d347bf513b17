import type { Verdict } from '../rollout/judge/finding.ts';

/** How a verdict is shown in a table. */
export const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  pass: '✅',
  fail: '❌',
  abort: '⛔',
  undecided: '➖',
  'no-evidence': '❔',
};
