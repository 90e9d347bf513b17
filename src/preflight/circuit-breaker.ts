import { type Finding, pass, skip, warn } from './finding.ts';

/** What a service does when its tasks do not start, and how many it replaces at once. */
export interface Safeguards {
  readonly enabled: boolean;
  readonly rollback: boolean;
  readonly maximumPercent: number;
  readonly minimumHealthyPercent: number;
}

/** @param controller `ECS`, or another one that has no circuit breaker */
export function checkCircuitBreaker(
  service: {
    readonly name: string;
    readonly cluster: string;
    readonly controller: string;
    readonly scheduling: string;
  },
  { enabled, rollback, maximumPercent, minimumHealthyPercent }: Safeguards,
): readonly Finding[] {
  const check = 'circuit-breaker';
  const { name, cluster, controller, scheduling } = service;
  // One on each instance, and never two: AWS takes nothing else for it.
  const daemon = scheduling === 'DAEMON';
  const percents = daemon ? '' : ',maximumPercent=200,minimumHealthyPercent=100';
  if (controller !== 'ECS') return [skip(check, `${name} is deployed by ${controller}, which has none`)];
  const wanted = `aws ecs update-service --cluster ${cluster} --service ${name} --deployment-configuration 'deploymentCircuitBreaker={enable=true,rollback=true}${percents}'`;
  const findings: Finding[] = [];
  const say = (what: string, fix: string) => findings.push(warn(check, what, fix));
  if (!enabled || !rollback) {
    say(
      enabled
        ? 'the circuit breaker stops a deployment whose tasks do not start, and does not take it back'
        : 'the circuit breaker is off: ECS starts failing tasks again and again',
      `Turn it on with rollback: ${wanted}`,
    );
  }
  if (minimumHealthyPercent < 100 && !daemon) {
    say(
      `minimumHealthyPercent is ${minimumHealthyPercent}: ECS stops tasks before the new ones run, and users have fewer of them meanwhile`,
      `Set it to 100: ${wanted}`,
    );
  }
  if (maximumPercent < 200 && !daemon) {
    say(
      `maximumPercent is ${maximumPercent}: ${maximumPercent <= 100 ? 'ECS starts no new task before an old one is gone' : 'the new tasks come in several rounds'}`,
      `Set it to 200: ${wanted}`,
    );
  }
  if (findings.length > 0) return findings;
  return [
    pass(
      check,
      `on, with rollback; maximumPercent ${maximumPercent}, minimumHealthyPercent ${minimumHealthyPercent}`,
    ),
  ];
}
