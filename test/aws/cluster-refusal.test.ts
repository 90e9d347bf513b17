import { expect, test } from 'vitest';
import { clusterRefusal } from '../../src/aws/cluster-refusal.ts';
import { ConfigError } from '../../src/errors.ts';

const refusal = (name: string, message: string): Error => Object.assign(new Error(message), { name });
const OTHER = refusal(
  'InvalidParameterException',
  'Identifier is for 210987654321. Your accountId is 123456789012',
);
const ARN = 'arn:aws:ecs:eu-west-1:210987654321:cluster/prod';

test.each([
  [
    'a name that no cluster has',
    'prod',
    refusal('ClusterNotFoundException', 'Cluster not found.'),
    'cluster: there is no cluster "prod" in this account and region; check its name and AWS_REGION',
  ],
  [
    'a cluster in another account',
    ARN,
    OTHER,
    'cluster: the cluster "prod" is in another account than the credentials of this job, by the ARN of cluster or service; check both ARNs and role-to-assume',
  ],
])('%s is a problem of the input', (_, cluster, error, told) => {
  const thrown = clusterRefusal(cluster, error);
  expect(thrown).toBeInstanceOf(ConfigError);
  expect(thrown).toMatchObject({ message: told, cause: error });
});

test('what is not about the cluster stays as it is', () => {
  const other = refusal('InvalidParameterException', 'No Container Instances were found in your cluster.');
  expect(clusterRefusal(ARN, other)).toBe(other);
  // By a name it is another ARN of the request.
  expect(clusterRefusal('prod', OTHER)).toBe(OTHER);
});
