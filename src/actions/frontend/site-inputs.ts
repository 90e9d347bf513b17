import { ConfigError } from '../../errors.ts';
import { RESERVED } from '../../frontend/entry.ts';
import type { InputReader } from '../input-reader.ts';

/** Where the files are, as `frontend` and `rollback` are told it. */
export interface SiteInputs {
  readonly bucket: string;
  /** With `/` at its end, or empty. */
  readonly prefix: string;
  readonly distribution: string | undefined;
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

export const readPlace = (reader: InputReader): Omit<SiteInputs, 'bucket'> => ({
  prefix: reader.parse('prefix', parsePrefix, ''),
  distribution: reader.parse<string | undefined>('distribution', parseDistribution, undefined),
});

/** A name or an ARN. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export function parseBucket(text: string): string {
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
