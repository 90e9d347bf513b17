import type { Values } from './policy.ts';

const HOME = '123456789012';
/** The account to which the tests promote images. */
const OTHER = '210987654321';

/** The role of a job's own credentials. */
export const JOB_ROLE = `arn:aws:iam::${HOME}:role/deploy`;

/** Services of the examples and of a promotion's stages, by their clusters. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  prod: ['dev', 'staging', 'production'],
  'tickets-dev-cluster': ['tickets-dev-service'],
  'tickets-prod-cluster': ['tickets-prod-service'],
  'rides-cluster': ['rides-backend'],
  'coupons-production': ['coupons-api-service'],
  'auctions-production': ['auctions-api', 'auctions-client', 'auctions-backoffice'],
};
const SERVICES = Object.values(EXAMPLES).flat();

/**
 * What the placeholders of the policies stand for in the simulated accounts; a star where each test has names of its
 * own.
 */
export const SIMULATED: Values = {
  REGION: 'eu-west-1',
  ACCOUNT: HOME,
  CLUSTER: Object.keys(EXAMPLES),
  // The second exists, and canary looks at it before it refuses to release it.
  SERVICE: ['web', 'api', 'worker', ...SERVICES],
  LOAD_BALANCER: ['shop', 'internal', ...SERVICES],
  STACK: '*',
  FAMILY: ['web', ...SERVICES],
  TASK_ROLE: 'web-task',
  EXECUTION_ROLE: 'ecsTaskExecutionRole',
  INFRASTRUCTURE_ROLE: 'ecsInfrastructureRole',
  REPOSITORY: '*',
  SOURCE: '*',
  SOURCE_ACCOUNT: [HOME, OTHER],
  SOURCE_REGION: ['eu-west-1', 'eu-north-1', 'us-east-1'],
  SOURCE_ROLE: 'pull-images',
  TARGET: '*',
  TARGET_ACCOUNT: [HOME, OTHER],
  TARGET_REGION: ['eu-west-1', 'eu-north-1', 'us-east-1'],
  TARGET_ROLE: 'push-images',
  // The second is misspelled on purpose: nothing is known of its migrations.
  LOCK: [
    ...['prod/web', 'prod/wbe', 'prod/api', 'prod/shop', 'shop-database', 'shopdb'],
    ...Object.entries(EXAMPLES).flatMap(([cluster, services]) =>
      services.map((service) => `${cluster}/${service}`),
    ),
  ],
  LOG_REGION: ['eu-west-1', 'us-east-1'],
  LOG_GROUP: ['/ecs/web', ...SERVICES.map((service) => `/ecs/${service}`)],
  DB_INSTANCE: '*',
  DB_CLUSTER: '*',
  REPLICATION_GROUP: '*',
  CACHE_CLUSTER: '*',
  SERVERLESS_CACHE: '*',
  TOPIC: '*',
  DASHBOARD: ['prod_web', 'prod_worker'],
  SECRET: '*',
  PARAMETER: '*',
  DEPLOY_ROLE: 'deploy',
  BUCKET: '*',
  PREFIX: '',
  DISTRIBUTION: '*',
  LABEL: ['pre-deploy', 'nightly'],
  KEY: '*',
  ORG: 'org',
  REPO: ['shop', 'web', 'example'],
};
