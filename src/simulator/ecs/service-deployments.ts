import type {
  DescribeServiceDeploymentsCommandInput,
  DescribeServiceDeploymentsCommandOutput,
  DescribeServiceRevisionsCommandInput,
  DescribeServiceRevisionsCommandOutput,
  Failure,
  ListServiceDeploymentsCommandInput,
  ListServiceDeploymentsCommandOutput,
  StopServiceDeploymentCommandInput,
  StopServiceDeploymentCommandOutput,
} from '@aws-sdk/client-ecs';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { badToken, invalidParameter } from './errors.ts';
import type { ServiceDeploymentRecord, ServiceRecord } from './model.ts';
import type { ServiceScheduler } from './service-scheduler.ts';
import { describeServiceDeployment } from './service-views.ts';
import type { ContainerService } from './state.ts';

const MAX_DESCRIBED = 20;

/** Service deployments: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html */
export function serviceDeploymentOperations(
  state: ContainerService,
  scheduler: ServiceScheduler,
): Operations {
  const find = (arn: string): { service: ServiceRecord; record: ServiceDeploymentRecord } | undefined => {
    for (const service of state.services.values()) {
      const record = service.serviceDeployments.find((deployment) => deployment.arn === arn);
      if (record !== undefined) return { service, record };
    }
    return undefined;
  };

  const requireFew = (arns: readonly string[], what: string): void => {
    if (arns.length === 0) throw invalidParameter(`${what} cannot be empty.`);
    if (arns.length > MAX_DESCRIBED) {
      throw invalidParameter(`${what} cannot have more than ${MAX_DESCRIBED} entries.`);
    }
  };

  return {
    ListServiceDeployments(
      input: ListServiceDeploymentsCommandInput,
    ): Answer<ListServiceDeploymentsCommandOutput> {
      const service = state.service(state.cluster(input.cluster), input.service);
      const { before, after } = input.createdAt ?? {};
      const records = service.serviceDeployments
        .filter(({ status }) => !input.status?.length || input.status.includes(status))
        .filter(({ createdAt }) => before === undefined || createdAt < before.getTime())
        .filter(({ createdAt }) => after === undefined || createdAt > after.getTime());
      const { items, next } = page(records, input.nextToken, input.maxResults ?? 20, badToken);
      const serviceDeployments = items.map((record) => ({
        serviceDeploymentArn: record.arn,
        serviceArn: service.arn,
        clusterArn: service.cluster.arn,
        ...(record.startedAt === undefined ? {} : { startedAt: new Date(record.startedAt) }),
        createdAt: new Date(record.createdAt),
        ...(record.finishedAt === undefined ? {} : { finishedAt: new Date(record.finishedAt) }),
        targetServiceRevisionArn: record.target.arn,
        status: record.status,
        ...(record.statusReason === undefined ? {} : { statusReason: record.statusReason }),
      }));
      return next === undefined ? { serviceDeployments } : { serviceDeployments, nextToken: next };
    },

    DescribeServiceDeployments(
      input: DescribeServiceDeploymentsCommandInput,
    ): Answer<DescribeServiceDeploymentsCommandOutput> {
      const arns = input.serviceDeploymentArns ?? [];
      requireFew(arns, 'serviceDeploymentArns');
      const found = arns.map((arn) => ({ arn, deployment: find(arn) }));
      return {
        serviceDeployments: found.flatMap(({ deployment }) =>
          deployment ? [describeServiceDeployment(deployment.service, deployment.record)] : [],
        ),
        failures: found.flatMap(({ arn, deployment }): Failure[] =>
          deployment ? [] : [{ arn, reason: 'MISSING' }],
        ),
      };
    },

    DescribeServiceRevisions(
      input: DescribeServiceRevisionsCommandInput,
    ): Answer<DescribeServiceRevisionsCommandOutput> {
      const arns = input.serviceRevisionArns ?? [];
      requireFew(arns, 'serviceRevisionArns');
      const all = [...state.services.values()].flatMap((service) => service.revisions);
      const found = arns.map((arn) => ({ arn, revision: all.find((revision) => revision.arn === arn) }));
      return {
        serviceRevisions: found.flatMap(({ revision }) =>
          revision ? [structuredClone(revision.description)] : [],
        ),
        failures: found.flatMap(({ arn, revision }): Failure[] =>
          revision ? [] : [{ arn, reason: 'MISSING' }],
        ),
      };
    },

    StopServiceDeployment(
      input: StopServiceDeploymentCommandInput,
    ): Answer<StopServiceDeploymentCommandOutput> {
      const arn = input.serviceDeploymentArn ?? '';
      const found = find(arn);
      if (found === undefined) {
        throw new AwsError('ServiceDeploymentNotFoundException', 'Service deployment not found.');
      }
      const { service, record } = found;
      const deployment = service.deployments.find(
        (candidate) => candidate.serviceDeployment === record && candidate.status === 'PRIMARY',
      );
      const stoppable = record.status === 'PENDING' || record.status === 'IN_PROGRESS';
      if (!stoppable || deployment === undefined) {
        throw new AwsError(
          'ConflictException',
          `Service deployment in status ${record.status} cannot be stopped.`,
        );
      }
      scheduler.rollouts.stop(service, deployment, input.stopType !== 'ABORT');
      return { serviceDeploymentArn: arn };
    },
  };
}
