/** Where a distribution asks, and what it puts before each path there. */
export interface Origin {
  readonly domain: string;
  /** Empty, or with `/` at its beginning. */
  readonly path: string;
}

/** What the origins of a distribution have to do with the files of a prefix of a bucket. */
export type Served =
  /** `base` is what the origin puts before the viewer's path, as far as it is part of the prefix. */
  | { readonly kind: 'served'; readonly base: string }
  /** It serves the bucket, but only what is below these paths. */
  | { readonly kind: 'outside'; readonly paths: readonly string[] }
  /** It serves these buckets, none of which is ours. */
  | { readonly kind: 'others'; readonly buckets: readonly string[] }
  /** Its origins do not say which bucket is behind them. */
  | { readonly kind: 'unknown'; readonly domains: readonly string[] };

/**
 * The bucket that an origin is, `undefined` where its name does not say: that of another server, or the alias of an
 * access point. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistS3AndCustomOrigins.html
 */
function bucketOf(domain: string): string | undefined {
  const [, bucket] =
    /^(.+)\.s3(?:-website|-accelerate)?(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.[a-z.]+$/i.exec(
      domain,
    ) ?? [];
  return bucket === undefined || /(?:-s3alias|--ol-s3|\.accesspoint|\.mrap)$/.test(bucket)
    ? undefined
    : bucket;
}

/** @param prefix with `/` at its end, or empty */
export function servedBy(origins: readonly Origin[], bucket: string, prefix: string): Served {
  const known = origins.map(({ domain, path }) => ({
    domain,
    bucket: bucketOf(domain),
    path: path.replaceAll(/^\/|\/$/g, ''),
  }));
  const own = known.filter((origin) => origin.bucket === bucket);
  if (own.length > 0) {
    const below = own.find(({ path }) => path !== '' && prefix.startsWith(`${path}/`));
    if (below) return { kind: 'served', base: `${below.path}/` };
    if (own.some(({ path }) => path === '')) return { kind: 'served', base: '' };
    return { kind: 'outside', paths: own.map(({ path }) => path) };
  }
  const buckets = [...new Set(known.flatMap((origin) => origin.bucket ?? []))];
  const isAlias = ({ domain, bucket: of }: (typeof known)[number]) =>
    of === undefined && /\.s3[.-].*amazonaws\./i.test(domain);
  if (buckets.length > 0 && !known.some(isAlias)) return { kind: 'others', buckets };
  return { kind: 'unknown', domains: known.map(({ domain }) => domain) };
}
