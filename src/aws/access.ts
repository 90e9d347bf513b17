import {
  type EvaluationResult,
  IAMClient,
  SimulatePrincipalPolicyCommand,
  type SimulatePrincipalPolicyCommandOutput,
} from '@aws-sdk/client-iam';
import type { Access } from '../ports.ts';
import type { AccessAnswer, AccessQuestion } from '../preflight/access.ts';
import { sideBySide } from './batches.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** Actions that are asked about with the same resources and the same context: one call answers for them all. */
interface Group {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly context: Readonly<Record<string, string>>;
}

/** Actions and resources of one call; AWS names no limit, and takes long for many. */
const ACTIONS_AT_ONCE = 50;
const RESOURCES_AT_ONCE = 50;
/** The most that AWS gives on a page. */
const PAGE = 1_000;

/** IAM's policy simulator. Permission: iam:SimulatePrincipalPolicy on the roles that are asked about. */
export function access(connection: Connection): Access {
  const client = new IAMClient(clientSettings(connection));

  async function ask(role: string, { actions, resources, context }: Group): Promise<Answers> {
    const results: EvaluationResult[] = [];
    let page: SimulatePrincipalPolicyCommandOutput | undefined;
    do {
      const command = new SimulatePrincipalPolicyCommand({
        PolicySourceArn: role,
        ActionNames: [...actions],
        ResourceArns: [...resources],
        ContextEntries: Object.entries(context).map(([ContextKeyName, value]) => ({
          ContextKeyName,
          ContextKeyValues: [value],
          ContextKeyType: 'string',
        })),
        MaxItems: PAGE,
        ...(page?.Marker !== undefined && { Marker: page.Marker }),
      });
      page = await call<SimulatePrincipalPolicyCommandOutput>(connection, 'iam', client, command);
      results.push(...(page.EvaluationResults ?? []));
    } while (page.IsTruncated && page.Marker !== undefined);
    return answersOf(results, resources, context);
  }

  /** AWS refuses to judge some actions together, by rules that it does not tell. */
  async function insist(role: string, group: Group): Promise<Answers> {
    try {
      return await ask(role, group);
    } catch (error) {
      const together = error instanceof Error && /require different authorization/.test(error.message);
      if (!together || group.actions.length === 1) throw error;
    }
    const alone = await sideBySide(group.actions, (action) => ask(role, { ...group, actions: [action] }));
    return new Map(alone.flatMap((answers) => [...answers]));
  }

  return {
    async simulate(role, questions) {
      try {
        const answers = await sideBySide(grouped(questions), (group) => insist(role, group));
        const all = new Map(answers.flatMap((each) => [...each]));
        return questions.map(({ action, resource, context = {} }) => {
          const answer = all.get(keyOf(action, resource, context));
          if (answer === undefined) throw new Error(`IAM gave no answer on ${action} for ${resource}`);
          return answer;
        });
      } catch (error) {
        if (/^NoSuchEntity/.test(errorName(error))) return undefined;
        throw error;
      }
    },
  };
}

type Answers = ReadonlyMap<string, AccessAnswer>;

const keyOf = (action: string, resource: string, context: Readonly<Record<string, string>>): string =>
  JSON.stringify([action.toLowerCase(), resource, contextKey(context)]);

const contextKey = (context: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** As few calls as answer all questions and no others. */
function grouped(questions: readonly AccessQuestion[]): readonly Group[] {
  const byAction = Map.groupBy(questions, ({ action, context = {} }) =>
    JSON.stringify([action, contextKey(context)]),
  );
  const rows = [...byAction.values()].flatMap((same) => {
    const [{ action, context = {} } = { action: '' }] = same;
    const resources = [...new Set(same.map(({ resource }) => resource))].toSorted();
    return chunks(resources, RESOURCES_AT_ONCE).map((some) => ({ action, context, resources: some }));
  });
  const alike = Map.groupBy(rows, ({ context, resources }) =>
    JSON.stringify([contextKey(context), resources]),
  );
  return [...alike.values()].flatMap((same) => {
    const [{ context, resources } = { context: {}, resources: [] }] = same;
    const actions = same.map(({ action }) => action);
    return chunks(actions, ACTIONS_AT_ONCE).map((some) => ({ actions: some, resources, context }));
  });
}

const chunks = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));

/** A result is of one resource, or of several with a decision for each of them. */
function answersOf(
  results: readonly EvaluationResult[],
  resources: readonly string[],
  context: Readonly<Record<string, string>>,
): Answers {
  const found: [string, AccessAnswer][] = [];
  for (const {
    EvalActionName = '',
    EvalResourceName,
    EvalDecision,
    ResourceSpecificResults = [],
  } of results) {
    const [only] = resources;
    const whole = resources.length === 1 ? only : EvalResourceName;
    if (whole !== undefined) found.push([keyOf(EvalActionName, whole, context), answerOf(EvalDecision)]);
    for (const { EvalResourceName: name = '', EvalResourceDecision: decision } of ResourceSpecificResults) {
      found.push([keyOf(EvalActionName, name, context), answerOf(decision)]);
    }
  }
  return new Map(found);
}

function answerOf(decision: string | undefined): AccessAnswer {
  if (decision === 'allowed') return 'allowed';
  return decision === 'explicitDeny' ? 'denied-explicitly' : 'denied';
}
