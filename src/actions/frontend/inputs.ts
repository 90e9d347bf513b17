import { ConfigError } from '../../errors.ts';
import { DEFAULT_HTML, type Rules } from '../../frontend/rules.ts';
import { parseDuration } from '../../rollout/duration.ts';
import { listLines } from '../../rollout/list-lines.ts';
import { anywhere, isMatch } from '../globs.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { parseBucket, readPlace, type SiteInputs } from './site-inputs.ts';

export const ENCODINGS = ['gzip', 'brotli'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface Inputs extends SiteInputs {
  readonly directory: string;
  readonly rules: Rules;
  readonly graceMs: number;
  readonly compress: readonly Encoding[];
  readonly version: string | undefined;
  readonly timeoutMs: number;
  readonly dryRun: boolean;
}

/** Those that may be outputs of a stack. */
export const STACK_INPUTS = ['bucket', 'distribution'] as const;

/** @throws ConfigError with every problem of every input */
export function readInputs(input: InputSource): Inputs {
  const reader = new InputReader(input);
  const globs = (name: string) =>
    listLines(input(name)).flatMap(([, line]) => line.split(/\s+/).map(anywhere));
  const html = globs('html');
  const immutable = globs('immutable');
  const inputs: Inputs = {
    directory: reader.required('directory', 'dist'),
    bucket: reader.required('bucket', 'shop-frontend') && reader.parse('bucket', parseBucket, ''),
    ...readPlace(reader),
    rules: {
      html: html.length > 0 ? html : DEFAULT_HTML.map(anywhere),
      immutable: immutable.length > 0 ? immutable : undefined,
      cacheControl: listLines(input('cache-control')).flatMap(([number, line]) =>
        reader.attempt(() => [parseCacheControl(line, number)], []),
      ),
      matches: isMatch,
    },
    graceMs: reader.parse('grace', parseGrace, 7 * 24 * 3_600_000),
    compress: reader.list('compress').flatMap((word) => {
      const found = ENCODINGS.find((encoding) => encoding === word);
      if (found === undefined) reader.problem('compress', `"${word}" is not one of ${ENCODINGS.join(', ')}`);
      return found ?? [];
    }),
    version: reader.parse('version', parseVersion, undefined),
    timeoutMs: reader.duration('timeout', 15 * 60_000),
    dryRun: reader.boolean('dry-run', false),
  };
  reader.finish();
  return inputs;
}

function parseCacheControl(line: string, number: number): Rules['cacheControl'][number] {
  const [, glob, value] = /^(.+?):\s+(\S.*)$/.exec(line) ?? [];
  if (glob !== undefined && value !== undefined && /^[\x20-\x7e]+$/.test(value))
    return { glob: anywhere(glob.trim()), value: value.trim() };
  throw new ConfigError({
    input: `cache-control line ${number}`,
    message: `"${line}" is not a pattern and a value, such as images/**: public, max-age=86400`,
  });
}

/** Days too: what is kept for old pages is kept for some. */
const parseGrace = (text: string): number =>
  parseDuration(
    text.replaceAll(/(\d+)d/g, (_, days: string) => `${Number(days) * 24}h`),
    'grace',
  );

function parseVersion(text: string): string {
  if (/^[\w][\w.+-]{0,127}$/.test(text) && !/^\d+$/.test(text) && !['previous', 'last-good'].includes(text))
    return text;
  throw new ConfigError({
    input: 'version',
    message: `"${text}" is not a name that rollback could be given: letters, digits, dots, hyphens and underscores, not digits alone, and neither previous nor last-good; for example v1.2.3`,
  });
}
