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
 * The last lines of an excerpt, in few enough bytes, and without the values of the container's variables: what a
 * program was given may be a secret, and programs print it.
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

/** Texts without the values of variables; the longest first, as one may be a part of another. */
export function withoutValues(definitions: readonly TaskDefinition[]): (text: string) => string {
  const values = definitions
    .flatMap(({ containerDefinitions }) => containerDefinitions)
    .flatMap(({ environment }) => environment ?? [])
    .map(({ value }) => (typeof value === 'string' ? value : ''))
    .filter((value) => value.trim().length >= SHORTEST_VALUE && !PLAIN.test(value.trim()));
  const known = [...new Set(values)].toSorted((a, b) => b.length - a.length);
  return (text) => known.reduce((rest, value) => rest.replaceAll(value, '***'), text);
}
