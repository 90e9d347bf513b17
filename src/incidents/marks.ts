import { BAD_ENDS, type BadEnd, type Subject } from './incident.ts';

/**
 * What is written into issues and comments so that later runs find it again: HTML comments, which nobody sees. No text
 * in them can end them.
 */

/** One incident in the list of an issue. */
export interface Entry {
  /** Id of the workflow run, by which a run finds what it has written before. */
  readonly run: number;
  readonly at: number;
  readonly outcome: BadEnd;
  readonly failed: string;
  readonly reason: string;
}

/** The first line of an issue's body. */
export const issueMark = ({ region, cluster, service }: Subject): string =>
  `<!-- deploy-actions incident ${[region, cluster, service].map(encodeURIComponent).join('/')} -->`;

/** Where the head of an entry ends. */
export const HISTORY_MARK = '<!-- deploy-actions incident-history -->';
export const DETAILS_MARK = '<!-- deploy-actions incident-details -->';

export const resolvedMark = (run: number): string => `<!-- deploy-actions incident-resolved run=${run} -->`;

/** So much of a reason stands in the list. */
const LONGEST_REASON = 200;

export function entryMark({ run, at, outcome, failed, reason }: Entry): string {
  const words = encodeURIComponent(
    JSON.stringify({ failed, reason: reason.toWellFormed().slice(0, LONGEST_REASON).toWellFormed() }),
  );
  return `<!-- deploy-actions incident-entry run=${run} at=${at} outcome=${outcome} ${words} -->`;
}

/** @returns undefined when the text is not one of ours */
export function readEntry(text: string): Entry | undefined {
  const [, run, at, outcome, words = ''] =
    /^<!-- deploy-actions incident-entry run=(\d+) at=(\d+) outcome=([a-z-]+) (\S+) -->$/m.exec(text) ?? [];
  const end = BAD_ENDS.find((each) => each === outcome);
  // The largest time that a date can have.
  if (end === undefined || Number(at) > 8.64e15) return undefined;
  try {
    const { failed, reason } = JSON.parse(decodeURIComponent(words)) as Record<string, unknown>;
    if (typeof failed !== 'string' || typeof reason !== 'string') return undefined;
    return { run: Number(run), at: Number(at), outcome: end, failed, reason };
  } catch {
    return undefined;
  }
}
