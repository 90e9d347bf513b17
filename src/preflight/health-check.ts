import { formatDuration } from '../rollout/duration.ts';
import { type Finding, fail, isUnseen, pass, type Seen, unseen, warn } from './finding.ts';

export interface ContainerHealth {
  readonly container: string;
  readonly configured: boolean;
}

/** How a load balancer finds out whether a target is healthy. */
export interface HealthCheck {
  readonly enabled: boolean;
  /** `HTTP`, `HTTPS`, `TCP`, ... */
  readonly protocol: string;
  /** `traffic-port`, or a number. */
  readonly port: string;
  /** Of HTTP and HTTPS. */
  readonly path: string | undefined;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Codes of HTTP or gRPC that are a healthy answer, such as `200` or `200-399`. */
  readonly matcher: string | undefined;
}

/** As far as it says how long a failing task gets requests. */
type Patience = Omit<HealthCheck, 'port' | 'healthyThreshold' | 'matcher'>;

/** Longer than that a task that fails must not get requests (C4 of the documents' rollback triggers). */
const LATEST_MS = 120_000;

export function checkHealthChecks(
  containers: readonly ContainerHealth[],
  targetGroups: readonly { readonly name: string; readonly healthCheck: Seen<Patience> }[],
): readonly Finding[] {
  const check = 'health-check';
  const without = containers.filter(({ configured }) => !configured).map(({ container }) => container);
  const findings: Finding[] = [];
  if (without.length > 0) {
    findings.push(
      warn(
        check,
        `${without.length === 1 ? 'the container' : 'the containers'} ${without.join(', ')} ${without.length === 1 ? 'has' : 'have'} no health check: ECS takes a task for well as long as its process runs`,
        'Give each a healthCheck in the task definition, such as ["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"].',
      ),
    );
  }
  const told = targetGroups.map(({ name, healthCheck }): Finding => {
    if (isUnseen(healthCheck))
      return unseen(check, `the health check of the target group ${name}`, healthCheck);
    const { enabled, intervalSeconds, timeoutSeconds, unhealthyThreshold, path, protocol } = healthCheck;
    if (!enabled) {
      return fail(
        check,
        `the target group ${name} asks its targets for nothing: its health check is off`,
        'Turn it on: aws elbv2 modify-target-group --health-check-enabled --health-check-path /health',
      );
    }
    // The first failing answer comes an interval after the fault at the latest, and each takes up to its time-out.
    const foundMs = (intervalSeconds * unhealthyThreshold + timeoutSeconds) * 1000;
    const how = `${protocol}${path === undefined ? '' : ` ${path}`} every ${intervalSeconds}s, ${unhealthyThreshold} times`;
    if (foundMs > LATEST_MS) {
      return warn(
        check,
        `the target group ${name} finds a failing task after up to ${formatDuration(foundMs)} (${how}), and it gets requests until then`,
        `Ask more often, or fewer times, so that it takes ${formatDuration(LATEST_MS)} at most: aws elbv2 modify-target-group --health-check-interval-seconds 15 --unhealthy-threshold-count 3`,
      );
    }
    return pass(
      check,
      `the target group ${name} finds a failing task within ${formatDuration(foundMs)} (${how})`,
    );
  });
  const containersPass =
    containers.length > 0 && without.length === 0
      ? [
          pass(
            check,
            `${containers.map(({ container }) => container).join(', ')}: configured in the task definition`,
          ),
        ]
      : [];
  return [...findings, ...told, ...containersPass];
}
