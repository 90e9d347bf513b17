import { AwsError, type Call } from './operation.ts';

/** How a service refuses a call for reasons that no operation knows of; services differ in names and status. */
interface Manners {
  /** The service's prefix in IAM actions. */
  readonly iam: string;
  readonly throttled: string;
  readonly internal: string;
  readonly denied: string;
  readonly deniedStatus: number;
  /** Of throttling; 400 if not given. */
  readonly throttledStatus?: number;
  /** IAM's actions, where they are not the operations' names. */
  readonly actions?: Readonly<Record<string, string>>;
}

const json = { throttled: 'ThrottlingException', denied: 'AccessDeniedException', deniedStatus: 400 };
const query = { throttled: 'Throttling', denied: 'AccessDenied', deniedStatus: 403 };

const manners: Readonly<Record<string, Manners>> = {
  ECS: { ...json, iam: 'ecs', internal: 'ServerException' },
  'Elastic Load Balancing v2': { ...query, iam: 'elasticloadbalancing', internal: 'InternalFailure' },
  CloudWatch: { ...query, iam: 'cloudwatch', internal: 'InternalServiceFault' },
  STS: { ...query, iam: 'sts', internal: 'InternalFailure' },
  'Resource Groups Tagging API': {
    ...json,
    iam: 'tag',
    internal: 'InternalServiceException',
    throttled: 'ThrottledException',
  },
  'Application Auto Scaling': {
    ...json,
    iam: 'application-autoscaling',
    internal: 'InternalServiceException',
  },
  ECR: { ...json, iam: 'ecr', internal: 'ServerException' },
  'CloudWatch Logs': { ...json, iam: 'logs', internal: 'ServiceUnavailableException' },
  SSM: { ...json, iam: 'ssm', internal: 'InternalServerError' },
  RDS: { ...query, iam: 'rds', internal: 'InternalFailure' },
  ElastiCache: { ...query, iam: 'elasticache', internal: 'InternalFailure' },
  // In capital letters, unlike in policies.
  SNS: { ...query, iam: 'SNS', internal: 'InternalError', denied: 'AuthorizationError' },
  CloudFront: { ...query, iam: 'cloudfront', internal: 'InternalFailure' },
  S3: {
    ...query,
    iam: 's3',
    throttled: 'SlowDown',
    throttledStatus: 503,
    internal: 'InternalError',
    actions: {
      CopyObject: 'PutObject',
      DeleteObjects: 'DeleteObject',
      HeadObject: 'GetObject',
      ListObjectsV2: 'ListBucket',
    },
  },
  CloudFormation: { ...query, iam: 'cloudformation', internal: 'InternalFailure' },
  'Secrets Manager': { ...json, iam: 'secretsmanager', internal: 'InternalServiceError' },
  'Service Quotas': {
    ...json,
    iam: 'servicequotas',
    internal: 'ServiceException',
    throttled: 'TooManyRequestsException',
  },
  IAM: { ...query, iam: 'iam', internal: 'ServiceFailure' },
  EC2: {
    ...query,
    iam: 'ec2',
    internal: 'InternalError',
    throttled: 'RequestLimitExceeded',
    denied: 'UnauthorizedOperation',
  },
};

function mannersOf(service: string): Manners {
  return manners[service] ?? { ...json, iam: service.toLowerCase(), internal: 'InternalFailure' };
}

/** The service's own throttling error. */
export function throttled(service: string): AwsError {
  const { throttled: name, throttledStatus = 400 } = mannersOf(service);
  return new AwsError(name, 'Rate exceeded', throttledStatus);
}

/** The service's own error for a fault inside AWS, status 500. */
export function internalError(service: string): AwsError {
  return new AwsError(mannersOf(service).internal, 'The service encountered an internal error.', 500);
}

/** The service's own answer to a caller whose policies do not allow the operation, in the words of IAM. */
export function accessDenied(service: string, operation: string, resource: string, call: Call): AwsError {
  const { iam, denied, deniedStatus, actions } = mannersOf(service);
  const action = `${iam}:${actions?.[operation] ?? operation}`;
  return new AwsError(
    denied,
    `User: ${callerArn(call)} is not authorized to perform: ${action} on resource: ${resource} ` +
      `because no identity-based policy allows the ${action} action`,
    deniedStatus,
  );
}

/** Who calls, as STS and every access-denied message name them. */
export function callerArn({ accountId, caller }: Call): string {
  return caller ?? `arn:aws:sts::${accountId}:assumed-role/deploy/GitHubActions`;
}

/** The resource that an access-denied message names: the call's first ARN, an ECS service or cluster, or `*`. */
export function resourceOf(service: string, input: object, call: Call): string {
  const members = new Map<string, unknown>(Object.entries(input));
  if (service === 'ECS') {
    const cluster = String(members.get('cluster') ?? 'default').replace(/^arn:.*:cluster\//, '');
    const name = members.get('service') ?? members.get('serviceName');
    const of = name === undefined ? undefined : `service/${cluster}/${String(name).split('/').at(-1)}`;
    if (of) return `arn:aws:ecs:${call.region}:${call.accountId}:${of}`;
  }
  if (service === 'S3') {
    const key = members.get('Key');
    return `arn:aws:s3:::${members.get('Bucket')}${key === undefined ? '' : `/${key}`}`;
  }
  if (service === 'CloudFront') {
    const id = members.get('DistributionId') ?? members.get('Id');
    return `arn:aws:cloudfront::${call.accountId}:distribution/${id}`;
  }
  const repository = members.get('repositoryName');
  if (service === 'ECR' && repository !== undefined) {
    const account = members.get('registryId') ?? call.accountId;
    return `arn:aws:ecr:${call.region}:${account}:repository/${repository}`;
  }
  return [...members.values()].find(isArn) ?? '*';
}

function isArn(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('arn:');
}
