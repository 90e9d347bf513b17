import type { Action, Observation, Phase } from '../rollout/controller.ts';
import { formatDuration } from '../rollout/duration.ts';
import type { Decision, Sighting } from '../watch/decide.ts';

/** What the loop does next, in a line for the job's log; `undefined` where nothing is worth a line. */
export function narrate(phase: Phase, action: Action, seen: Observation): string | undefined {
  switch (action.kind) {
    case 'make-target-groups':
      return 'Make the canary target group';
    case 'attach':
      return 'Put the canary into the listener rules, with no traffic yet';
    case 'hold-scaling':
      return 'Hold the scale-in of the service, so that it can take all traffic back at any time';
    case 'make-canary':
      return `Start the canary service with ${tasks(action.tasks)}`;
    case 'scale-canary':
      return `Scale the canary to ${tasks(action.tasks)}`;
    case 'scale-stable':
      return `Scale the service to ${tasks(action.tasks)}, which all of the traffic would need by now`;
    case 'test':
      return 'Try the canary before its first user';
    case 'shift':
      return `Shift ${action.weight}% of the traffic to the canary (from ${round(seen.share)}%)`;
    case 'update-stable':
      return `Roll ${revision(action.taskDefinition)} out to the service itself`;
    case 'restore-traffic':
      return phase.kind === 'rolling-back'
        ? `ROLL BACK: all traffic to the stable service, because ${phase.reason}`
        : 'All traffic to the service, which runs the new revision now';
    case 'delete-canary':
      return 'Remove the canary service once its last requests are done';
    case 'release-scaling':
      return "Give the service's scale-in free again";
    case 'delete-target-groups':
      return 'Remove the canary target group';
    case 'hold':
      return holding(phase, action, seen);
    case 'finish':
      return phase.kind === 'done' ? `Done: ${phase.outcome}` : undefined;
  }
}

/** How a watch goes, in a line for the job's log. */
export function narrateWatch(decision: Decision, seen: Sighting): string {
  switch (decision.kind) {
    case 'watching': {
      const left = formatDuration(Math.max(0, decision.until - seen.now));
      const minutes = seen.evidence.canary.filter(({ settled, requests }) => settled || requests > 0);
      const so = minutes.length > 0 ? ` (${counts(minutes)} so far)` : '';
      const doubts = decision.findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'abort');
      const but = doubts.map(({ gate, text }) => `; at present not met: "${gate}", ${text}`).join('');
      return `Wait for ${decision.waitingFor}, ${left} left${so}${but}`;
    }
    case 'failed':
      return `FAILED: ${decision.reason}`;
    case 'superseded':
      return `Superseded: ${decision.reason}`;
    default:
      return `Passed: ${decision.reason}`;
  }
}

function counts(minutes: Sighting['evidence']['canary']): string {
  const requests = minutes.reduce((total, period) => total + period.requests, 0);
  const errors = minutes.reduce((total, period) => total + period.errors5xx, 0);
  return `${requests} requests, ${errors} answered 5xx`;
}

/** Where the traffic is, and on what, once a release was taken back. */
export function describeEnd(service: string, last: Observation, leftovers: boolean): string {
  const where =
    last.share > 0
      ? `The canary still has ${round(last.share)}% of the traffic of ${service}`
      : `All traffic is on ${service}, which is set to ${revision(last.stable.taskDefinition)}`;
  const rest = leftovers
    ? '; what is left of the canary is removed by the next run or by the rollback action'
    : '';
  return `${where}${rest}.`;
}

function holding(phase: Phase, action: Action & { kind: 'hold' }, seen: Observation): string {
  const left =
    action.until === undefined ? '' : `, ${formatDuration(Math.max(0, action.until - seen.now))} left`;
  const minutes = seen.evidence.canary;
  const evidence =
    phase.kind === 'stepping' && minutes.length > 0 ? ` (canary so far: ${counts(minutes)})` : '';
  return `Wait for ${action.waitingFor}${left}${evidence}`;
}

const tasks = (count: number): string => `${count} ${count === 1 ? 'task' : 'tasks'}`;
const round = (share: number): string => String(Number(share.toFixed(1)));

/** `family:revision` of a task definition's ARN. */
export const revision = (arn: string): string => arn.split('task-definition/').at(-1) ?? arn;
