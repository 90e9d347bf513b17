import { printable } from '../taskdef/shape.ts';
import { type Finding, fail, pass, warn } from './finding.ts';

/** A service as far as it has to stand still before a deploy. */
export interface ServiceFacts {
  readonly name: string;
  readonly cluster: string;
  readonly status: string;
  readonly desired: number;
  readonly running: number;
  readonly deployments: readonly {
    readonly primary: boolean;
    /** As `family:revision`. */
    readonly revision: string;
    readonly state: 'in-progress' | 'completed' | 'failed';
  }[];
  /** The newest thing that ECS has said about it. */
  readonly lastEvent: string | undefined;
  /** A rollout of ours that has not ended. */
  readonly rollout:
    | {
        readonly to: string;
        readonly phase: string;
        readonly holder: string;
        /** Until when its run has to be believed alive, ms since the epoch. */
        readonly leaseUntil: number;
        /** Of this run itself, in an earlier attempt. */
        readonly own: boolean;
      }
    | undefined;
}

/** @param now ms since the epoch */
export function checkService(service: ServiceFacts, now: number): readonly Finding[] {
  const { name, cluster, status, desired, running, rollout } = service;
  if (status !== 'ACTIVE') {
    return [
      fail(
        'service',
        `${name} is ${status}`,
        'Deploy to a service that is ACTIVE: make it anew, or check the name.',
      ),
    ];
  }
  const findings: Finding[] = [];
  if (rollout) findings.push(ofRollout(rollout, now));
  if (desired === 0) {
    findings.push(
      fail(
        'service',
        `${name} is scaled to 0 tasks, so there is no traffic to shift and nothing to compare with`,
        `Scale it up: aws ecs update-service --cluster ${cluster} --service ${name} --desired-count 2`,
      ),
    );
  }
  const moving = ofDeployments(service);
  if (moving && !rollout) findings.push(moving);
  // More than wanted are those that ECS is about to stop: it scales in, or ends what a rollout has left.
  if (running < desired) {
    const said = service.lastEvent === undefined ? '' : `; ECS said last: ${printable(service.lastEvent)}`;
    // In the middle of a takeover that was left, tasks are replaced; whoever goes on with it waits for them.
    const taking = rollout !== undefined && moving !== undefined;
    findings.push(
      (taking ? warn : fail)(
        'service',
        `${running} of ${desired} tasks run${said}`,
        'Wait until all of them run, or mend what stops them: a release that starts on an unwell service cannot be told from it.',
      ),
    );
  }
  if (findings.length > 0) return findings;
  const revision = service.deployments.find(({ primary }) => primary)?.revision;
  return [
    pass(
      'service',
      `${running} of ${desired} tasks run${revision === undefined ? '' : ` ${revision}`}, and nothing is under way`,
    ),
  ];
}

function ofRollout(
  { to, phase, holder, leaseUntil, own }: NonNullable<ServiceFacts['rollout']>,
  now: number,
): Finding {
  const by = printable(holder);
  if (now < leaseUntil && !own) {
    return fail(
      'service',
      `a rollout of ${printable(to)} is under way (${phase}), held by ${by}`,
      'Let that run come to its end, or cancel it, which takes its release back.',
    );
  }
  return warn(
    'service',
    `a rollout of ${printable(to)} has not ended (${phase}); ${by} has left it`,
    'The next canary of the same revision goes on with it, that of another one ends it first; the rollback action ends it as well.',
  );
}

function ofDeployments({ deployments }: ServiceFacts): Finding | undefined {
  const primary = deployments.find((each) => each.primary);
  const revisions = deployments.map(({ revision }) => revision).join(', ');
  if (deployments.length > 1 || primary?.state === 'in-progress') {
    return fail(
      'service',
      `a deployment of ECS is under way (${revisions})`,
      'Wait until it has ended, or stop it: aws ecs stop-service-deployment.',
    );
  }
  if (primary?.state !== 'failed') return undefined;
  return warn(
    'service',
    `the last deployment failed (${revisions})`,
    'Look at the events of the service: what made it fail may make the next one fail too.',
  );
}
