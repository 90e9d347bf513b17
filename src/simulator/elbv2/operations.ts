import type {
  AddTagsCommandInput,
  DescribeTagsCommandInput,
  DescribeTagsCommandOutput,
  RemoveTagsCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import {
  listenerNotFound,
  loadBalancerNotFound,
  ruleNotFound,
  targetGroupNotFound,
  validationError,
} from './errors.ts';
import { loadBalancerOperations } from './load-balancers.ts';
import { ruleOperations, tagPairs } from './rules.ts';
import type { LoadBalancing } from './state.ts';
import { targetGroupOperations } from './target-groups.ts';
import { targetOperations } from './targets.ts';

const MAX_ARNS = 20;
const MAX_TAGS = 50;

function tagOperations(state: LoadBalancing): Operations {
  const requireExisting = (arns: readonly string[]): void => {
    if (arns.length > MAX_ARNS)
      throw validationError(`You can specify at most ${MAX_ARNS} resources in one call`);
    for (const arn of arns) {
      if (arn.includes(':loadbalancer/')) {
        if (!state.loadBalancers.has(arn)) throw loadBalancerNotFound();
      } else if (arn.includes(':targetgroup/')) {
        if (!state.targetGroups.has(arn)) throw targetGroupNotFound();
      } else if (arn.includes(':listener/')) {
        if (!state.listeners.has(arn)) throw listenerNotFound();
      } else if (arn.includes(':listener-rule/')) {
        if (!state.rules.has(arn)) throw ruleNotFound();
      } else {
        throw validationError(`'${arn}' is not a valid load balancer ARN`);
      }
    }
  };

  return {
    AddTags(input: AddTagsCommandInput): object {
      const arns = input.ResourceArns ?? [];
      requireExisting(arns);
      const tags = tagPairs(input.Tags ?? []);
      for (const arn of arns) {
        if (new Set([...state.tags.current(arn).keys(), ...tags.map(([key]) => key)]).size > MAX_TAGS) {
          throw new AwsError('TooManyTags', `The maximum number of tags per resource is ${MAX_TAGS}`);
        }
      }
      for (const arn of arns) state.tags.add(arn, tags);
      return {};
    },

    RemoveTags(input: RemoveTagsCommandInput): object {
      const arns = input.ResourceArns ?? [];
      requireExisting(arns);
      for (const arn of arns) state.tags.remove(arn, input.TagKeys ?? []);
      return {};
    },

    DescribeTags(input: DescribeTagsCommandInput): Answer<DescribeTagsCommandOutput> {
      const arns = input.ResourceArns ?? [];
      requireExisting(arns);
      return {
        TagDescriptions: arns.map((arn) => ({
          ResourceArn: arn,
          Tags: state.tags.read(arn).map(([Key, Value]) => ({ Key, Value })),
        })),
      };
    },
  };
}

/** Every operation of Elastic Load Balancing v2 that the simulator knows. */
export const loadBalancingOperations = (state: LoadBalancing): Operations => ({
  ...loadBalancerOperations(state),
  ...ruleOperations(state),
  ...targetGroupOperations(state),
  ...targetOperations(state),
  ...tagOperations(state),
});
