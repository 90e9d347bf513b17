import { removeConfiguration } from '../../docker/configuration.ts';
import type { ActionContext } from '../action.ts';
import { CONFIGURATION } from './state.ts';

/** Removes the login that a main step left which was killed before it could. */
export async function run({ reporter }: ActionContext): Promise<void> {
  const directory = reporter.state(CONFIGURATION);
  if (directory !== '') await removeConfiguration(directory);
}
