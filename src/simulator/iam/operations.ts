import type {
  EvaluationResult,
  SimulatePrincipalPolicyCommandInput,
  SimulatePrincipalPolicyCommandOutput,
} from '@aws-sdk/client-iam';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { type Decision, judge } from './judge.ts';
import type { ScenarioRole, ScenarioRoles } from './model.ts';

const A_PAGE = 100;
const MOST = 1_000;

const invalidInput = (message: string): AwsError => new AwsError('InvalidInput', message);

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
export const roleOperations = (roles: ScenarioRoles): Operations => ({
  async SimulatePrincipalPolicy(
    input: SimulatePrincipalPolicyCommandInput,
    call: Call,
  ): Promise<Answer<SimulatePrincipalPolicyCommandOutput>> {
    const { PolicySourceArn: arn = '', ActionNames = [], ResourceArns = ['*'], ContextEntries = [] } = input;
    const { Marker, MaxItems = A_PAGE } = input;
    if (MaxItems < 1 || MaxItems > MOST) throw invalidInput(`MaxItems must be from 1 to ${MOST}`);
    const role = roleOf(arn, roles, call);
    requireActions(ActionNames);
    const context = Object.fromEntries(
      ContextEntries.map(({ ContextKeyName = '', ContextKeyValues = [], ContextKeyType = 'string' }) => [
        ContextKeyName,
        ContextKeyType.endsWith('List') ? ContextKeyValues : (ContextKeyValues[0] ?? ''),
      ]),
    );
    const decide = (action: string, resource: string) => judge(arn, role, { action, resource, context });
    const { items, next } = page(ActionNames, Marker, MaxItems, () => invalidInput('Invalid Marker'));
    const EvaluationResults = await Promise.all(
      items.map(async (action): Promise<EvaluationResult> => {
        const decisions = await Promise.all(
          ResourceArns.map(async (resource) => [resource, await decide(action, resource)] as const),
        );
        return evaluation(action, decisions);
      }),
    );
    return {
      EvaluationResults,
      IsTruncated: next !== undefined,
      ...(next !== undefined && { Marker: next }),
    };
  },
});

/** The most severe of the decisions stands for all; each resource's own stands beside it, unless it is `*`. */
function evaluation(
  action: string,
  decisions: readonly (readonly [resource: string, decision: Decision])[],
): EvaluationResult {
  const severe = (['explicitDeny', 'implicitDeny'] as const).find((each) =>
    decisions.some(([, decision]) => decision === each),
  );
  const [[resource = '*'] = []] = decisions;
  return {
    EvalActionName: action,
    EvalResourceName: decisions.length === 1 ? resource : '*',
    EvalDecision: severe ?? 'allowed',
    MatchedStatements: [],
    MissingContextValues: [],
    ResourceSpecificResults: decisions
      .filter(([name]) => name !== '*')
      .map(([EvalResourceName, EvalResourceDecision]) => ({
        EvalResourceName,
        EvalResourceDecision,
        MatchedStatements: [],
        MissingContextValues: [],
      })),
  };
}

function roleOf(arn: string, roles: ScenarioRoles, call: Call): ScenarioRole {
  const [, account, path] = /^arn:[\w-]+:iam::(\d{12}):role(\/.+)$/.exec(arn) ?? [];
  if (path === undefined)
    throw invalidInput(`Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
  const name = path.split('/').at(-1) ?? '';
  const role = account === call.accountId ? roles[name] : undefined;
  if (role === undefined || `${role.path ?? '/'}${name}` !== path) {
    throw new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`);
  }
  return role;
}

function requireActions(actions: readonly string[]): void {
  const wrong = actions.filter((action) => !/^[\w-]+:[\w*]+$/.test(action));
  if (actions.length === 0 || wrong.length > 0) {
    throw invalidInput(`Invalid Input Actions: [${wrong.join(',')}] are not valid actions.`);
  }
  // AWS says so of more actions than it documents; these are known to be two kinds.
  const [assumed, others] = [true, false].map((wanted) =>
    actions.filter((action) => action.startsWith('sts:Assume') === wanted),
  );
  if (assumed?.length && others?.length) {
    throw invalidInput(
      `Invalid Input Actions: [${others.join(',')}] and [${assumed.join(',')}] require different authorization information. Please refer to the documentation for more details: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html`,
    );
  }
}
