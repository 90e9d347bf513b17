import { ConfigError } from '../../errors.ts';
import { type Served, servedBy } from '../../frontend/origins.ts';
import type { Distributions, Reporter } from '../../ports.ts';
import { printable } from '../../taskdef/shape.ts';
import type { ActionContext } from '../action.ts';
import type { Edge, Site } from './carry-out.ts';
import { some } from './report.ts';
import type { SiteInputs } from './site-inputs.ts';

/**
 * Connects the bucket and the distribution that the inputs name. Calls are not ended by the run's cancellation: it
 * still has pages to bring to their end, and the state to write.
 *
 * @throws ConfigError where there is no such distribution, or it does not serve the files
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
          findEdge(distributions(connection), distribution, { bucket, prefix }, reporter.warning),
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

/** Looks at the distribution before anything is uploaded. */
export async function findEdge(
  distributions: Distributions,
  id: string,
  { bucket, prefix }: Pick<SiteInputs, 'bucket' | 'prefix'>,
  warn: Reporter['warning'],
): Promise<Edge> {
  const found = await distributions.find(id);
  if (!found) {
    throw new ConfigError({
      input: 'distribution',
      message: `there is no distribution "${id}" in this account (aws cloudfront list-distributions tells those there are)`,
    });
  }
  const domain = found.aliases[0] ?? found.domain;
  const base = baseOf(servedBy(found.origins, bucket, prefix), id, { bucket, prefix }, warn);
  if (!found.enabled) {
    warn(
      `The distribution ${id} is disabled: CloudFront hands out nothing under ${printable(domain)}. Enable it, or give the one that users reach.`,
    );
  }
  return { distributions, id, domain, base };
}

/** @throws ConfigError where the distribution does not serve the files: what it forgot would be somebody else's */
function baseOf(
  served: Served,
  id: string,
  { bucket, prefix }: Pick<SiteInputs, 'bucket' | 'prefix'>,
  warn: Reporter['warning'],
): string {
  switch (served.kind) {
    case 'served':
      return served.base;
    case 'unknown':
      warn(
        `It cannot be told whether the distribution ${id} serves the bucket ${bucket}: its origins are ${some(served.domains)}. See that it does; it is told to forget the paths that change.`,
      );
      return '';
    case 'others':
      throw new ConfigError({
        input: 'distribution',
        message: `"${id}" does not serve the bucket "${bucket}" but ${some(served.buckets)}; give the distribution that has the bucket for an origin (aws cloudfront list-distributions), or the bucket that it serves`,
      });
    case 'outside':
      throw new ConfigError({
        input: 'prefix',
        message: `"${prefix}" is outside of what the distribution "${id}" serves of the bucket "${bucket}": its origin path is ${some(served.paths.map((path) => `/${path}`))}; give a prefix there, such as ${printable(served.paths[0] ?? '')}, or another distribution`,
      });
  }
}
