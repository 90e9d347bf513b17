import type { StepResult } from '../runner/start-action.ts';
import type { FinalState } from './final-state.ts';
import { TARGET_GROUP } from './shop.ts';
import type { Story } from './stories.ts';

/** A decision to take a release back has to be true in AWS within this real time. */
const TRAFFIC_BACK_MS = 2_000;

export interface Ending {
  readonly result: StepResult;
  readonly state: FinalState;
  readonly trafficBackMs: number | undefined;
  /** What the simulator itself did wrong. */
  readonly bugs: readonly string[];
}

/** Everything in which a story ended otherwise than it has to; empty when all is as expected. */
export function missesOf({ expected }: Story, { result, state, trafficBackMs, bugs }: Ending): string[] {
  const { outputs } = result;
  const facts: readonly (readonly [what: string, isMet: boolean, found: unknown])[] = [
    [`the step ends with exit code ${expected.exitCode}`, result.code === expected.exitCode, result.code],
    [
      `the output outcome is ${expected.outcome}`,
      outputs['outcome'] === expected.outcome,
      outputs['outcome'],
    ],
    [
      `the output reason tells ${expected.reason}`,
      expected.reason.test(outputs['reason'] ?? ''),
      outputs['reason'],
    ],
    [`the service runs ${expected.runs}`, state.runs === expected.runs, state.runs],
    [
      'all its tasks are healthy',
      state.desired > 0 && state.running === state.desired && state.healthy === state.desired,
      `desired ${state.desired}, running ${state.running}, healthy ${state.healthy}`,
    ],
    ['no deployment is under way', state.settled, 'one'],
    [
      `every rule sends all requests to ${TARGET_GROUP}`,
      state.routes.length > 0 && state.routes.every((route) => route === `100% ${TARGET_GROUP}`),
      state.routes.join('; '),
    ],
    ['no canary service is left', state.otherServices.length === 0, state.otherServices.join(', ')],
    [
      'no canary target group is left',
      state.otherTargetGroups.length === 0 || expected.mayLeaveTargetGroup === true,
      state.otherTargetGroups.join(', '),
    ],
    [
      `traffic is back within ${TRAFFIC_BACK_MS} ms of the decision`,
      trafficBackMs === undefined || trafficBackMs < TRAFFIC_BACK_MS,
      `${trafficBackMs} ms`,
    ],
    ['the simulator answered everything', bugs.length === 0, bugs.join('; ')],
  ];
  return facts.filter(([, isMet]) => !isMet).map(([what, , found]) => `expected: ${what}; found: ${found}`);
}
