import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { ConfigError } from '../../src/errors.ts';

interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly default: string; readonly description: string }>>;
}

const actionFile = parse(
  await readFile(new URL('../../actions/render-task-definition/action.yml', import.meta.url), 'utf8'),
) as ActionFile;

/** Inputs as the runner hands them over: the defaults of action.yml where the workflow says nothing. */
export const given = (inputs: Readonly<Record<string, string>>) => (name: string) => {
  const declared = actionFile.inputs[name];
  if (!declared) throw new Error(`action.yml has no input "${name}"`);
  return inputs[name] ?? declared.default;
};

/** What action.yml says of an input. */
export const describedAs = (name: string): string => actionFile.inputs[name]?.description ?? '';

/** The problems of what must fail, as the log has them. */
export const problemsOf = async (work: Promise<unknown>): Promise<readonly string[]> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
  return error.problems.map(({ input, message }) => `${input}: ${message}`);
};

/** The input that most tests start from. */
export const FILE = { 'task-definition': 'taskdef.json' };
