import * as autoscaling from '@aws-sdk/client-application-auto-scaling';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as ecs from '@aws-sdk/client-ecs';
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
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
];
