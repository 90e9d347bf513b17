import * as autoscaling from '@aws-sdk/client-application-auto-scaling';
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as ecr from '@aws-sdk/client-ecr';
import * as ecs from '@aws-sdk/client-ecs';
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import * as elasticache from '@aws-sdk/client-elasticache';
import * as rds from '@aws-sdk/client-rds';
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
import * as sns from '@aws-sdk/client-sns';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import { readServiceModel, type ServiceModel } from './service.ts';

// A client is only made to read its settings; nothing is ever sent with these credentials.
const offline = { region: 'eu-west-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };

/** Every service that the simulator can speak for, whether or not anything answers. */
export const serviceModels: readonly ServiceModel[] = [
  readServiceModel(ecs, new ecs.ECSClient(offline)),
  readServiceModel(elbv2, new elbv2.ElasticLoadBalancingV2Client(offline)),
  readServiceModel(cloudwatch, new cloudwatch.CloudWatchClient(offline)),
  readServiceModel(sts, new sts.STSClient(offline)),
  readServiceModel(tagging, new tagging.ResourceGroupsTaggingAPIClient(offline)),
  readServiceModel(autoscaling, new autoscaling.ApplicationAutoScalingClient(offline)),
  readServiceModel(cloudformation, new cloudformation.CloudFormationClient(offline)),
  readServiceModel(ecr, new ecr.ECRClient(offline)),
  readServiceModel(logs, new logs.CloudWatchLogsClient(offline)),
  readServiceModel(ssm, new ssm.SSMClient(offline)),
  readServiceModel(rds, new rds.RDSClient(offline)),
  readServiceModel(elasticache, new elasticache.ElastiCacheClient(offline)),
  readServiceModel(sns, new sns.SNSClient(offline)),
];

/** @throws Error when there is no such service, or it has no such operation; what is undefined is not looked for */
export function mustExist(serviceId: string | undefined, operation: string | undefined): void {
  const candidates = serviceModels.filter((model) => serviceId === undefined || model.id === serviceId);
  if (candidates.length === 0) {
    throw new Error(`no service "${serviceId}"; there are ${serviceModels.map((m) => m.id).join(', ')}`);
  }
  if (operation !== undefined && !candidates.some((model) => model.operations.has(operation))) {
    throw new Error(`${serviceId ?? 'no service'} has no operation "${operation}"`);
  }
}
