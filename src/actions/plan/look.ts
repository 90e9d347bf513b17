import { ConfigError, DeployError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { connect } from '../aws-adapters.ts';
import { type Foreseen, foresee } from '../canary/foresee.ts';
import { type Produced, produce } from '../render-task-definition/produce.ts';
import type { Inputs } from './inputs.ts';

/** What was found out for a plan. */
export interface Looked {
  readonly foreseen: Foreseen;
  /** Absent where it cannot be made; the reason is among the faults. */
  readonly produced?: Produced;
  /** Why what runs now could not be looked at. */
  readonly unseen?: string;
}

/**
 * Makes the definition, compares it with what runs, and foresees its rollout. Changes nothing.
 *
 * @param fork whether nobody can expect this run to have AWS credentials
 * @throws DeployError when AWS does not let us look
 */
export async function look(
  context: ActionContext,
  { render, rollout }: Inputs,
  fork: boolean,
): Promise<Looked> {
  const { clock, cancelled } = context;
  const aws = await connect(clock, cancelled, () => undefined);
  const producing = produce(render, context, async () => aws.taskDefinitions);
  try {
    const foreseen = await foresee(rollout, async () => (await producing).definition, aws, clock);
    if (!fork || !foreseen.faults.some(isBlind)) {
      const produced = await producing.catch(() => undefined);
      return { foreseen, ...(produced && { produced }) };
    }
  } catch (error) {
    if (!fork || !isBlind(error)) throw error;
  }
  // What lies in the repository can be looked at all the same.
  const { service: _, ...alone } = render;
  const checked = render.source.kind === 'file' ? await settled(() => produce(alone, context, noAws)) : {};
  return {
    foreseen: { remarks: [], faults: checked.fault ? [checked.fault] : [], situation: [] },
    ...(checked.produced && { produced: checked.produced }),
    unseen: 'Pull requests from forks get no AWS credentials, so what runs now is not known here.',
  };
}

/** Whether this run has no region or no credentials, and so cannot see AWS at all. */
export function isBlind(error: unknown): boolean {
  if (error instanceof ConfigError) return error.problems.some(({ input }) => input === 'AWS_REGION');
  if (!(error instanceof DeployError) || !(error.cause instanceof Error)) return false;
  return error.cause.name === 'CredentialsProviderError';
}

const noAws = (): never => {
  throw new Error('a definition from a file needs no AWS');
};

async function settled(
  make: () => Promise<Produced>,
): Promise<{ readonly produced?: Produced; readonly fault?: ConfigError }> {
  try {
    return { produced: await make() };
  } catch (error) {
    if (error instanceof ConfigError) return { fault: error };
    throw error;
  }
}
