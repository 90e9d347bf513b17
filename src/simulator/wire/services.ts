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

/** Services that the simulator can speak for from the start, whether or not anything answers. */
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

/** A service whose SDK client takes long to load, and of which few runs need anything. */
interface LateService {
  /** The SDK's service id. */
  readonly id: string;
  /** The name that requests to it are signed for. */
  readonly signedFor: string;
  readonly load: () => Promise<ServiceModel>;
}

const LATE_SERVICES: readonly LateService[] = [
  {
    id: 'Secrets Manager',
    signedFor: 'secretsmanager',
    async load() {
      const sdk = await import('@aws-sdk/client-secrets-manager');
      return readServiceModel(sdk, new sdk.SecretsManagerClient(offline));
    },
  },
  {
    id: 'Service Quotas',
    signedFor: 'servicequotas',
    async load() {
      const sdk = await import('@aws-sdk/client-service-quotas');
      return readServiceModel(sdk, new sdk.ServiceQuotasClient(offline));
    },
  },
  {
    id: 'IAM',
    signedFor: 'iam',
    async load() {
      const sdk = await import('@aws-sdk/client-iam');
      return readServiceModel(sdk, new sdk.IAMClient(offline));
    },
  },
  {
    id: 'EC2',
    signedFor: 'ec2',
    async load() {
      const sdk = await import('@aws-sdk/client-ec2');
      return readServiceModel(sdk, new sdk.EC2Client(offline));
    },
  },
  {
    id: 'S3',
    signedFor: 's3',
    async load() {
      const sdk = await import('@aws-sdk/client-s3');
      return readServiceModel(sdk, new sdk.S3Client(offline));
    },
  },
  {
    id: 'CloudFront',
    signedFor: 'cloudfront',
    async load() {
      const sdk = await import('@aws-sdk/client-cloudfront');
      return readServiceModel(sdk, new sdk.CloudFrontClient(offline));
    },
  },
];

const lateModels = new Map<string, Promise<ServiceModel>>();

/**
 * The service that a request is signed for, where it is one of those that are loaded when they are first asked for.
 *
 * @param authorization the header of Signature Version 4
 */
export async function lateModel(authorization: string | undefined): Promise<ServiceModel | undefined> {
  const [, name] = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization ?? '') ?? [];
  const service = LATE_SERVICES.find(({ signedFor }) => signedFor === name);
  return service && (await loaded(service));
}

/** A service by the SDK's id, loaded if it is one of the late ones. */
export async function modelOf(serviceId: string): Promise<ServiceModel | undefined> {
  const late = LATE_SERVICES.find(({ id }) => id === serviceId);
  return late ? await loaded(late) : serviceModels.find(({ id }) => id === serviceId);
}

async function loaded(service: LateService): Promise<ServiceModel> {
  const model = lateModels.get(service.id) ?? service.load();
  lateModels.set(service.id, model);
  return await model;
}

/**
 * What a late service has can only be told once it is loaded.
 *
 * @throws Error when there is no such service, or it has no such operation; what is undefined is not looked for
 */
export function mustExist(serviceId: string | undefined, operation: string | undefined): void {
  if (LATE_SERVICES.some(({ id }) => id === serviceId)) return;
  const candidates = serviceModels.filter((model) => serviceId === undefined || model.id === serviceId);
  if (candidates.length === 0) {
    const known = [...serviceModels, ...LATE_SERVICES].map(({ id }) => id);
    throw new Error(`no service "${serviceId}"; there are ${known.join(', ')}`);
  }
  if (operation !== undefined && !candidates.some((model) => model.operations.has(operation))) {
    throw new Error(`${serviceId ?? 'no service'} has no operation "${operation}"`);
  }
}
