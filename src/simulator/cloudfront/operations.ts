import type {
  CreateInvalidationCommandInput,
  CreateInvalidationCommandOutput,
  GetDistributionCommandInput,
  GetDistributionCommandOutput,
  GetInvalidationCommandInput,
  GetInvalidationCommandOutput,
  Invalidation,
} from '@aws-sdk/client-cloudfront';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import type { Distribution, Edge } from './edge.ts';
import type { StoredInvalidation } from './model.ts';

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-invalidations */
const MOST_FILES = 3_000;
const MOST_WILDCARDS = 15;

/** Distributions and invalidations: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations.html */
export function distributionOperations(edge: Edge): Operations {
  const find = (id: string | undefined): Distribution => {
    const found = edge.distribution(id ?? '');
    if (!found) throw new AwsError('NoSuchDistribution', 'The specified distribution does not exist.', 404);
    return found;
  };

  return {
    GetDistribution: (input: GetDistributionCommandInput, call: Call): Answer<GetDistributionCommandOutput> =>
      view(find(input.Id), call),

    CreateInvalidation(input: CreateInvalidationCommandInput): Answer<CreateInvalidationCommandOutput> {
      const distribution = find(input.DistributionId);
      const { CallerReference: reference = '', Paths } = input.InvalidationBatch ?? {};
      const paths = Paths?.Items ?? [];
      if (paths.length !== Paths?.Quantity) {
        throw new AwsError(
          'InconsistentQuantities',
          'The value of Quantity and the size of Items do not match.',
        );
      }
      const wrong = paths.length === 0 || paths.some((path) => !/^\/[\x21-\x7e]*$/.test(path));
      if (wrong) throw invalid('Your request contains one or more invalid invalidation paths.');
      const invalidation = before(distribution, reference, paths) ?? begin(distribution, reference, paths);
      return {
        Location: `https://cloudfront.amazonaws.com/2020-05-31/distribution/${distribution.id}/invalidation/${invalidation.id}`,
        Invalidation: invalidationView(invalidation),
      };
    },

    GetInvalidation(input: GetInvalidationCommandInput): Answer<GetInvalidationCommandOutput> {
      const found = find(input.DistributionId).invalidations.get(input.Id ?? '');
      if (!found) throw new AwsError('NoSuchInvalidation', 'The specified invalidation does not exist.', 404);
      return { Invalidation: invalidationView(found) };
    },
  };
}

const invalid = (message: string): AwsError => new AwsError('InvalidArgument', message);

/** What the same reference has ordered before. */
function before(
  { invalidations }: Distribution,
  reference: string,
  paths: readonly string[],
): StoredInvalidation | undefined {
  const found = [...invalidations.values()].find((invalidation) => invalidation.reference === reference);
  if (!found) return undefined;
  const same = (all: readonly string[]) => [...new Set(all)].sort().join('\n');
  if (same(found.paths) === same(paths)) return found;
  throw invalid(
    'Your request contains a caller reference that was used for a previous invalidation batch for the same distribution.',
  );
}

function begin(distribution: Distribution, reference: string, paths: readonly string[]): StoredInvalidation {
  if (paths.length > MOST_FILES)
    throw new AwsError('BatchTooLarge', 'Your request contains too many paths.', 413);
  const underWay = [...distribution.invalidations.values()]
    .filter(({ completed }) => !completed)
    .flatMap((invalidation) => invalidation.paths);
  const all = [...underWay, ...paths];
  const wildcards = all.filter((path) => path.endsWith('*')).length;
  if (wildcards > MOST_WILDCARDS || all.length - wildcards > MOST_FILES) {
    const what = wildcards > MOST_WILDCARDS ? 'wildcard ' : '';
    throw new AwsError(
      'TooManyInvalidationsInProgress',
      `Your request exceeds the maximum number of in-progress ${what}invalidations.`,
    );
  }
  return distribution.invalidate(reference, paths);
}

const invalidationView = ({
  id,
  completed,
  createdAt,
  paths,
  reference,
}: StoredInvalidation): Invalidation => ({
  Id: id,
  Status: completed ? 'Completed' : 'InProgress',
  CreateTime: new Date(createdAt),
  InvalidationBatch: {
    Paths: { Quantity: paths.length, Items: [...paths] },
    CallerReference: reference,
  },
});

function view(
  { id, domain, settings, changedAt, invalidations }: Distribution,
  { accountId }: Call,
): Answer<GetDistributionCommandOutput> {
  const aliases = [...(settings.aliases ?? [])];
  const origin = `${settings.bucket}.s3.amazonaws.com`;
  return {
    ETag: 'E2QWRUHEXAMPLE',
    Distribution: {
      Id: id,
      ARN: `arn:aws:cloudfront::${accountId}:distribution/${id}`,
      Status: 'Deployed',
      LastModifiedTime: new Date(changedAt),
      InProgressInvalidationBatches: [...invalidations.values()].filter(({ completed }) => !completed).length,
      DomainName: domain,
      DistributionConfig: {
        CallerReference: id,
        Aliases: { Quantity: aliases.length, ...(aliases.length > 0 && { Items: aliases }) },
        DefaultRootObject: settings.defaultRootObject ?? 'index.html',
        Origins: {
          Quantity: 1,
          Items: [{ Id: origin, DomainName: origin, OriginPath: originPath(settings.originPath) }],
        },
        DefaultCacheBehavior: { TargetOriginId: origin, ViewerProtocolPolicy: 'redirect-to-https' },
        Comment: '',
        Enabled: settings.enabled ?? true,
      },
    },
  };
}

const originPath = (path = ''): string => (path === '' ? '' : `/${path.replace(/^\/|\/$/g, '')}`);
