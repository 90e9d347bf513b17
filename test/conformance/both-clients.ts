import * as autoscaling from '@aws-sdk/client-application-auto-scaling';
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as cloudfront from '@aws-sdk/client-cloudfront';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as ec2 from '@aws-sdk/client-ec2';
import * as ecr from '@aws-sdk/client-ecr';
import * as ecs from '@aws-sdk/client-ecs';
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import * as elasticache from '@aws-sdk/client-elasticache';
import * as iam from '@aws-sdk/client-iam';
import * as rds from '@aws-sdk/client-rds';
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
import * as s3 from '@aws-sdk/client-s3';
import * as secretsManager from '@aws-sdk/client-secrets-manager';
import * as quotas from '@aws-sdk/client-service-quotas';
import * as sns from '@aws-sdk/client-sns';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import { expect } from 'vitest';
import { clientOf } from '../simulator/client-of.ts';
import { type Answer, type Boto3, plain, type Refusal } from './boto3.ts';

/** By the names that boto3 has for the services: the SDK's id, package and client. */
export const SERVICES = {
  ecs: { id: 'ECS', sdk: ecs, client: ecs.ECSClient },
  elbv2: { id: 'Elastic Load Balancing v2', sdk: elbv2, client: elbv2.ElasticLoadBalancingV2Client },
  cloudwatch: { id: 'CloudWatch', sdk: cloudwatch, client: cloudwatch.CloudWatchClient },
  logs: { id: 'CloudWatch Logs', sdk: logs, client: logs.CloudWatchLogsClient },
  ssm: { id: 'SSM', sdk: ssm, client: ssm.SSMClient },
  s3: { id: 'S3', sdk: s3, client: s3.S3Client },
  cloudfront: { id: 'CloudFront', sdk: cloudfront, client: cloudfront.CloudFrontClient },
  secretsmanager: {
    id: 'Secrets Manager',
    sdk: secretsManager,
    client: secretsManager.SecretsManagerClient,
  },
  'service-quotas': { id: 'Service Quotas', sdk: quotas, client: quotas.ServiceQuotasClient },
  iam: { id: 'IAM', sdk: iam, client: iam.IAMClient },
  ec2: { id: 'EC2', sdk: ec2, client: ec2.EC2Client },
  sns: { id: 'SNS', sdk: sns, client: sns.SNSClient },
  sts: { id: 'STS', sdk: sts, client: sts.STSClient },
  ecr: { id: 'ECR', sdk: ecr, client: ecr.ECRClient },
  rds: { id: 'RDS', sdk: rds, client: rds.RDSClient },
  elasticache: { id: 'ElastiCache', sdk: elasticache, client: elasticache.ElastiCacheClient },
  cloudformation: { id: 'CloudFormation', sdk: cloudformation, client: cloudformation.CloudFormationClient },
  'application-autoscaling': {
    id: 'Application Auto Scaling',
    sdk: autoscaling,
    client: autoscaling.ApplicationAutoScalingClient,
  },
  resourcegroupstaggingapi: {
    id: 'Resource Groups Tagging API',
    sdk: tagging,
    client: tagging.ResourceGroupsTaggingAPIClient,
  },
} as const;

export type ServiceName = keyof typeof SERVICES;

interface Client {
  send(command: object): Promise<object>;
}
type Paginator = (config: object, input: object) => AsyncIterable<object>;

/** One AWS, asked by two clients that share no code. */
export class BothClients {
  readonly #url: string;
  readonly #boto3: Boto3;
  readonly #clients = new Map<ServiceName, Client>();
  /** What boto3 has asked and been answered, as `SERVICE ID OPERATION`. */
  readonly answered = new Set<string>();

  constructor(url: string, boto3: Boto3) {
    this.#url = url;
    this.#boto3 = boto3;
  }

  #client(name: ServiceName): Client {
    const { client: Made } = SERVICES[name];
    const config = { ...clientOf({ url: this.#url }), disableHostPrefix: true };
    const client = this.#clients.get(name) ?? (new Made(config) as Client);
    this.#clients.set(name, client);
    return client;
  }

  async #send(service: ServiceName, operation: string, input: object): Promise<object> {
    const sdk: object = SERVICES[service].sdk;
    const Command = Reflect.get(sdk, `${operation}Command`) as new (input: object) => object;
    const answer = await this.#client(service).send(new Command(input));
    if (!('Body' in answer)) return answer;
    // A stream, which boto3's side has read.
    const body = answer.Body as { transformToByteArray(): Promise<Uint8Array> };
    return { ...answer, Body: await body.transformToByteArray() };
  }

  async #ask(
    service: ServiceName,
    operation: string,
    input: object,
    more?: { events?: number; pages?: true },
  ): Promise<Answer> {
    const answer = await this.#boto3.answer(service, operation, input, more);
    this.answered.add(`${SERVICES[service].id} ${operation}`);
    return answer;
  }

  /** Changes something, or asks for what is new each time, by boto3 alone. */
  changes(service: ServiceName, operation: string, input: object, events?: number): Promise<Answer> {
    return this.#ask(service, operation, input, events === undefined ? {} : { events });
  }

  /** Reads by both clients, which have to read the same. */
  async reads(service: ServiceName, operation: string, input: object): Promise<Answer> {
    const theirs = await this.#ask(service, operation, input);
    expect(theirs, `${operation} ${JSON.stringify(input)}`).toEqual(
      plain(await this.#send(service, operation, input)),
    );
    return theirs;
  }

  /** Reads all pages by both clients' paginators; answers boto3's pages. */
  async readsPages(service: ServiceName, operation: string, input: object): Promise<readonly Answer[]> {
    const theirs: Answer[] = await this.#ask(service, operation, input, { pages: true });
    const sdk: object = SERVICES[service].sdk;
    const paginate = Reflect.get(sdk, `paginate${operation}`) as Paginator;
    const ours: unknown[] = [];
    for await (const page of paginate({ client: this.#client(service) }, input)) {
      ours.push(plain(page));
    }
    // A token has the same meaning, and need not be the same.
    expect(JSON.parse(withoutTokens(theirs))).toEqual(JSON.parse(withoutTokens(ours)));
    return theirs;
  }

  /** Asks by both clients for what is refused; answers what boto3 makes of it. */
  async refused(service: ServiceName, operation: string, input: object): Promise<Refusal> {
    const result = await this.#boto3.ask(service, operation, input);
    if (!('refusal' in result)) throw new Error(`boto3's ${operation} was not refused`);
    const { refusal } = result;
    const ours: unknown = await this.#send(service, operation, input).then(
      () => undefined,
      (error: unknown) => error,
    );
    const { name, message, $metadata } = ours as {
      name: string;
      message: string;
      $metadata: { httpStatusCode: number };
    };
    expect($metadata.httpStatusCode).toBe(refusal.status);
    // Where AWS says nothing, each of them has a word of its own.
    expect(message).toBe(refusal.message || 'UnknownError');
    // A class of its own says the model's name, the class of all others nothing.
    expect(name).toBe(refusal.exception === 'ClientError' ? refusal.code : refusal.exception);
    return refusal;
  }
}

const withoutTokens = (pages: readonly unknown[]): string =>
  JSON.stringify(pages, (key, value: unknown) =>
    /^(nextToken|NextToken|Marker|NextMarker|ContinuationToken|NextContinuationToken)$/.test(key)
      ? 'more'
      : value,
  );
