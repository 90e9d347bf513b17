import { ConfigError, type Problem } from '../errors.ts';
import type { Stacks } from '../ports.ts';
import type { InputSource } from './input-reader.ts';

/** What follows the output is appended to it: a repository's URI becomes an image by its tag or digest. */
const REFERENCE = /^cloudformation:([A-Za-z][A-Za-z0-9-]{0,127})\.([A-Za-z0-9]+)([:@].+)?$/;

/**
 * Puts the outputs of CloudFormation (and CDK) stacks in the place of `cloudformation:STACK.OUTPUT`, so that names
 * which infrastructure owns need not be typed in. `:TAG` or `@DIGEST` may follow.
 *
 * @param names the inputs that may refer to a stack
 * @param connect opens AWS; called only when one does
 * @throws ConfigError naming every reference that leads nowhere, with the outputs that there are
 */
export async function withStackOutputs(
  input: InputSource,
  names: readonly string[],
  connect: () => Promise<Stacks>,
): Promise<InputSource> {
  const given = names.flatMap((name) => {
    const text = input(name).trim();
    return text.startsWith('cloudformation:') ? [{ name, text }] : [];
  });
  if (given.length === 0) return input;
  const stacks = await connect();
  const problems: Problem[] = [];
  const values = new Map<string, string>();
  const known = new Map<string, Promise<ReadonlyMap<string, string> | undefined>>();
  for (const { name, text } of given) {
    const [, stack, key, rest = ''] = REFERENCE.exec(text) ?? [];
    if (stack === undefined || key === undefined) {
      problems.push({ input: name, message: `"${text}" is not cloudformation:STACK.OUTPUT` });
      continue;
    }
    const asked = known.get(stack) ?? stacks.outputs(stack);
    known.set(stack, asked);
    const outputs = await asked;
    const value = outputs?.get(key);
    if (value !== undefined) values.set(name, value + rest);
    else {
      const there = outputs ? `it has ${[...outputs.keys()].join(', ') || 'none'}` : 'there is no such stack';
      problems.push({ input: name, message: `the stack "${stack}" has no output "${key}"; ${there}` });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return (name) => values.get(name) ?? input(name);
}
