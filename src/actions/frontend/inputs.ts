import { ConfigError } from '../../errors.ts';
import { RESERVED } from '../../frontend/entry.ts';
import { DEFAULT_HTML, type Rules } from '../../frontend/rules.ts';
import { parseDuration } from '../../rollout/duration.ts';
import { listLines } from '../../rollout/list-lines.ts';
import { anywhere, isMatch } from '../globs.ts';
import { InputReader, type InputSource } from '../input-reader.ts';

export const ENCODINGS = ['gzip', 'brotli'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Where the files are, as `frontend` and `rollback` are told it. */
export interface SiteInputs {
  readonly bucket: string;
  /** With `/` at its end, or empty. */
  readonly prefix: string;
  readonly distribution: string | undefined;
}

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

/** `bucket`, `prefix` and `distribution`; undefined where no bucket is given. */
export function readSite(reader: InputReader): SiteInputs | undefined {
  const bucket = reader.parse('bucket', parseBucket, '');
  if (reader.optional('bucket') !== undefined) return { bucket, ...readPlace(reader) };
  for (const name of ['prefix', 'distribution'] as const) {
    if (reader.optional(name) !== undefined) reader.problem(name, 'is of a frontend; give its bucket too');
  }
  return undefined;
}

const readPlace = (reader: InputReader): Omit<SiteInputs, 'bucket'> => ({
  prefix: reader.parse('prefix', parsePrefix, ''),
  distribution: reader.parse<string | undefined>('distribution', parseDistribution, undefined),
});

/** A name or an ARN. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function parseBucket(text: string): string {
  const name = /^arn:[^:]+:s3:::([^/]+)$/.exec(text)?.[1] ?? text;
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return name;
  const hint = /^s3:\/\//.test(text) ? '; give the name alone, and what stands behind it as prefix' : '';
  throw new ConfigError({
    input: 'bucket',
    message: `"${text}" is not the name of a bucket: 3 to 63 small letters, digits, hyphens and dots${hint}`,
  });
}

function parsePrefix(text: string): string {
  const segments = text.replace(/^\/+|\/+$/g, '').split('/');
  if (segments.length === 1 && segments[0] === '') return '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isWrong = (segment: string) => /^\.{0,2}$|[\x00-\x1f\x7f]/.test(segment) || segment === RESERVED;
  if (!segments.some(isWrong)) return `${segments.join('/')}/`;
  throw new ConfigError({
    input: 'prefix',
    message: `"${text}" is not a folder of a bucket, such as app or sites/shop; .., empty parts and ${RESERVED} are not taken`,
  });
}

/** An id or an ARN. */
function parseDistribution(text: string): string {
  const id = /^arn:[^:]+:cloudfront::\d*:distribution\/(.+)$/.exec(text)?.[1] ?? text;
  if (/^[A-Z0-9]{8,32}$/.test(id)) return id;
  const hint = text.includes('.') ? 'is the name of a host' : 'is not the id of a distribution';
  throw new ConfigError({
    input: 'distribution',
    message: `"${text}" ${hint}; give the id, such as E1A2B3C4D5E6F7 (aws cloudfront list-distributions)`,
  });
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
