import type { ActionContext } from '../action.ts';
import type { Adapters } from '../aws-adapters.ts';
import type { Announcer } from '../github-deployments.ts';
import { rollBack } from '../rollback/run.ts';
import type { Inputs } from './inputs.ts';

/** What a rollback has come to, as the action `rollback` says it. */
export interface TakenBack {
  readonly outcome: string;
  readonly reason: string;
  /** ARN of what the service runs now. */
  readonly runs: string;
  /** What it says for the job's summary. */
  readonly summary: string;
}

/** As long as the action `rollback` waits by default. */
const TIMEOUT_MS = 15 * 60_000;

/**
 * Rolls a service back from the watched revision to the one before it, as the action `rollback` does with `only-from`.
 *
 * @throws ConfigError and DeployError when that cannot be done
 */
export async function takeBack(
  context: ActionContext,
  aws: Adapters,
  { cluster, service, lock }: Inputs,
  watched: string,
  reason: string,
  announcer: Announcer,
): Promise<TakenBack> {
  const outputs = new Map<string, string>();
  const summaries: string[] = [];
  const { reporter } = context;
  const listening: ActionContext = {
    ...context,
    reporter: {
      ...reporter,
      output: (name, value) => void outputs.set(name, value),
      summary: async (markdown) => void summaries.push(markdown),
    },
  };
  await rollBack(
    listening,
    aws,
    {
      cluster,
      service,
      to: { kind: 'previous' },
      onlyFrom: { kind: 'arn', arn: watched },
      reason,
      timeoutMs: TIMEOUT_MS,
      migrations: lock === undefined ? 'own' : { lock, strict: false },
      compatible: undefined,
      deployment: undefined,
      dryRun: false,
    },
    announcer,
  );
  return {
    outcome: outputs.get('outcome') ?? '',
    reason: outputs.get('reason') ?? '',
    runs: outputs.get('task-definition-arn') ?? '',
    summary: summaries.join('\n'),
  };
}
