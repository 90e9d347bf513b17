import type { CreateServiceCommandInput, RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { Arrival } from '../../src/simulator/arrivals.ts';

/** What IAM is asked for one call: a call may need several permissions, each on several resources. */
export interface IamRequest {
  /** Such as `ecs:UpdateService`. */
  readonly action: string;
  /** An ARN, or `*` for actions that take none. */
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  /** The resource does not exist: not yet, or no longer. */
  readonly gone?: true;
}

type Members = Readonly<Record<string, unknown>>;
type Context = Record<string, string | readonly string[]>;
type Need = (input: never, place: Place) => readonly IamRequest[];

/** Stands where AWS itself chooses an identifier that is not known before. */
const NEW_ID = '0123456789abcdef';
/** Stands where a request is about whatever there is: nothing narrower than all may be allowed. */
const ANY = 'whatever-there-is';

/** The account and region of a call, and what is in them. */
class Place {
  readonly #arrival: Arrival;

  constructor(arrival: Arrival) {
    this.#arrival = arrival;
  }

  get region(): string {
    return this.#arrival.call.region;
  }

  arn(service: string, resource: string, region = this.region, account = this.#arrival.call.accountId) {
    return `arn:aws:${service}:${region}:${account}:${resource}`;
  }

  /** A request about a resource, with the tags that it has. */
  on(action: string, resource: string, context: Context = {}): IamRequest {
    const { world } = this.#arrival;
    const tags = world.tagsOf ? world.tagsOf(resource) : [];
    if (tags === undefined) return { action, resource, context, gone: true };
    const has = [...tags].map(([key, value]) => [`aws:ResourceTag/${key}`, value] as const);
    return { action, resource, context: { ...Object.fromEntries(has), ...context } };
  }

  cluster(reference: unknown): string {
    const name = typeof reference === 'string' ? reference : 'default';
    return name.startsWith('arn:') ? name : this.arn('ecs', `cluster/${name}`);
  }

  isForeign(arn: string): boolean {
    return arn.split(':')[4] !== this.#arrival.call.accountId;
  }

  service(cluster: unknown, reference: unknown): string {
    const name = String(reference);
    if (name.startsWith('arn:')) return name;
    return this.arn('ecs', `service/${nameOf(this.cluster(cluster))}/${name}`);
  }

  task(cluster: unknown, reference: string): string {
    if (reference.startsWith('arn:')) return reference;
    return this.arn('ecs', `task/${nameOf(this.cluster(cluster))}/${reference}`);
  }

  /** What a service is to run, where a call says so. */
  runs(taskDefinition: string | undefined): Context {
    if (taskDefinition === undefined) return {};
    const arn = taskDefinition.startsWith('arn:')
      ? taskDefinition
      : (this.definition(taskDefinition)?.taskDefinitionArn ??
        this.arn('ecs', `task-definition/${taskDefinition}`));
    return { 'ecs:task-definition': arn };
  }

  definition(reference: string) {
    return this.#arrival.world.taskDefinition?.(reference);
  }
}

const nameOf = (arn: string): string => arn.split('/').at(-1) ?? '';

const requestTags = (tags: Iterable<readonly [string, string]>): Context => {
  const all = [...tags];
  if (all.length === 0) return {};
  return {
    'aws:TagKeys': all.map(([key]) => key),
    ...Object.fromEntries(all.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  };
};

interface LowerTag {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}
interface UpperTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

const lower = (tags: readonly LowerTag[] = []): Context =>
  requestTags(tags.map(({ key = '', value = '' }) => [key, value] as const));
const upper = (tags: readonly UpperTag[] = []): Context =>
  requestTags(tags.map(({ Key = '', Value = '' }) => [Key, Value] as const));

const isTagged = (context: Context): boolean => 'aws:TagKeys' in context;

const onNothing =
  (...actions: string[]): Need =>
  (_input: Members, place) =>
    actions.map((action) => place.on(action, '*'));

function passRoles(place: Place, roles: readonly (string | undefined)[], to: string): IamRequest[] {
  const named = roles.filter((role) => role !== undefined && role !== '');
  return [...new Set(named)].map((role) =>
    place.on('iam:PassRole', role ?? '', { 'iam:PassedToService': to }),
  );
}

/** The infrastructure role with which ECS makes volumes for tasks. */
const volumeRoles = (place: Place, volumes: CreateServiceCommandInput['volumeConfigurations'] = []) =>
  passRoles(
    place,
    volumes.map(({ managedEBSVolume }) => managedEBSVolume?.roleArn),
    'ecs.amazonaws.com',
  );

const onServices =
  (action: string): Need =>
  (
    input: {
      cluster?: string;
      services?: string[];
      service?: string;
      serviceName?: string;
      taskDefinition?: string;
    },
    place,
  ): readonly IamRequest[] =>
    (input.services ?? [input.service ?? input.serviceName]).map((service) =>
      place.on(action, place.service(input.cluster, service), {
        'ecs:cluster': place.cluster(input.cluster),
        ...place.runs(input.taskDefinition),
      }),
    );

const onTasks =
  (action: string): Need =>
  (input: { cluster?: string; tasks?: string[]; task?: string }, place): readonly IamRequest[] =>
    (input.tasks ?? [input.task ?? '']).map((task) =>
      place.on(action, place.task(input.cluster, task), { 'ecs:cluster': place.cluster(input.cluster) }),
    );

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html */
const ecs: Readonly<Record<string, Need>> = {
  DescribeServices: onServices('ecs:DescribeServices'),
  UpdateService: (input: CreateServiceCommandInput, place) => [
    ...onServices('ecs:UpdateService')(input as never, place),
    ...volumeRoles(place, input.volumeConfigurations),
  ],
  DeleteService: onServices('ecs:DeleteService'),
  ListServiceDeployments: onServices('ecs:ListServiceDeployments'),
  CreateService(input: CreateServiceCommandInput, place) {
    const tags = lower(input.tags);
    const service = place.service(input.cluster, input.serviceName);
    return [
      place.on('ecs:CreateService', service, {
        'ecs:cluster': place.cluster(input.cluster),
        ...place.runs(input.taskDefinition),
        ...tags,
      }),
      ...(isTagged(tags)
        ? [place.on('ecs:TagResource', service, { ...tags, 'ecs:CreateAction': 'CreateService' })]
        : []),
      ...volumeRoles(place, input.volumeConfigurations),
    ];
  },
  DescribeServiceRevisions: ({ serviceRevisionArns = [] }: { serviceRevisionArns?: string[] }, place) =>
    serviceRevisionArns.flatMap((revision) => {
      const service = revision.replace(':service-revision/', ':service/').replace(/\/[^/]+$/, '');
      return [revision, service].map((arn) => place.on('ecs:DescribeServiceRevisions', arn));
    }),
  DescribeTasks: onTasks('ecs:DescribeTasks'),
  StopTask: onTasks('ecs:StopTask'),
  ListTasks: ({ cluster }: { cluster?: string }, place) => [
    place.on(
      'ecs:ListTasks',
      place.arn('ecs', `container-instance/${nameOf(place.cluster(cluster))}/${NEW_ID}`),
      {
        'ecs:cluster': place.cluster(cluster),
      },
    ),
  ],
  DescribeTaskDefinition: onNothing('ecs:DescribeTaskDefinition'),
  ListTaskDefinitions: onNothing('ecs:ListTaskDefinitions'),
  RegisterTaskDefinition(
    input: { family: string; tags?: LowerTag[]; taskRoleArn?: string; executionRoleArn?: string },
    place,
  ) {
    const tags = lower(input.tags);
    const definition = place.arn('ecs', `task-definition/${input.family}:1`);
    return [
      place.on('ecs:RegisterTaskDefinition', definition, tags),
      ...(isTagged(tags)
        ? [place.on('ecs:TagResource', definition, { ...tags, 'ecs:CreateAction': 'RegisterTaskDefinition' })]
        : []),
      ...passRoles(place, [input.taskRoleArn, input.executionRoleArn], 'ecs-tasks.amazonaws.com'),
    ];
  },
  RunTask(input: RunTaskCommandInput, place) {
    const { taskDefinition = '', overrides, tags: given, volumeConfigurations } = input;
    const definition = place.definition(taskDefinition);
    const tags = lower(given);
    // ECS refuses a cluster of another account, whatever a policy here allows.
    if (place.isForeign(place.cluster(input.cluster))) return [];
    const cluster = { 'ecs:cluster': place.cluster(input.cluster) };
    const task = place.task(input.cluster, NEW_ID);
    return [
      place.on(
        'ecs:RunTask',
        definition?.taskDefinitionArn ?? place.arn('ecs', `task-definition/${taskDefinition}`),
        { ...cluster, ...tags },
      ),
      ...(isTagged(tags)
        ? [place.on('ecs:TagResource', task, { ...tags, 'ecs:CreateAction': 'RunTask' })]
        : []),
      ...passRoles(
        place,
        [
          overrides?.taskRoleArn ?? definition?.taskRoleArn,
          overrides?.executionRoleArn ?? definition?.executionRoleArn,
        ],
        'ecs-tasks.amazonaws.com',
      ),
      ...volumeRoles(place, volumeConfigurations as CreateServiceCommandInput['volumeConfigurations']),
    ];
  },
};

const byArn =
  (action: string, member: string): Need =>
  (input: Members, place) => [place.on(action, String(input[member]))];

/** Dashboards belong to no region. */
const dashboard = (place: Place, name: string): string => place.arn('cloudwatch', `dashboard/${name}`, '');

/** Tags that come with what is put need a permission of their own. */
function putTagged(
  action: string,
  resource: string,
  given: readonly UpperTag[] | undefined,
  place: Place,
): IamRequest[] {
  const tags = upper(given);
  return [
    place.on(action, resource, tags),
    ...(isTagged(tags) ? [place.on('cloudwatch:TagResource', resource, tags)] : []),
  ];
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/load-balancer-authentication-access-control.html */
const balancing: Readonly<Record<string, Need>> = {
  ...Object.fromEntries(
    [
      'DescribeAccountLimits',
      'DescribeListeners',
      'DescribeLoadBalancers',
      'DescribeRules',
      'DescribeTags',
      'DescribeTargetGroupAttributes',
      'DescribeTargetGroups',
      'DescribeTargetHealth',
    ].map((name) => [name, onNothing(`elasticloadbalancing:${name}`)]),
  ),
  ModifyRule: byArn('elasticloadbalancing:ModifyRule', 'RuleArn'),
  DeleteRule: byArn('elasticloadbalancing:DeleteRule', 'RuleArn'),
  ModifyListener: byArn('elasticloadbalancing:ModifyListener', 'ListenerArn'),
  DeleteTargetGroup: byArn('elasticloadbalancing:DeleteTargetGroup', 'TargetGroupArn'),
  ModifyTargetGroupAttributes: byArn('elasticloadbalancing:ModifyTargetGroupAttributes', 'TargetGroupArn'),
  AddTags: ({ ResourceArns = [], Tags }: { ResourceArns?: string[]; Tags?: UpperTag[] }, place) =>
    ResourceArns.map((arn) => place.on('elasticloadbalancing:AddTags', arn, upper(Tags))),
  RemoveTags: ({ ResourceArns = [], TagKeys = [] }: { ResourceArns?: string[]; TagKeys?: string[] }, place) =>
    ResourceArns.map((arn) => place.on('elasticloadbalancing:RemoveTags', arn, { 'aws:TagKeys': TagKeys })),
  CreateTargetGroup({ Name, Tags }: { Name: string; Tags?: UpperTag[] }, place) {
    const tags = upper(Tags);
    const group = place.arn('elasticloadbalancing', `targetgroup/${Name}/${NEW_ID}`);
    return [
      place.on('elasticloadbalancing:CreateTargetGroup', group, tags),
      ...(isTagged(tags) ? [tagsOnCreation(place, group, 'CreateTargetGroup', tags)] : []),
    ];
  },
  CreateRule({ ListenerArn, Tags }: { ListenerArn: string; Tags?: UpperTag[] }, place) {
    const tags = upper(Tags);
    const rule = `${ListenerArn.replace(':listener/', ':listener-rule/')}/${NEW_ID}`;
    return [
      place.on('elasticloadbalancing:CreateRule', ListenerArn, tags),
      ...(isTagged(tags) ? [tagsOnCreation(place, rule, 'CreateRule', tags)] : []),
    ];
  },
};

const tagsOnCreation = (place: Place, arn: string, creation: string, tags: Context): IamRequest =>
  place.on('elasticloadbalancing:AddTags', arn, { ...tags, 'elasticloadbalancing:CreateAction': creation });

const repositoryArn = (place: Place, { repositoryName = '', registryId }: RepositoryInput): string =>
  place.arn('ecr', `repository/${repositoryName}`, place.region, registryId);

interface RepositoryInput {
  readonly repositoryName?: string | undefined;
  readonly registryId?: string | undefined;
}

const onRepository =
  (action: string): Need =>
  (input: RepositoryInput, place) => [place.on(action, repositoryArn(place, input))];

const ecr: Readonly<Record<string, Need>> = {
  GetAuthorizationToken: onNothing('ecr:GetAuthorizationToken'),
  DescribeRepositories: (
    { repositoryNames = [ANY], registryId }: { repositoryNames?: string[]; registryId?: string },
    place,
  ) =>
    repositoryNames.map((repositoryName) =>
      place.on('ecr:DescribeRepositories', repositoryArn(place, { repositoryName, registryId })),
    ),
  ...Object.fromEntries(
    [
      'CreateRepository',
      'DescribeImages',
      'DescribeImageScanFindings',
      'PutLifecyclePolicy',
      'StartImageScan',
    ].map((name) => [name, onRepository(`ecr:${name}`)]),
  ),
};

/**
 * What a request to a registry needs.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
 */
function registryActions(method: string, path: string): readonly string[] {
  const reads = method === 'GET' || method === 'HEAD';
  if (path.startsWith('tags/')) return ['ecr:ListImages'];
  if (path.startsWith('manifests/')) return [reads ? 'ecr:BatchGetImage' : 'ecr:PutImage'];
  if (path.startsWith('blobs/uploads/')) {
    if (method === 'POST') return ['ecr:InitiateLayerUpload'];
    return method === 'PUT' ? ['ecr:UploadLayerPart', 'ecr:CompleteLayerUpload'] : ['ecr:UploadLayerPart'];
  }
  return [method === 'HEAD' ? 'ecr:BatchCheckLayerAvailability' : 'ecr:GetDownloadUrlForLayer'];
}

/**
 * RDS and ElastiCache ask for a customer's key in the caller's name. AWS's own keys let everyone in the account use them
 * through their service. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
 */
const keyUses = (place: Place, key: string | undefined, via: string): readonly IamRequest[] => {
  if (key === undefined || /\balias\/aws\//.test(key)) return [];
  // A policy names the key itself, whatever alias it has.
  const arn = /:key\//.test(key) ? key : place.arn('kms', `key/${key.includes('alias/') ? NEW_ID : key}`);
  return ['kms:CreateGrant', 'kms:DescribeKey'].map((action) =>
    place.on(action, arn, {
      'kms:ViaService': `${via}.${place.region}.amazonaws.com`,
      ...(action === 'kms:CreateGrant' && { 'kms:GrantIsForAWSResource': 'true' }),
    }),
  );
};

type RdsResource = 'db' | 'cluster' | 'snapshot' | 'cluster-snapshot';

/** A snapshot is asked for as itself; a list of them, as all there are. */
const describesRds =
  (action: string, ...resources: RdsResource[]): Need =>
  (_input: Members, place) =>
    resources.map((resource) => place.on(`rds:${action}`, place.arn('rds', `${resource}:${ANY}`)));

const takesRds =
  (action: string, of: RdsResource, ofMember: string, resource: RdsResource, member: string): Need =>
  (input: Members & { Tags?: UpperTag[] }, place) => {
    const tags = upper(input.Tags);
    const snapshot = place.arn('rds', `${resource}:${input[member]}`);
    return [
      place.on(`rds:${action}`, place.arn('rds', `${of}:${input[ofMember]}`), tags),
      place.on(`rds:${action}`, snapshot, tags),
      ...(isTagged(tags) ? [place.on('rds:AddTagsToResource', snapshot, tags)] : []),
    ];
  };

const copiesRds =
  (action: string, resource: RdsResource, from: string, to: string): Need =>
  (input: Members & { Tags?: UpperTag[]; KmsKeyId?: string }, place) => {
    const tags = upper(input.Tags);
    const source = String(input[from]);
    const target = place.arn('rds', `${resource}:${input[to]}`);
    return [
      place.on(
        `rds:${action}`,
        source.startsWith('arn:') ? source : place.arn('rds', `${resource}:${source}`),
        tags,
      ),
      place.on(`rds:${action}`, target, tags),
      ...(isTagged(tags) ? [place.on('rds:AddTagsToResource', target, tags)] : []),
      ...keyUses(place, input.KmsKeyId, 'rds'),
    ];
  };

const byName =
  (action: string, service: string, resource: string, member: string): Need =>
  (input: Members, place) => [place.on(action, place.arn(service, `${resource}:${input[member] ?? ANY}`))];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html */
const rds: Readonly<Record<string, Need>> = {
  DescribeDBInstances: describesRds('DescribeDBInstances', 'db'),
  DescribeDBClusters: describesRds('DescribeDBClusters', 'cluster'),
  DescribeDBSnapshots: describesRds('DescribeDBSnapshots', 'db', 'snapshot'),
  DescribeDBClusterSnapshots: describesRds('DescribeDBClusterSnapshots', 'cluster', 'cluster-snapshot'),
  DescribeEvents: onNothing('rds:DescribeEvents'),
  CreateDBSnapshot: takesRds(
    'CreateDBSnapshot',
    'db',
    'DBInstanceIdentifier',
    'snapshot',
    'DBSnapshotIdentifier',
  ),
  CreateDBClusterSnapshot: takesRds(
    'CreateDBClusterSnapshot',
    'cluster',
    'DBClusterIdentifier',
    'cluster-snapshot',
    'DBClusterSnapshotIdentifier',
  ),
  CopyDBSnapshot: copiesRds(
    'CopyDBSnapshot',
    'snapshot',
    'SourceDBSnapshotIdentifier',
    'TargetDBSnapshotIdentifier',
  ),
  CopyDBClusterSnapshot: copiesRds(
    'CopyDBClusterSnapshot',
    'cluster-snapshot',
    'SourceDBClusterSnapshotIdentifier',
    'TargetDBClusterSnapshotIdentifier',
  ),
  DeleteDBSnapshot: byName('rds:DeleteDBSnapshot', 'rds', 'snapshot', 'DBSnapshotIdentifier'),
  DeleteDBClusterSnapshot: byName(
    'rds:DeleteDBClusterSnapshot',
    'rds',
    'cluster-snapshot',
    'DBClusterSnapshotIdentifier',
  ),
};

interface CacheSnapshotInput {
  readonly SnapshotName?: string;
  readonly ReplicationGroupId?: string;
  readonly CacheClusterId?: string;
  readonly ServerlessCacheName?: string;
  readonly ServerlessCacheSnapshotName?: string;
  readonly KmsKeyId?: string;
  readonly Tags?: UpperTag[];
}

const takesCache =
  (action: string): Need =>
  (input: CacheSnapshotInput, place) => {
    const tags = upper(input.Tags);
    const of = [
      ['replicationgroup', input.ReplicationGroupId],
      ['cluster', input.CacheClusterId],
      ['serverlesscache', input.ServerlessCacheName],
    ].flatMap(([resource, id]) => (id === undefined ? [] : [place.arn('elasticache', `${resource}:${id}`)]));
    const snapshot = place.arn(
      'elasticache',
      input.ServerlessCacheSnapshotName === undefined
        ? `snapshot:${input.SnapshotName}`
        : `serverlesscachesnapshot:${input.ServerlessCacheSnapshotName}`,
    );
    return [
      ...[...of, snapshot].map((arn) => place.on(`elasticache:${action}`, arn, tags)),
      ...(isTagged(tags) ? [place.on('elasticache:AddTagsToResource', snapshot, tags)] : []),
      ...keyUses(place, input.KmsKeyId, 'elasticache'),
    ];
  };

const cache = (action: string, resource: string, member: string): Need =>
  byName(`elasticache:${action}`, 'elasticache', resource, member);

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html */
const elasticache: Readonly<Record<string, Need>> = {
  CreateSnapshot: takesCache('CreateSnapshot'),
  CreateServerlessCacheSnapshot: takesCache('CreateServerlessCacheSnapshot'),
  DeleteSnapshot: cache('DeleteSnapshot', 'snapshot', 'SnapshotName'),
  DeleteServerlessCacheSnapshot: cache(
    'DeleteServerlessCacheSnapshot',
    'serverlesscachesnapshot',
    'ServerlessCacheSnapshotName',
  ),
  DescribeCacheClusters: cache('DescribeCacheClusters', 'cluster', 'CacheClusterId'),
  DescribeReplicationGroups: cache('DescribeReplicationGroups', 'replicationgroup', 'ReplicationGroupId'),
  DescribeServerlessCaches: cache('DescribeServerlessCaches', 'serverlesscache', 'ServerlessCacheName'),
  DescribeServerlessCacheSnapshots: cache(
    'DescribeServerlessCacheSnapshots',
    'serverlesscachesnapshot',
    'ServerlessCacheSnapshotName',
  ),
  DescribeSnapshots: cache('DescribeSnapshots', 'snapshot', 'SnapshotName'),
  ListTagsForResource: byArn('elasticache:ListTagsForResource', 'ResourceName'),
};

const onParameter =
  (action: string): Need =>
  ({ Name, Overwrite }: { Name: string; Overwrite?: boolean }, place) => [
    place.on(
      action,
      place.arn('ssm', `parameter/${Name.replace(/^\//, '')}`),
      Overwrite === undefined ? {} : { 'ssm:Overwrite': String(Overwrite) },
    ),
  ];

const objectArn = ({ Bucket = '', Key = '' }: { readonly Bucket?: string; readonly Key?: string }): string =>
  `arn:aws:s3:::${Bucket}/${Key}`;

const onObject =
  (action: string): Need =>
  (input: { Bucket?: string; Key?: string }, place) => [place.on(action, objectArn(input))];

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
const s3: Readonly<Record<string, Need>> = {
  // Who may not list a bucket is denied what is not there, so that nobody can tell the one from the other.
  GetObject: ({ Bucket = '', Key = '' }: Record<string, string>, place) => [
    place.on('s3:GetObject', objectArn({ Bucket, Key })),
    place.on('s3:ListBucket', `arn:aws:s3:::${Bucket}`),
  ],
  HeadObject: onObject('s3:GetObject'),
  PutObject: onObject('s3:PutObject'),
  CopyObject: ({ Bucket = '', Key = '', CopySource = '' }: Record<string, string>, place) => [
    place.on('s3:GetObject', `arn:aws:s3:::${decodeURIComponent(CopySource)}`),
    place.on('s3:PutObject', objectArn({ Bucket, Key })),
  ],
  ListObjectsV2: ({ Bucket = '', Prefix }: { Bucket?: string; Prefix?: string }, place) => [
    place.on('s3:ListBucket', `arn:aws:s3:::${Bucket}`, Prefix === undefined ? {} : { 's3:prefix': Prefix }),
  ],
  DeleteObjects: (
    { Bucket = '', Delete }: { Bucket?: string; Delete: { Objects: readonly { Key: string }[] } },
    place,
  ) => Delete.Objects.map(({ Key }) => place.on('s3:DeleteObject', objectArn({ Bucket, Key }))),
};

const onDistribution =
  (action: string, member: string): Need =>
  (input: Members, place) => [
    place.on(`cloudfront:${action}`, place.arn('cloudfront', `distribution/${input[member]}`, '')),
  ];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html */
const cloudfront: Readonly<Record<string, Need>> = {
  CreateInvalidation: onDistribution('CreateInvalidation', 'DistributionId'),
  GetDistribution: onDistribution('GetDistribution', 'Id'),
  GetInvalidation: onDistribution('GetInvalidation', 'DistributionId'),
};
/** Names and ARNs without the six characters at their end, in a policy's form: `secret:NAME-??????`. */
const secretArn = (place: Place, id: string): string => {
  const [, region] = /^arn:[\w-]+:secretsmanager:([\w-]+):/.exec(id) ?? [];
  const name = id.replace(/^arn:.*:secret:/, '');
  const whole = place.arn('secretsmanager', `secret:${name}`, region);
  // A name as such has none of its own that ends like that in these tests.
  return region !== undefined && /-\w{6}$/.test(name) ? whole : `${whole}-AbCdEf`;
};

const onSecret =
  (action: string): Need =>
  ({ SecretId }: { SecretId: string }, place) => [place.on(action, secretArn(place, SecretId))];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html */
const secretsManager: Readonly<Record<string, Need>> = {
  DescribeSecret: onSecret('secretsmanager:DescribeSecret'),
  GetSecretValue: onSecret('secretsmanager:GetSecretValue'),
  // Those that may not be read are told in the answer; a policy for it has to allow each.
  BatchGetSecretValue: ({ SecretIdList = [] }: { SecretIdList?: string[] }, place) => [
    place.on('secretsmanager:BatchGetSecretValue', '*'),
    ...SecretIdList.flatMap((id) =>
      onSecret('secretsmanager:GetSecretValue')({ SecretId: id } as never, place),
    ),
  ],
};

const parameterArn = (place: Place, name: string): string =>
  name.startsWith('arn:') ? name : place.arn('ssm', `parameter/${name.replace(/^\//, '')}`);

const NEEDS: Readonly<Record<string, Readonly<Record<string, Need>>>> = {
  ECS: ecs,
  'Elastic Load Balancing v2': balancing,
  ECR: ecr,
  RDS: rds,
  ElastiCache: elasticache,
  S3: s3,
  CloudFront: cloudfront,
  'Application Auto Scaling': {
    DescribeScalableTargets: onNothing('application-autoscaling:DescribeScalableTargets'),
    DescribeScheduledActions: onNothing('application-autoscaling:DescribeScheduledActions'),
    RegisterScalableTarget: (input: { ServiceNamespace: string; ScalableDimension: string }, place) => [
      place.on(
        'application-autoscaling:RegisterScalableTarget',
        place.arn('application-autoscaling', `scalable-target/${NEW_ID}`),
        {
          'application-autoscaling:service-namespace': input.ServiceNamespace,
          'application-autoscaling:scalable-dimension': input.ScalableDimension,
        },
      ),
    ],
  },
  CloudFormation: {
    DescribeStacks: ({ StackName = ANY }: { StackName?: string }, place) => [
      place.on(
        'cloudformation:DescribeStacks',
        StackName.startsWith('arn:')
          ? StackName
          : place.arn('cloudformation', `stack/${StackName}/${NEW_ID}`),
      ),
    ],
  },
  CloudWatch: {
    // Composite alarms are told only to who may describe all.
    DescribeAlarms: (_input: Members, place) => [
      place.on('cloudwatch:DescribeAlarms', place.arn('cloudwatch', `alarm:${ANY}`)),
    ],
    GetMetricData: (_input: Members, place) => [
      place.on('cloudwatch:GetMetricData', place.arn('cloudwatch', `dataset/${ANY}`)),
    ],
    PutMetricAlarm: ({ AlarmName = '', Tags }: { AlarmName?: string; Tags?: UpperTag[] }, place) =>
      putTagged('cloudwatch:PutMetricAlarm', place.arn('cloudwatch', `alarm:${AlarmName}`), Tags, place),
    DeleteAlarms: ({ AlarmNames = [] }: { AlarmNames?: string[] }, place) =>
      AlarmNames.map((name) => place.on('cloudwatch:DeleteAlarms', place.arn('cloudwatch', `alarm:${name}`))),
    ListTagsForResource: byArn('cloudwatch:ListTagsForResource', 'ResourceARN'),
    GetDashboard: ({ DashboardName = '' }: { DashboardName?: string }, place) => [
      place.on('cloudwatch:GetDashboard', dashboard(place, DashboardName)),
    ],
    PutDashboard: ({ DashboardName = '', Tags }: { DashboardName?: string; Tags?: UpperTag[] }, place) =>
      putTagged('cloudwatch:PutDashboard', dashboard(place, DashboardName), Tags, place),
    DeleteDashboards: ({ DashboardNames = [] }: { DashboardNames?: string[] }, place) =>
      DashboardNames.map((name) => place.on('cloudwatch:DeleteDashboards', dashboard(place, name))),
  },
  'CloudWatch Logs': {
    DescribeLogGroups: onNothing('logs:DescribeLogGroups'),
    GetLogEvents: ({ logGroupName = '', logStreamName = '' }: Record<string, string>, place) => [
      place.on(
        'logs:GetLogEvents',
        place.arn('logs', `log-group:${logGroupName}:log-stream:${logStreamName}`),
      ),
    ],
    FilterLogEvents: ({ logGroupName = '' }: Record<string, string>, place) =>
      // In IAM's words it is asked for on the group's streams; AWS documents the group.
      ['', ':log-stream:'].map((rest) =>
        place.on('logs:FilterLogEvents', place.arn('logs', `log-group:${logGroupName}${rest}`)),
      ),
    StartLiveTail: ({ logGroupIdentifiers = [] }: { logGroupIdentifiers?: string[] }, place) =>
      // AWS documents both forms of a log group's ARN for different actions, and not which this one takes.
      logGroupIdentifiers.flatMap((group) =>
        ['', ':log-stream:'].map((rest) => place.on('logs:StartLiveTail', `${group}${rest}`)),
      ),
  },
  SSM: {
    GetParameterHistory: onParameter('ssm:GetParameterHistory'),
    PutParameter: onParameter('ssm:PutParameter'),
    GetParameters: ({ Names = [] }: { Names?: string[] }, place) =>
      Names.map((name) => place.on('ssm:GetParameters', parameterArn(place, name))),
  },
  'Secrets Manager': secretsManager,
  EC2: {
    DescribeSecurityGroups: onNothing('ec2:DescribeSecurityGroups'),
    DescribeSubnets: onNothing('ec2:DescribeSubnets'),
  },
  IAM: {
    SimulatePrincipalPolicy: byArn('iam:SimulatePrincipalPolicy', 'PolicySourceArn'),
  },
  'Service Quotas': {
    GetAWSDefaultServiceQuota: onNothing('servicequotas:GetAWSDefaultServiceQuota'),
    GetServiceQuota: ({ ServiceCode, QuotaCode }: { ServiceCode: string; QuotaCode: string }, place) => [
      place.on('servicequotas:GetServiceQuota', place.arn('servicequotas', `${ServiceCode}/${QuotaCode}`)),
    ],
  },
  STS: {
    AssumeRole: byArn('sts:AssumeRole', 'RoleArn'),
    // It takes no permission.
    GetCallerIdentity: () => [],
  },
  SNS: {
    Publish: byArn('sns:Publish', 'TopicArn'),
  },
};

/**
 * What IAM is asked when a request reaches AWS, by the service authorization reference,
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
 *
 * @returns undefined for an operation that nobody has told what it needs
 */
export function requestsOf(arrival: Arrival): readonly IamRequest[] | undefined {
  const place = new Place(arrival);
  const { service, operation, input } = arrival;
  if (service === 'registry') {
    const { repository, path } = input as { repository: string; path: string };
    const arn = place.arn('ecr', `repository/${repository}`);
    return registryActions(operation, path).map((action) => place.on(action, arn));
  }
  // The simulator has made sure, by the SDK's schema, that the input is what the operation takes.
  return NEEDS[service]?.[operation]?.(input as never, place);
}

/** Every operation that has a mapping, as `SERVICE OPERATION`. */
export const MAPPED: readonly string[] = Object.entries(NEEDS).flatMap(([service, operations]) =>
  Object.keys(operations).map((operation) => `${service} ${operation}`),
);
