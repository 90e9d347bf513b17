import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { policies } from '../../src/build/policies.ts';

const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true });
});

const statement = (Sid: string, Action: string) => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource: 'arn:aws:ecr:REGION:ACCOUNT:repository/REPOSITORY',
});

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    statement('Push', 'ecr:PutImage'),
    statement('Scan', 'ecr:StartImageScan'),
    statement('CreateRepository', 'ecr:CreateRepository'),
  ],
});

/** The policy of a workflow, of a project with these files beside the policy of `ecr-push`. */
function policyOf(name: string, files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'policies-'));
  homes.push(root);
  for (const [path, text] of Object.entries({ 'actions/ecr-push/policy.json': POLICY, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const text = policies(root).files.get(`.github/policies/${name}.json`) ?? '';
  return JSON.parse(text) as { Statement: readonly { Sid: string; Resource: string }[] };
}

const sids = ({ Statement }: ReturnType<typeof policyOf>) => Statement.map(({ Sid }) => Sid);

const action = (inputs: string) =>
  `runs:\n  steps:\n    - uses: org/deploy-actions/ecr-push@v1\n      with: { ${inputs} }\n`;
const workflow = (...steps: readonly string[]) =>
  JSON.stringify({ jobs: Object.fromEntries(steps.map((uses, n) => [`job-${n}`, { steps: [{ uses }] }])) });

describe('the policy of a workflow', () => {
  test('holds what is optional where the action gets the input for it', () => {
    const given = (inputs: string) => sids(policyOf('pipeline', { 'action.yml': action(inputs) }));
    expect(given('repository: a')).toEqual(['Push']);
    expect(given('repository: a, fail-on: high')).toEqual(['Push', 'Scan']);
    expect(given('create-repository: true')).toEqual(['Push', 'CreateRepository']);
  });

  test('holds what any of its steps is given the input for, those of the whole pipeline among them', () => {
    const deploy = policyOf('deploy', {
      'action.yml': action('fail-on: high'),
      '.github/workflows/deploy.yml': workflow('org/deploy-actions/ecr-push@v1', 'org/deploy-actions@v1'),
    });
    expect(sids(deploy)).toEqual(['Push', 'Scan']);
  });

  test('lets pull requests push to a repository of their own', () => {
    const file = '.github/workflows/pr-check.yml';
    const check = policyOf('pr-check', { [file]: workflow('org/deploy-actions/ecr-push@v1') });
    expect(check.Statement.map(({ Resource }) => Resource)).toEqual([
      'arn:aws:ecr:REGION:ACCOUNT:repository/PR_REPOSITORY',
    ]);
  });
});
