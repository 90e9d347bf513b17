import type { Simulation } from '@cloud-copilot/iam-simulate';
import type { ScenarioRole } from './model.ts';

export type Decision = 'allowed' | 'implicitDeny' | 'explicitDeny';

export interface Question {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | string[]>>;
}

/**
 * What a role's policies say of a question. As SimulatePrincipalPolicy does without a resource's policy, it takes the
 * resource for one of the role's account that lets its account decide.
 *
 * @param arn the role's
 */
export async function judge(arn: string, role: ScenarioRole, question: Question): Promise<Decision> {
  // It brings all that is known of the actions of AWS, and is slow to load.
  const { runSimulation, runUnsafeSimulation } = await import('@cloud-copilot/iam-simulate');
  const accountId = arn.split(':')[4] ?? '';
  const simulation: Simulation = {
    request: {
      principal: arn,
      action: question.action,
      resource: { resource: question.resource, accountId },
      contextVariables: { ...question.context },
    },
    identityPolicies: role.policies.map((policy, index) => ({ name: `policy-${index + 1}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(role.boundary && { permissionBoundaryPolicies: [{ name: 'boundary', policy: role.boundary }] }),
  };
  if (!question.action.startsWith('kms:')) return DECISIONS[runUnsafeSimulation(simulation, {})];
  // A key has a policy in any case, of which the other simulation knows nothing.
  const resourcePolicy = leftToTheAccount(accountId);
  const result = await runSimulation({ ...simulation, resourcePolicy }, {});
  return result.resultType === 'error' ? 'implicitDeny' : DECISIONS[result.overallResult];
}

const DECISIONS = {
  Allowed: 'allowed',
  ImplicitlyDenied: 'implicitDeny',
  ExplicitlyDenied: 'explicitDeny',
} as const;

/** The policy that every key is made with. */
const leftToTheAccount = (accountId: string): object => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
});
