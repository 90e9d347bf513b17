import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const WORKFLOWS = resolve(import.meta.dirname, '../../.github/workflows');

interface Workflow {
  readonly on: { readonly workflow_call: { readonly secrets?: object } };
  readonly jobs: Readonly<Record<string, { readonly secrets?: Readonly<Record<string, string>> }>>;
}

const text = (name: string): string => readFileSync(join(WORKFLOWS, `${name}.yml`), 'utf8');

const workflow = (name: string): Workflow => parse(text(name)) as Workflow;

const secretsOf = (name: string): readonly string[] =>
  Object.keys(workflow(name).on.workflow_call.secrets ?? {});

it('a secret has a name that a secret of a repository or an environment can have', () => {
  for (const name of ['deploy', 'promote', 'rollback', 'pr-check', 'incident']) {
    // No others: https://docs.github.com/actions/reference/security/secrets
    for (const secret of secretsOf(name)) expect(secret, name).toMatch(/^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/);
    const read = [...text(name).matchAll(/\bsecrets\.([\w-]+) \}\}/g)].map(([, secret]) => secret ?? '');
    expect([...new Set(read)].toSorted(), name).toEqual(secretsOf(name).toSorted());
  }
});

it('a promotion hands on all secrets of a deployment but those of a build, under their names', () => {
  const theirs = secretsOf('deploy').filter((secret) => secret !== 'BUILD_SECRETS');
  expect(secretsOf('promote').toSorted()).toEqual(theirs.toSorted());
  const { secrets } = workflow('promote').jobs['stage-1'] ?? {};
  expect(secrets).toEqual(Object.fromEntries(theirs.map((secret) => [secret, `\${{ secrets.${secret} }}`])));
});
