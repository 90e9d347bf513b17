import { AwsError } from '../operation.ts';

/** What Elastic Load Balancing answers when it refuses: names and words as AWS gives them. */
export const validationError = (message: string): AwsError => new AwsError('ValidationError', message);
export const loadBalancerNotFound = (names?: readonly string[]): AwsError =>
  new AwsError(
    'LoadBalancerNotFound',
    names ? `Load balancers '[${names.join(', ')}]' not found` : 'One or more load balancers not found',
  );
export const listenerNotFound = (): AwsError =>
  new AwsError('ListenerNotFound', 'One or more listeners not found');
export const ruleNotFound = (): AwsError => new AwsError('RuleNotFound', 'One or more rules not found');
export const targetGroupNotFound = (): AwsError =>
  new AwsError('TargetGroupNotFound', 'One or more target groups not found');
export const badMarker = (): AwsError => validationError('The specified marker is not valid');

/**
 * Refuses an ARN that is none of the kind.
 *
 * @param kind as AWS words it, such as `target group`
 */
export function requireArn(arn: string | undefined, pattern: RegExp, kind: string): string {
  if (arn === undefined || !pattern.test(arn)) {
    throw validationError(`'${arn ?? ''}' is not a valid ${kind} ARN`);
  }
  return arn;
}
