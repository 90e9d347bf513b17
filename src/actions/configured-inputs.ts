import type { Stacks } from '../ports.ts';
import { type ConfigFile, readConfigFile, withConfig } from './config-file.ts';
import { InputReader, type InputSource } from './input-reader.ts';
import { withStackOutputs } from './stack-outputs.ts';

/** Reads an input that has to be given. */
export type Need = (name: string, example: string) => string;

/** Inputs of a step, and those of the file that its `config` names; `cluster` and `service` may be outputs of a stack. */
export interface ConfiguredInputs {
  readonly reader: InputReader;
  readonly need: Need;
  readonly config: ConfigFile;
  /** The file's; empty without one. */
  readonly path: string;
}

/**
 * @param keys inputs that the file may hold
 * @returns a reader that keeps what is wrong with the file among its problems
 */
export async function readConfigured(
  input: InputSource,
  workspace: string,
  stacks: () => Promise<Stacks>,
  keys: readonly string[],
): Promise<ConfiguredInputs> {
  const path = input('config').trim();
  let texts = input;
  const reader = new InputReader((name) => texts(name));
  const unread: ConfigFile = { texts: {}, structures: {} };
  const config =
    path === ''
      ? unread
      : await reader.attemptLater(() => readConfigFile(path, workspace, keys, ['metrics']), unread);
  texts = await withStackOutputs(withConfig(input, config), ['cluster', 'service'], stacks);
  // What is missing may stand in the file that cannot be read.
  const need: Need = (name, example) =>
    path !== '' && config === unread ? (reader.optional(name) ?? '') : reader.required(name, example);
  return { reader, need, config, path };
}
