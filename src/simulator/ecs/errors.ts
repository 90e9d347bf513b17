import { AwsError } from '../operation.ts';

/** What Amazon ECS answers when it refuses: names and words as AWS gives them. */
export const invalidParameter = (message: string): AwsError =>
  new AwsError('InvalidParameterException', message);
export const clientError = (message: string): AwsError => new AwsError('ClientException', message);
export const clusterNotFound = (): AwsError => new AwsError('ClusterNotFoundException', 'Cluster not found.');
export const serviceNotFound = (): AwsError => new AwsError('ServiceNotFoundException', 'Service not found.');
export const serviceNotActive = (): AwsError =>
  new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.');
export const badToken = (): AwsError => invalidParameter('Invalid token.');
/** Of an identifier that is an ARN. */
export const foreignRegion = (): AwsError => invalidParameter('Invalid Region in ARN');
export const foreignAccount = (account: string, own: string): AwsError =>
  invalidParameter(`Identifier is for ${account}. Your accountId is ${own}`);
