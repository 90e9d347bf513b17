import type { CheckName } from './checks.ts';

/** How a finding counts; `skip` is for what was not looked at, which nobody asked for. */
export type Level = 'pass' | 'skip' | 'warn' | 'fail';

/** One thing that a check has found out. */
export interface Finding {
  readonly check: CheckName;
  readonly level: Level;
  /** What is so, in a sentence without a full stop. */
  readonly what: string;
  /** What somebody has to do about it. */
  readonly fix?: string;
}

export const pass = (check: CheckName, what: string): Finding => ({ check, level: 'pass', what });
export const skip = (check: CheckName, what: string): Finding => ({ check, level: 'skip', what });
export const warn = (check: CheckName, what: string, fix: string): Finding => ({
  check,
  level: 'warn',
  what,
  fix,
});
export const fail = (check: CheckName, what: string, fix: string): Finding => ({
  check,
  level: 'fail',
  what,
  fix,
});

/** What AWS did not let us look at, or did not answer. */
export interface Unseen {
  /** Why, without a full stop. */
  readonly unseen: string;
  /** The permission to allow, or what else helps. */
  readonly fix: string;
}

/** A fact, where it could be found out. */
export type Seen<Fact> = Fact | Unseen;

export const isUnseen = (fact: unknown): fact is Unseen =>
  typeof fact === 'object' && fact !== null && 'unseen' in fact;

/** What cannot be looked at is not known to be right, and not known to be wrong. */
export const unseen = (check: CheckName, subject: string, { unseen: why, fix }: Unseen): Finding =>
  warn(check, `${subject} could not be looked at: ${why}`, fix);
