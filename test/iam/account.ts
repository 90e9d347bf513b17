import type { Values } from './policy.ts';

const HOME = '123456789012';
/** The account to which the tests promote images. */
const OTHER = '210987654321';

/** The role of a job's own credentials. */
export const JOB_ROLE = `arn:aws:iam::${HOME}:role/deploy`;

/**
 * What the placeholders of the policies stand for in the simulated accounts; a star where each test has names of its
 * own.
 */
export const SIMULATED: Values = {
  REGION: 'eu-west-1',
  ACCOUNT: HOME,
  CLUSTER: 'prod',
  // The second exists, and canary looks at it before it refuses to release it.
  SERVICE: ['web', 'api'],
  LOAD_BALANCER: ['shop', 'internal'],
  STACK: '*',
  FAMILY: 'web',
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
  LOCK: ['prod/web', 'prod/wbe'],
  LOG_REGION: ['eu-west-1', 'us-east-1'],
  LOG_GROUP: '/ecs/web',
  DB_INSTANCE: '*',
  DB_CLUSTER: '*',
  REPLICATION_GROUP: '*',
  CACHE_CLUSTER: '*',
  SERVERLESS_CACHE: '*',
  TOPIC: '*',
  LABEL: ['pre-deploy', 'nightly'],
  KEY: '*',
  ORG: 'org',
  REPO: ['shop', 'web'],
};
