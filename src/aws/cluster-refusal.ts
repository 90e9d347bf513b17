import { nameIn } from '../arn.ts';
import { ConfigError } from '../errors.ts';
import { errorName } from './connection.ts';

/** Of an ARN, which ECS looks at before the name in it; that of another region it calls `Invalid Region in ARN`. */
const OTHER_ACCOUNT = /Identifier is for \d{12}\. Your accountId is/;

/**
 * What is to be thrown for what ECS answers of a cluster: a ConfigError where there is none of that name, or where its
 * ARN is of another account than the job's credentials; any other error as it is.
 *
 * @param cluster its name or ARN
 */
export function clusterRefusal(cluster: string, error: unknown): unknown {
  const message =
    errorName(error) === 'ClusterNotFoundException'
      ? `there is no cluster "${nameIn(cluster)}" in this account and region; check its name and AWS_REGION`
      : cluster.startsWith('arn:') && error instanceof Error && OTHER_ACCOUNT.test(error.message)
        ? `the cluster "${nameIn(cluster)}" is in another account than the credentials of this job, by the ARN of cluster or service; check both ARNs and role-to-assume`
        : undefined;
  return message === undefined ? error : new ConfigError({ input: 'cluster', message }, { cause: error });
}
