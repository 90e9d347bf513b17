import type { Action, Observation, Phase, Rollout } from '../rollout/controller.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { printable } from '../taskdef/shape.ts';
import { withoutAccountIds } from './account-ids.ts';
import { bounded } from './bounded.ts';
import { revision } from './narrate.ts';

/** How a deployment stands, as GitHub shows it: https://docs.github.com/rest/deployments/statuses */
export interface DeploymentStatus {
  readonly state: 'in_progress' | 'success' | 'failure' | 'error' | 'inactive';
  /** One line of at most 140 characters. */
  readonly description: string;
}

/** GitHub takes no longer description. */
export const DESCRIPTION_LIMIT = 140;

/** A status whose text fits, and tells nothing that a reader of the repository should not see. */
export function deploymentStatus(state: DeploymentStatus['state'], text: string): DeploymentStatus {
  return { state, description: bounded(printable(withoutAccountIds(text)).trim(), DESCRIPTION_LIMIT) };
}

/** Whether nothing follows such a status any more. */
export const isFinal = ({ state }: DeploymentStatus): boolean => state !== 'in_progress';

/** What a rollout's next action means to those who look at the environment's page. */
export function statusOfRollout(
  { plan, to }: Pick<Rollout, 'plan' | 'to'>,
  phase: Phase,
  action: Action,
  { share }: Pick<Observation, 'share'>,
  findings: readonly Finding[],
): DeploymentStatus {
  const goingOn = (text: string) => deploymentStatus('in_progress', text);
  switch (phase.kind) {
    case 'preparing':
      return goingOn(`${revision(to)}: the canary is being made`);
    case 'stepping': {
      const { weight } = plan[phase.step] ?? plan[0];
      if (phase.verifiedAt !== undefined) {
        return goingOn(`${weight}% since ${time(phase.verifiedAt)} UTC, ${judged(action, findings)}`);
      }
      const now = share > 0 ? `, ${Number(share.toFixed(1))}% until then` : '';
      return goingOn(`${weight}% as soon as the canary's tasks are healthy${now}`);
    }
    case 'promoting':
      return goingOn(`All steps are passed, the service itself takes ${revision(to)}`);
    case 'rolling-back':
      return goingOn(`Being taken back: ${phase.reason}`);
    case 'cleaning':
      // Whatever was decided is true only once the rules have been seen without the canary.
      if (phase.restoredAt === undefined) {
        return goingOn(
          phase.outcome === 'promoted'
            ? `The service runs ${revision(to)} and takes the traffic back from the canary`
            : `Being taken back: ${phase.reason}`,
        );
      }
      return outcomeStatus(phase, to);
    case 'done':
      return outcomeStatus(phase, to);
  }
}

const outcomeStatus = (
  { outcome, reason }: { readonly outcome: 'promoted' | 'rolled-back'; readonly reason: string },
  to: string,
): DeploymentStatus =>
  outcome === 'promoted'
    ? deploymentStatus('success', `${revision(to)} is promoted and has all the traffic`)
    : deploymentStatus('failure', `Taken back: ${reason}`);

const time = (ms: number): string => new Date(ms).toISOString().slice(11, 16);

/** The least good that any gate says, apart from those that only warn. */
function judged(action: Action, findings: readonly Finding[]): string {
  if (action.kind === 'hold' && action.waitingFor.startsWith('evidence')) return 'held until more is known';
  const deciding = findings.filter(({ warnOnly }) => !warnOnly);
  const says = (verdict: Finding['verdict']) => deciding.some((finding) => finding.verdict === verdict);
  if (says('fail')) return 'a gate does not hold so far';
  if (deciding.length === 0 || says('no-evidence')) return 'too early to judge';
  return says('undecided') ? 'not found worse so far' : 'judged good so far';
}
