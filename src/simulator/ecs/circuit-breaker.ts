import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';

const MIN_THRESHOLD = 3;
const MAX_THRESHOLD = 200;

/**
 * How many failed tasks a deployment may have before the circuit breaker fails it: half of the desired count,
 * at least 3 and at most 200, unless the service sets its own threshold.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export function failureThreshold(configuration: DeploymentConfiguration, desiredCount: number): number {
  const { type = 'BOUNDED_PERCENT', value = 50 } =
    configuration.deploymentCircuitBreaker?.thresholdConfiguration ?? {};
  if (type === 'COUNT') return value;
  const share = Math.ceil((desiredCount * value) / 100);
  return type === 'BOUNDED_PERCENT'
    ? Math.min(MAX_THRESHOLD, Math.max(MIN_THRESHOLD, share))
    : Math.max(1, share);
}

/**
 * How long replacements wait after tasks failed in a row, in ms: a few seconds at first, then longer and longer.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
 */
export function throttle(failuresInRow: number): number {
  if (failuresInRow < 3) return 0;
  return Math.min(10_000 * 2 ** (failuresInRow - 3), 15 * 60_000);
}

/** The lower and upper limit on a service's tasks during a rolling deployment: rounded up and down, as AWS does. */
export function taskLimits(
  configuration: DeploymentConfiguration,
  desiredCount: number,
): { readonly minimum: number; readonly maximum: number } {
  return {
    minimum: Math.ceil((desiredCount * (configuration.minimumHealthyPercent ?? 100)) / 100),
    maximum: Math.floor((desiredCount * (configuration.maximumPercent ?? 200)) / 100),
  };
}
