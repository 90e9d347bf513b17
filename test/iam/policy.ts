import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** One statement of a policy as the product's own files write it. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export const list = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;

const readPolicy = (path: string): Policy => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Policy;

/** The policies of all actions that have one, by the action's name. */
export function actionPolicies(): ReadonlyMap<string, Policy> {
  const actions = readdirSync(join(ROOT, 'actions'));
  const withPolicy = actions.filter((action) =>
    readdirSync(join(ROOT, 'actions', action)).includes('policy.json'),
  );
  return new Map(withPolicy.map((action) => [action, readPolicy(`actions/${action}/policy.json`)]));
}

/** The policies of the workflows, by the names of their files. */
export function workflowPolicies(): ReadonlyMap<string, Policy> {
  const files = readdirSync(join(ROOT, '.github/policies')).filter((file) => !file.startsWith('trust'));
  return new Map(files.map((file) => [file.replace(/\.json$/, ''), readPolicy(`.github/policies/${file}`)]));
}

/** What stands in capitals in a policy, for its user to fill in. */
export const PLACEHOLDER = /\b[A-Z][A-Z_]+[A-Z]\b/g;

/** What placeholders stand for, each for one thing or for several. */
export type Values = Readonly<Record<string, string | readonly string[]>>;

/** All that a text becomes with its placeholders filled in. */
export function filled(text: string, values: Values): readonly string[] {
  const [name] = text.match(PLACEHOLDER) ?? [];
  if (name === undefined) return [text];
  const value = values[name];
  if (value === undefined) throw new Error(`nobody says what ${name} stands for`);
  return list(value).flatMap((each) =>
    filled(text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), each), values),
  );
}
