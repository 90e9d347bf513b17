import {
  CloudFrontClient,
  CreateInvalidationCommand,
  type CreateInvalidationCommandOutput,
  GetDistributionCommand,
  type GetDistributionCommandOutput,
  GetInvalidationCommand,
  type GetInvalidationCommandOutput,
} from '@aws-sdk/client-cloudfront';
import { ConfigError, DeployError } from '../errors.ts';
import type { Distributions } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** For as long as that, others' invalidations may be in the way, in ms. */
const PATIENCE_MS = 600_000;
const PAUSE_MS = 5_000;

/**
 * Distributions of CloudFront, which is in one place for all regions. Permissions: cloudfront:GetDistribution,
 * cloudfront:CreateInvalidation, cloudfront:GetInvalidation; each only for its method.
 *
 * @param patienceMs how long an invalidation waits until those under way leave room for it
 */
export function distributions(
  connection: Connection,
  { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {},
): Distributions {
  const client = new CloudFrontClient(clientSettings(connection));
  const { clock, signal } = connection;

  return {
    async find(id) {
      try {
        const { Distribution }: GetDistributionCommandOutput = await call(
          connection,
          'cloudfront',
          client,
          new GetDistributionCommand({ Id: id }),
        );
        return {
          domain: Distribution?.DomainName ?? '',
          aliases: Distribution?.DistributionConfig?.Aliases?.Items ?? [],
          enabled: Distribution?.DistributionConfig?.Enabled ?? false,
          origins: (Distribution?.DistributionConfig?.Origins?.Items ?? []).map(
            ({ DomainName = '', OriginPath = '' }) => ({ domain: DomainName, path: OriginPath }),
          ),
        };
      } catch (error) {
        if (errorName(error) === 'NoSuchDistribution') return undefined;
        throw error;
      }
    },

    async invalidate(id, reference, paths) {
      const command = new CreateInvalidationCommand({
        DistributionId: id,
        InvalidationBatch: {
          CallerReference: reference,
          Paths: { Quantity: paths.length, Items: [...paths] },
        },
      });
      const limit = clock.now() + patienceMs;
      for (;;) {
        try {
          const { Invalidation }: CreateInvalidationCommandOutput = await call(
            connection,
            'cloudfront',
            client,
            command,
          );
          if (Invalidation?.Id === undefined)
            throw new Error('CloudFront gave an invalidation without an id');
          return Invalidation.Id;
        } catch (error) {
          if (errorName(error) !== 'TooManyInvalidationsInProgress' || clock.now() > limit)
            throw explained(error, id);
          await clock.sleep(PAUSE_MS * (0.5 + Math.random()), signal);
          signal?.throwIfAborted();
        }
      }
    },

    async state(id, invalidation) {
      const { Invalidation }: GetInvalidationCommandOutput = await call(
        connection,
        'cloudfront',
        client,
        new GetInvalidationCommand({ DistributionId: id, Id: invalidation }),
      );
      return Invalidation?.Status === 'Completed' ? 'completed' : 'in-progress';
    },
  };
}

/** What no retry can mend, with the way out. */
function explained(error: unknown, id: string): unknown {
  const name = errorName(error);
  const text = error instanceof Error ? error.message : String(error);
  if (name === 'NoSuchDistribution') {
    const message = `there is no distribution ${id}; it takes the id, such as E1A2B3C4D5E6F7`;
    return new ConfigError({ input: 'distribution', message }, { cause: error });
  }
  const next = /^InvalidationBatchAlreadyExists$|caller reference/.test(`${name} ${text}`)
    ? 'Run this step again: each run refers to its invalidations by a name of its own.'
    : FIXES[name];
  if (next === undefined) return error;
  return new DeployError(`CloudFront did not take the invalidation of ${id}: ${text || name}`, {
    state: 'The files are in the bucket; the edge hands out what it has of them until that expires.',
    next,
    cause: error,
  });
}

const FIXES: Readonly<Record<string, string>> = {
  TooManyInvalidationsInProgress:
    'Wait until the invalidations that are under way have completed (aws cloudfront list-invalidations), then run this step again.',
  BatchTooLarge: 'Invalidate fewer paths: one that ends in /* stands for all below it.',
};
