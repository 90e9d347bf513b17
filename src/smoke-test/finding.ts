import type { Json } from '../taskdef/definition.ts';

/** One way in which an answer is not as expected. */
export type Finding = {
  /** The part of it: `status`, `json items[0].id`, `header Content-Type`. */
  readonly what: string;
} & (
  | { readonly expected: string; readonly actual: string }
  /** A sentence that fits after `what`. */
  | { readonly message: string }
);

/** A value as JSON. */
export const shown = (value: Json): string => JSON.stringify(value);

export const differs = (what: string, expected: string, actual: string): Finding => ({
  what,
  expected,
  actual,
});

const LONGEST_VALUE = 200;
const LONGEST_MESSAGE = 600;

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}… (${text.length} characters)` : text;

/**
 * A finding in a line that is not too long.
 *
 * @param safe takes secrets out, which has to happen before anything is cut: half a secret is no longer known as one
 */
export function sentenceOf(finding: Finding, safe: (text: string) => string): string {
  const what = safe(finding.what);
  if ('message' in finding) return `${what}: ${cut(safe(finding.message), LONGEST_MESSAGE)}`;
  const [expected, actual] = [finding.expected, finding.actual].map((text) => cut(safe(text), LONGEST_VALUE));
  return `${what}: expected ${expected}, got ${actual}`;
}
