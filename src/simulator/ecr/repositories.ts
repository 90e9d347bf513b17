import type {
  CreateRepositoryCommandInput,
  CreateRepositoryCommandOutput,
  DescribeRepositoriesCommandInput,
  DescribeRepositoriesCommandOutput,
  GetLifecyclePolicyCommandInput,
  GetLifecyclePolicyCommandOutput,
  ListTagsForResourceCommandInput,
  ListTagsForResourceCommandOutput,
  PutLifecyclePolicyCommandInput,
  PutLifecyclePolicyCommandOutput,
  Repository as RepositoryView,
} from '@aws-sdk/client-ecr';
import type { Answer } from '../answer.ts';
import type { AwsError, Call, Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { invalidParameter, lifecyclePolicyNotFound, repositoryExists } from './errors.ts';
import type { Repository } from './model.ts';
import type { Registries } from './registries.ts';
import type { PrivateRegistry } from './state.ts';

const NAME = '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*';
const MAX_EXCLUSIONS = 5;
const PAGE = 100;

/** Refuses a size of pages that AWS does not know. */
export function pageSize(maxResults: number | undefined): number {
  if (maxResults !== undefined && (maxResults < 1 || maxResults > 1000)) {
    throw invalidParameter('maxResults', 'must be between 1 and 1000');
  }
  return maxResults ?? PAGE;
}

export const badToken = (): AwsError =>
  invalidParameter('nextToken', 'must be a token that was given before');

/** Which registry a call is about: the one that it names, or the caller's. */
export const registryOf = (
  registries: Registries,
  input: { readonly registryId?: string | undefined },
  call: Call,
): PrivateRegistry => registries.of(input.registryId ?? call.accountId, call.region);

/** Operations on repositories: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html */
export function repositoryOperations(registries: Registries): Operations {
  const view = async (registry: PrivateRegistry, repository: Repository): Promise<RepositoryView> => ({
    repositoryArn: repository.arn,
    registryId: registry.accountId,
    repositoryName: repository.name,
    repositoryUri: `${(await registries.url(registry)).replace(/^https?:\/\//, '')}/${repository.name}`,
    createdAt: new Date(repository.createdAt),
    imageTagMutability: repository.mutability,
    ...(repository.exclusions.length > 0 && {
      imageTagMutabilityExclusionFilters: repository.exclusions.map((filter) => ({
        filterType: 'WILDCARD' as const,
        filter,
      })),
    }),
    imageScanningConfiguration: {
      scanOnPush: repository.scanning !== 'manual' && repository.scanning !== 'enhanced',
    },
    encryptionConfiguration: repository.encryption,
  });

  return {
    async DescribeRepositories(
      input: DescribeRepositoriesCommandInput,
      call: Call,
    ): Promise<Answer<DescribeRepositoriesCommandOutput>> {
      const registry = registryOf(registries, input, call);
      const { repositoryNames, nextToken, maxResults } = input;
      const views = (some: readonly Repository[]) => Promise.all(some.map((each) => view(registry, each)));
      if (repositoryNames) {
        return { repositories: await views(repositoryNames.map((name) => registry.repository(name))) };
      }
      const all = [...registry.repositories.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = page(all, nextToken, pageSize(maxResults), badToken);
      return { repositories: await views(items), ...(next !== undefined && { nextToken: next }) };
    },

    async CreateRepository(
      input: CreateRepositoryCommandInput,
      call: Call,
    ): Promise<Answer<CreateRepositoryCommandOutput>> {
      const registry = registryOf(registries, input, call);
      const { repositoryName: name = '', imageTagMutability: mutability = 'MUTABLE' } = input;
      if (name.length < 2 || name.length > 256 || !new RegExp(`^${NAME}$`).test(name)) {
        throw invalidParameter('repositoryName', `must satisfy regular expression '${NAME}'`);
      }
      const exclusions = exclusionsOf(input);
      if (registry.repositories.has(name)) throw repositoryExists(registry.place(name));
      const created = registry.add(name, {
        mutability,
        exclusions,
        scanning: input.imageScanningConfiguration?.scanOnPush ? 'on-push' : 'manual',
        ...(input.encryptionConfiguration && { encryption: input.encryptionConfiguration }),
      });
      for (const { Key = '', Value = '' } of input.tags ?? []) created.resourceTags.set(Key, Value);
      return { repository: await view(registry, created) };
    },

    ListTagsForResource(
      { resourceArn = '' }: ListTagsForResourceCommandInput,
      call: Call,
    ): Answer<ListTagsForResourceCommandOutput> {
      const [, region, account, name] =
        /^arn:[^:]+:ecr:([^:]*):(\d{12}):repository\/(.+)$/.exec(resourceArn) ?? [];
      if (account === undefined || region !== call.region) {
        throw invalidParameter('resourceArn', 'must be the ARN of a repository in this region');
      }
      const { resourceTags } = registries.of(account, region).repository(name);
      return { tags: [...resourceTags].map(([Key, Value]) => ({ Key, Value })) };
    },

    PutLifecyclePolicy(
      input: PutLifecyclePolicyCommandInput,
      call: Call,
    ): Answer<PutLifecyclePolicyCommandOutput> {
      const registry = registryOf(registries, input, call);
      const repository = registry.repository(input.repositoryName);
      const text = input.lifecyclePolicyText ?? '';
      if (!isLifecyclePolicy(text)) {
        throw invalidParameter(
          'LifecyclePolicyText',
          'Lifecycle policy validation failure: it has to be JSON with a list of rules',
        );
      }
      repository.lifecyclePolicy = text;
      return {
        registryId: registry.accountId,
        repositoryName: repository.name,
        lifecyclePolicyText: text,
      };
    },

    GetLifecyclePolicy(
      input: GetLifecyclePolicyCommandInput,
      call: Call,
    ): Answer<GetLifecyclePolicyCommandOutput> {
      const registry = registryOf(registries, input, call);
      const { name, lifecyclePolicy } = registry.repository(input.repositoryName);
      if (lifecyclePolicy === undefined) throw lifecyclePolicyNotFound(registry.place(name));
      return {
        registryId: registry.accountId,
        repositoryName: name,
        lifecyclePolicyText: lifecyclePolicy,
      };
    },
  };
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html */
function exclusionsOf(input: CreateRepositoryCommandInput): string[] {
  const { imageTagMutability: mutability = 'MUTABLE', imageTagMutabilityExclusionFilters: filters = [] } =
    input;
  const excludes = mutability.endsWith('_WITH_EXCLUSION');
  if (excludes !== filters.length > 0) {
    throw invalidParameter(
      'imageTagMutabilityExclusionFilters',
      `must ${excludes ? 'not ' : ''}be empty when imageTagMutability is ${mutability}`,
    );
  }
  if (filters.length > MAX_EXCLUSIONS) {
    throw invalidParameter(
      'imageTagMutabilityExclusionFilters',
      `must have at most ${MAX_EXCLUSIONS} members`,
    );
  }
  return filters.map(({ filter = '' }) => {
    if (!/^[0-9a-zA-Z._*-]{1,128}$/.test(filter) || filter.split('*').length > 3) {
      throw invalidParameter(
        'filter',
        "must satisfy regular expression '[0-9a-zA-Z._*-]{1,128}', with at most 2 *",
      );
    }
    return filter;
  });
}

function isLifecyclePolicy(text: string): boolean {
  try {
    const policy: unknown = JSON.parse(text);
    if (typeof policy !== 'object' || policy === null || !('rules' in policy)) return false;
    const { rules } = policy;
    return (
      Array.isArray(rules) &&
      rules.length > 0 &&
      rules.every((rule) => typeof rule?.rulePriority === 'number' && rule.selection && rule.action)
    );
  } catch {
    return false;
  }
}
