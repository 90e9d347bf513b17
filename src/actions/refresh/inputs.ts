import type { Stacks } from '../../ports.ts';
import { CONFIG_KEYS, type RolloutInputs, readWith } from '../canary/inputs.ts';
import { type DeploymentInputs, readDeploymentInputs } from '../github-deployments.ts';
import type { InputSource } from '../input-reader.ts';

export interface Inputs extends RolloutInputs {
  readonly onlyIfRotated: boolean;
  readonly deployment: DeploymentInputs | undefined;
}

/**
 * A `config` file may be the one of the service's releases: what it says of a task definition is not looked at.
 *
 * @throws ConfigError with every problem of every input
 */
export const readInputs = (
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  region: string | undefined,
): Promise<Inputs> =>
  readWith(
    input,
    workspace,
    stacks,
    region,
    (_need, reader) => ({
      onlyIfRotated: reader.boolean('only-if-rotated', false),
      deployment: readDeploymentInputs(reader),
    }),
    [...CONFIG_KEYS, 'only-if-rotated'],
  );
