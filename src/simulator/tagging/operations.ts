import type {
  GetResourcesCommandInput,
  GetResourcesCommandOutput,
} from '@aws-sdk/client-resource-groups-tagging-api';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import type { TagStore } from '../world/tags.ts';

const A_PAGE = 100;

const refuse = (message: string): AwsError => new AwsError('InvalidParameterException', message);

/** Whether an ARN is of one of the types, such as `elasticloadbalancing:targetgroup` or all of `ecs`. */
function isOfType(arn: string, types: readonly string[]): boolean {
  const [, , service = '', , , resource = ''] = arn.split(':');
  return types.some((type) => type === service || `${service}:${resource}/`.startsWith(`${type}/`));
}

/** The Resource Groups Tagging API: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html */
export const taggingOperations = (tags: TagStore): Operations => ({
  GetResources(input: GetResourcesCommandInput): Answer<GetResourcesCommandOutput> {
    const { TagFilters: filters = [], ResourceTypeFilters: types, ResourceARNList: arns } = input;
    if (filters.length > 50) throw refuse('You can specify at most 50 tag filters.');
    if (arns !== undefined && (filters.length > 0 || types !== undefined)) {
      throw refuse('ResourceARNList cannot be used together with other filters.');
    }
    const found = tags
      .tagged()
      .filter(({ arn }) => arns === undefined || arns.includes(arn))
      .filter(({ arn }) => types === undefined || types.length === 0 || isOfType(arn, types))
      .filter(({ tags: own }) =>
        filters.every(({ Key, Values = [] }) =>
          own.some(([key, value]) => key === Key && (Values.length === 0 || Values.includes(value))),
        ),
      );
    const expired = (): AwsError =>
      new AwsError('PaginationTokenExpiredException', 'The pagination token has expired.');
    const { items, next } = page(found, input.PaginationToken, input.ResourcesPerPage ?? A_PAGE, expired);
    return {
      PaginationToken: next ?? '',
      ResourceTagMappingList: items.map(({ arn, tags: own }) => ({
        ResourceARN: arn,
        Tags: own.map(([Key, Value]) => ({ Key, Value })),
      })),
    };
  },
});
