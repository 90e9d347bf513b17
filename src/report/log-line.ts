import { printable } from '../taskdef/shape.ts';
import { withoutAccountIds } from './account-ids.ts';
import { bounded } from './bounded.ts';

const LONGEST = 300;
/** What is looked at for it; a line may have a megabyte. */
const READ = 2_000;

/** What is likely a secret, by what stands before it or by how it looks; the first group stays. */
const SECRETS: readonly RegExp[] = [
  // Where a scheme or a scheme with user names it: `//user:password@host`, `Bearer abc`.
  /(\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g,
  /(\b(?:bearer|basic)\s+)[\w.~+/=-]+/gi,
  // `password=abc`, `"token": "abc"`, `api_key: abc`
  /((?:pass(?:word|wd)?|secret|token|api[-_]?key|access[-_]?key|credentials?|authorization|cookie)\w*["']?\s*[:=]\s*)(?!(?:bearer|basic)\b)(?:"[^"]*"|'[^']*'|[^\s,;&"'}]+)/gi,
  // Access keys of AWS and JSON Web Tokens.
  /()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /()\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
];

/**
 * A line of an application's log, as a report may show it: one line, cut, without account ids and without what looks like
 * a secret. What an application prints is its own; this is no promise.
 */
export function shownLine(text: string): string {
  const line = SECRETS.reduce(
    (rest, secret) => rest.replace(secret, '$1***'),
    printable(text.slice(0, READ)).trim(),
  );
  return bounded(withoutAccountIds(line), LONGEST);
}
