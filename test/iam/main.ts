/**
 * Judges what the suites have recorded: every call of an action has to be allowed by that action's policy, and every
 * permission of a policy has to be used by a call. Run after the suites: `node test/iam/main.ts`.
 */
import { JOB_ROLE, SIMULATED } from './account.ts';
import { AttachedPolicy } from './judge.ts';
import { actionPolicies } from './policy.ts';
import { type RecordedNeed, recordsOf } from './records.ts';

/** The session of a role that was assumed acts with that role's policies. */
const roleOf = ({ caller }: RecordedNeed): string =>
  caller?.replace(/^arn:aws:sts::(\d+):assumed-role\/(.+)\/[^/]+$/, 'arn:aws:iam::$1:role/$2') ?? JOB_ROLE;

/**
 * What is not there carries no tag, and has no name that a policy lists: AWS says then that it is not allowed, and not
 * that it is not found. The actions take that for what it is when they remove something or write its ledger, and tell it
 * when a service is looked for under a wrong name.
 */
const isNothingThere = (action: string): boolean =>
  /^(ecs:DescribeServices|elasticloadbalancing:AddTags|\w+:Delete\w+)$/.test(action);

/** What runs the very code of another action: what that one has used, it would use, too. */
const SAME_CODE: Readonly<Record<string, string>> = { refresh: 'canary' };

const problems: string[] = [];
const needs: RecordedNeed[] = [];
for (const suite of ['fast', 'slow']) {
  const recorded = recordsOf(suite);
  if (recorded.length === 0) problems.push(`nothing was recorded by the ${suite} suite; run it first`);
  needs.push(...recorded);
}

/** What is unused shows only when everything has run. */
const complete = problems.length === 0;

const policies = actionPolicies();
for (const action of new Set(needs.map((need) => need.action))) {
  if (!policies.has(action)) problems.push(`${action} calls AWS and has no policy.json`);
}
for (const [action, policy] of policies) {
  const attached = new AttachedPolicy(policy, SIMULATED);
  const denied = new Set<string>();
  const heard = needs.filter((each) => each.action === action);
  for (const need of heard) {
    if (!need.requests)
      problems.push(`${action} calls ${need.operation}: tell test/iam/requests.ts what it needs`);
    for (const request of need.requests ?? []) {
      const role = roleOf(need);
      if ((await attached.uses(request, role)) || (request.gone && isNothingThere(request.action))) continue;
      denied.add(`${request.action} on ${request.resource}`);
    }
  }
  problems.push(...[...denied].map((what) => `${action} may not call ${what}`));
  for (const need of needs.filter((each) => each.action === SAME_CODE[action]))
    for (const request of need.requests ?? []) await attached.uses(request, roleOf(need));
  if (heard.length === 0)
    problems.push(`nothing was recorded of ${action}; is dist/ built from these sources?`);
  else if (complete) problems.push(...attached.unused.map((what) => `${action} never uses ${what}`));
}

for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${needs.length} calls are allowed, and every permission is used.`);
process.exitCode = problems.length === 0 ? 0 : 1;
