import { bounded } from '../report/bounded.ts';
import type { TaskDefinition } from '../taskdef/definition.ts';
import { printable } from '../taskdef/shape.ts';
import type { LogExcerpt } from './incident.ts';

/** Nobody reads more in an issue; whoever wants to has the log itself. */
export const MOST_LINES = 20;
const LONGEST_LINE = 500;
const MOST_BYTES = 4_000;

/** So short a value may stand anywhere. */
const SHORTEST_VALUE = 6;
/** Values that are no secrets, and that logs are full of. */
const PLAIN =
  /^(true|false|debug|info|notice|warn|warning|error|production|staging|development|test|\d{1,7})$/i;

/**
 * The last lines of an excerpt, in few enough bytes, and without the values of the container's variables and other
 * credentials: what a program was given may be a secret, and programs print it.
 *
 * @param definitions whose variables are not told
 */
export function boundedExcerpt(excerpt: LogExcerpt, definitions: readonly TaskDefinition[]): LogExcerpt {
  const hidden = withoutValues(definitions);
  const lines: LogExcerpt['lines'][number][] = [];
  let bytes = 0;
  for (const { at, text } of excerpt.lines.slice(-MOST_LINES).toReversed()) {
    const line = bounded(printable(hidden(text)).trimEnd(), LONGEST_LINE);
    bytes += Buffer.byteLength(line);
    if (bytes > MOST_BYTES && lines.length > 0) break;
    lines.unshift({ at, text: line });
  }
  return { ...excerpt, lines };
}

/**
 * Texts without the values of variables, the longest first, as one may be a part of another; and without what is a
 * credential by its form.
 */
export function withoutValues(definitions: readonly TaskDefinition[]): (text: string) => string {
  // Such as APP_NAME: without them nobody would understand a line.
  const names = new Set(
    definitions.flatMap(({ family, containerDefinitions }) => [
      family,
      ...containerDefinitions.map(({ name }) => name),
    ]),
  );
  const values = definitions
    .flatMap(({ containerDefinitions }) => containerDefinitions)
    .flatMap(({ environment }) => environment ?? [])
    .flatMap(({ value }) => (typeof value === 'string' ? [value, ...writtenAs(value)] : []))
    .filter((value) => value.trim().length >= SHORTEST_VALUE && !PLAIN.test(value.trim()))
    .filter((value) => !names.has(value));
  const known = [...new Set(values)].toSorted((a, b) => b.length - a.length);
  return (text) => withoutCredentials(known.reduce((rest, value) => rest.replaceAll(value, '***'), text));
}

/** As programs print it: line by line, as JSON, or in an address. */
const writtenAs = (value: string): readonly string[] => [
  ...value.split(/\r?\n/).map((line) => line.trim()),
  JSON.stringify(value).slice(1, -1),
  encodeURIComponent(value.toWellFormed()),
];

/** So much of a text is looked at: what comes after is shown nowhere. */
const LOOKED_AT = 20_000;

/** What is a credential by its form alone, whoever gave it to the program. */
const CREDENTIALS: readonly RegExp[] = [
  // In an address: postgres://web:PASSWORD@db
  /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{0,100}:)[^\s/]+(?=@)/gi,
  /(?<=\b(?:bearer|basic) )[\w.~+/=-]{8,}/gi,
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\b(?:gh[a-z]_|github_pat_|glpat-|xox[a-z]-|[rs]k_live_)[\w-]{10,}/g,
  // A JSON Web Token.
  /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g,
  /(?<=(?:passw(?:or)?d|passphrase)["']?\s?[:=]\s?["']?)[^\s"',;&]{4,}/gi,
  /(?<=(?:secret|token|(?:api|access|private|secret)[_-]?key)(?:["']\s?:\s?["']|=["']?))[^\s"',;&]{6,}/gi,
];

const withoutCredentials = (text: string): string =>
  CREDENTIALS.reduce((rest, form) => rest.replace(form, '***'), text.slice(0, LOOKED_AT));
