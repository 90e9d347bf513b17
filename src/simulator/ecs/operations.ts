import type {
  Cluster,
  DescribeClustersCommandInput,
  DescribeClustersCommandOutput,
  Failure,
  ListClustersCommandInput,
  ListClustersCommandOutput,
  ListTagsForResourceCommandInput,
  ListTagsForResourceCommandOutput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
} from '@aws-sdk/client-ecs';
import type { Answer } from '../answer.ts';
import type { Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { badToken, clusterNotFound, invalidParameter, serviceNotFound } from './errors.ts';
import type { ClusterRecord } from './model.ts';
import { serviceDeploymentOperations } from './service-deployments.ts';
import type { ServiceScheduler } from './service-scheduler.ts';
import { serviceOperations } from './services.ts';
import type { ContainerService } from './state.ts';
import { ecsTagPairs, ecsTags, taskDefinitionOperations } from './task-definitions.ts';
import { taskOperations } from './tasks.ts';

/** Adds an active cluster. */
export function addCluster(state: ContainerService, name: string): ClusterRecord {
  const cluster: ClusterRecord = { arn: state.kernel.arn('ecs', `cluster/${name}`), name, status: 'ACTIVE' };
  state.clusters.set(name, cluster);
  return cluster;
}

function clusterOperations(state: ContainerService): Operations {
  const describe = (cluster: ClusterRecord): Cluster => {
    const tasks = [...state.tasks.values()].filter((task) => task.cluster === cluster);
    const services = [...state.services.values()].filter((service) => service.cluster === cluster);
    return {
      clusterArn: cluster.arn,
      clusterName: cluster.name,
      status: cluster.status,
      registeredContainerInstancesCount: 0,
      runningTasksCount: tasks.filter((task) => task.lastStatus === 'RUNNING').length,
      pendingTasksCount: tasks.filter(
        ({ lastStatus }) => lastStatus === 'PENDING' || lastStatus === 'PROVISIONING',
      ).length,
      activeServicesCount: services.filter((service) => service.status === 'ACTIVE').length,
      statistics: [],
      tags: [],
      settings: [],
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [],
    };
  };

  return {
    DescribeClusters(input: DescribeClustersCommandInput): Answer<DescribeClustersCommandOutput> {
      const clusters: Cluster[] = [];
      const failures: Failure[] = [];
      for (const reference of input.clusters ?? ['default']) {
        const name = reference.replace(/^arn:[^/]*:cluster\//, '');
        const cluster = state.clusters.get(name);
        if (cluster) clusters.push(describe(cluster));
        else failures.push({ arn: state.kernel.arn('ecs', `cluster/${name}`), reason: 'MISSING' });
      }
      return { clusters, failures };
    },

    ListClusters(input: ListClustersCommandInput): Answer<ListClustersCommandOutput> {
      const arns = [...state.clusters.values()].map((cluster) => cluster.arn).sort();
      const { items, next } = page(arns, input.nextToken, input.maxResults ?? 100, badToken);
      return next === undefined ? { clusterArns: items } : { clusterArns: items, nextToken: next };
    },
  };
}

function tagOperations(state: ContainerService): Operations {
  const requireExisting = (arn: string): string => {
    if (arn.includes(':service/')) {
      const service = state.services.get(arn);
      if (service === undefined || service.status === 'INACTIVE') throw serviceNotFound();
    } else if (arn.includes(':cluster/')) {
      if (![...state.clusters.values()].some((cluster) => cluster.arn === arn)) throw clusterNotFound();
    } else if (arn.includes(':task-definition/')) {
      if (state.findTaskDefinition(arn) === undefined) {
        throw invalidParameter(
          'The specified task definition is not found. Specify a valid resource ARN and try again.',
        );
      }
    } else if (!state.tasks.has(arn)) {
      throw invalidParameter('The specified task is not found. Specify a valid resource ARN and try again.');
    }
    return arn;
  };

  return {
    TagResource(input: TagResourceCommandInput): object {
      const arn = requireExisting(input.resourceArn ?? '');
      const tags = input.tags ?? [];
      if (tags.length === 0) throw invalidParameter('Tags can not be empty.');
      state.tags.add(arn, ecsTagPairs(tags));
      return {};
    },

    UntagResource(input: UntagResourceCommandInput): object {
      state.tags.remove(requireExisting(input.resourceArn ?? ''), input.tagKeys ?? []);
      return {};
    },

    ListTagsForResource(input: ListTagsForResourceCommandInput): Answer<ListTagsForResourceCommandOutput> {
      return { tags: ecsTags(state.tags.read(requireExisting(input.resourceArn ?? ''))) };
    },
  };
}

/** Every operation of Amazon ECS that the simulator knows. */
export const containerOperations = (state: ContainerService, scheduler: ServiceScheduler): Operations => ({
  ...clusterOperations(state),
  ...taskDefinitionOperations(state),
  ...serviceOperations(state, scheduler),
  ...serviceDeploymentOperations(state, scheduler),
  ...taskOperations(state, scheduler),
  ...tagOperations(state),
});
