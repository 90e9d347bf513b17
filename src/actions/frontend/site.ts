import { ConfigError } from '../../errors.ts';
import type { Distributions } from '../../ports.ts';
import type { ActionContext } from '../action.ts';
import type { Edge, Site } from './carry-out.ts';
import type { SiteInputs } from './site-inputs.ts';

/**
 * Connects the bucket and the distribution that the inputs name. Calls are not ended by the run's cancellation: it
 * still has pages to bring to their end, and the state to write.
 *
 * @throws ConfigError where there is no such distribution
 */
export async function openSite(
  { clock, cancelled, reporter }: ActionContext,
  { bucket, prefix, distribution }: SiteInputs,
): Promise<Site> {
  const over = new AbortController();
  const connection = { clock, signal: over.signal };
  const [buckets, edge] = await Promise.all([
    import('../../aws/buckets.ts'),
    distribution === undefined
      ? undefined
      : import('../../aws/distributions.ts').then(({ distributions }) =>
          findEdge(distributions(connection), distribution, bucket, prefix),
        ),
  ]);
  return {
    bucket: buckets.bucket(connection, bucket),
    bucketName: bucket,
    prefix,
    edge,
    clock,
    cancelled,
    say: reporter.info,
    giveUp: () => over.abort(),
  };
}

async function findEdge(
  distributions: Distributions,
  id: string,
  bucket: string,
  prefix: string,
): Promise<Edge> {
  const found = await distributions.find(id);
  if (!found) {
    throw new ConfigError({
      input: 'distribution',
      message: `there is no distribution "${id}" in this account (aws cloudfront list-distributions tells those there are)`,
    });
  }
  return {
    distributions,
    id,
    domain: found.aliases[0] ?? found.domain,
    base: baseOf(found.origins, bucket, prefix),
  };
}

/** What the origin puts before the viewer's path, as far as it is part of the prefix. */
function baseOf(
  origins: readonly { readonly domain: string; readonly path: string }[],
  bucket: string,
  prefix: string,
): string {
  const base = origins
    .filter(({ domain }) => domain.startsWith(`${bucket}.s3`))
    .map(({ path }) => path.replace(/^\//, ''))
    .find((path) => path !== '' && prefix.startsWith(`${path}/`));
  return base === undefined ? '' : `${base}/`;
}
