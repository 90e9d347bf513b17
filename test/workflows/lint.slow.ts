import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { actionlint, zizmor } from '../slow/tools.ts';
import { StagedRelease, VERSION } from './act.ts';
import { actionsIn, type Linted, snippets, workflowsIn } from './lint/documents.ts';
import {
  type Described,
  problemsOfAction,
  problemsOfWorkflow,
  type Sources,
} from './lint/language-service.ts';
import { thirdParty } from './lint/third-party.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const OURS = new RegExp(`^org/deploy-actions(?:/(.+))?@(?:v1|${VERSION.replaceAll('.', '\\.')})$`);

let release: StagedRelease;
let zizmorProgram: string;
const scratch = mkdtempSync(join(tmpdir(), 'lint-'));

beforeAll(async () => {
  release = new StagedRelease();
  zizmorProgram = await zizmor();
});

afterAll(() => {
  release.end();
  rmSync(scratch, { recursive: true });
});

/** What a reference leads to: our own to the release, others' to what is known of them. */
const sources: Sources = {
  action(uses) {
    const match = OURS.exec(uses);
    if (!match) return thirdParty(uses);
    const file = join(release.tree, match[1] ?? '', 'action.yml');
    return existsSync(file) ? (parse(readFileSync(file, 'utf8')) as Described) : undefined;
  },
  workflow(uses) {
    const path = OURS.exec(uses)?.[1];
    const file = path === undefined ? undefined : join(release.tree, path);
    return file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  },
};

/** For documents, which also show what others' actions look like that are not used here, and what is to be filled in. */
const lenient: Sources = {
  action: (uses) =>
    sources.action(uses.replace('@COMMIT', '@v1')) ?? (uses.startsWith('org/') ? undefined : {}),
  workflow: (uses) => sources.workflow(uses),
};

/** Writes files as they would stand in a repository of their own, and answers their paths. */
function write(files: readonly Linted[]): readonly string[] {
  return files.map(({ path, text }) => {
    const file = join(scratch, `${path.replaceAll(/[/:]/g, '-')}`, '.github/workflows/workflow.yml');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  });
}

function lintActions(paths: readonly string[]): string {
  // What else these two find depends on the machine.
  const flags = ['-no-color', '-oneline', '-shellcheck=', '-pyflakes='];
  const { stdout, stderr, status } = spawnSync(actionlint(), [...flags, ...paths], { encoding: 'utf8' });
  return status === 0 ? '' : stdout + stderr;
}

function auditSecurity(paths: readonly string[], persona: 'regular' | 'pedantic' = 'pedantic'): string {
  const config = ['--config', join(ROOT, '.github/zizmor.yml')];
  const flags = ['--offline', '--quiet', '--no-progress', `--persona=${persona}`, '--strict-collection'];
  const { stdout, stderr, status } = spawnSync(zizmorProgram, [...flags, ...config, ...paths], {
    encoding: 'utf8',
    cwd: ROOT,
  });
  return status === 0 ? '' : stdout + stderr;
}

async function references(files: readonly Linted[], from: Sources): Promise<readonly string[]> {
  const found = files.map(async ({ path, text }) => {
    const problems = /(^|\/)action\.yml$/.test(path)
      ? await problemsOfAction(path, text, from)
      : await problemsOfWorkflow(`.github/workflows/${path.replaceAll(/[/:]/g, '-')}`, text, from);
    return problems.map((problem) => `${path}:${problem}`);
  });
  return (await Promise.all(found)).flat();
}

describe('what is published', () => {
  it('says nothing that actionlint objects to', () => {
    const documents = write(snippets().workflows);
    expect(documents.length).toBeGreaterThan(0);
    const files = [ROOT, release.tree].flatMap((root) =>
      workflowsIn(root).map(({ path }) => join(root, path)),
    );
    expect(lintActions([...files, ...documents])).toBe('');
  });

  it('does nothing that zizmor warns of', () => {
    for (const root of [ROOT, release.tree]) {
      const files = [...workflowsIn(root), ...actionsIn(root)].map(({ path }) => join(root, path));
      expect(auditSecurity(files)).toBe('');
    }
    // Documents show what matters to them, without the names and comments that it also asks for.
    expect(auditSecurity(write(snippets().workflows), 'regular')).toBe('');
  });

  it('gives actions and workflows what they take, and refers to what is there', async () => {
    for (const root of [ROOT, release.tree]) {
      const files = [...workflowsIn(root), ...actionsIn(root)];
      expect(await references(files, sources)).toEqual([]);
    }
  });

  it('shows nothing in its documents that would not run', async () => {
    const { workflows, steps } = snippets();
    expect(await references(workflows, lenient)).toEqual([]);
    // Steps may refer to others, which the document shows elsewhere or leaves to the reader.
    const inputs = (await references(steps, lenient)).filter(
      (problem) => !problem.includes('Context access'),
    );
    expect(inputs.filter((problem) => !problem.includes('Missing required input'))).toEqual([]);
  });
});

describe('a mistake in a workflow is found', () => {
  const GOOD = `name: Deploy
on:
  issues:
    types: [opened]
permissions: {}
concurrency:
  group: deploy
  cancel-in-progress: false
jobs:
  image:
    name: Image
    runs-on: ubuntu-latest
    timeout-minutes: 10
    outputs:
      image: \${{ steps.image.outputs.image }}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - id: image
        uses: org/deploy-actions/ecr-push@v1
        with:
          repository: shop
  deploy:
    name: Deploy
    needs: image
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - id: deploy
        uses: org/deploy-actions@v1
        with:
          cluster: production
          service: shop
          image: \${{ needs.image.outputs.image }}
      - run: echo "$OUTCOME"
        env:
          OUTCOME: \${{ steps.deploy.outputs.outcome }}
`;
  const file = (text: string): readonly Linted[] => [{ path: 'planted.yml', text }];
  const all = async (text: string) =>
    [
      lintActions(write(file(text))),
      auditSecurity(write(file(text))),
      ...(await references(file(text), sources)),
    ].join('\n');

  it('and nothing in one without', async () => {
    expect((await all(GOOD)).trim()).toBe('');
  });

  it.each([
    ['an unknown input', 'repository: shop', 'repositry: shop', "Invalid action input 'repositry'"],
    ['a missing input', '          service: shop\n', '', 'Missing required input `service`'],
    ['an unknown input of another', 'persist-credentials', 'keep-credentials', "Invalid action input 'keep-"],
    [
      'an action that is not there',
      'deploy-actions/ecr-push@v1',
      'deploy-actions/ecr-pull@v1',
      'Unable to resolve',
    ],
    [
      'an unknown output',
      'steps.deploy.outputs.outcome',
      'steps.deploy.outputs.result',
      'might be invalid: result',
    ],
    ['an unknown step', 'steps.deploy.outputs', 'steps.release.outputs', 'might be invalid: release'],
    [
      'an unknown output of a job',
      'needs.image.outputs.image',
      'needs.image.outputs.tag',
      'might be invalid: tag',
    ],
    ['an unknown key', '    needs: image\n', '    neds: image\n', 'unexpected key "neds"'],
    ['an unpinned action', /checkout@\w+ # v7.0.1/, 'checkout@v7', 'unpinned-uses'],
    ['an injection', 'echo "$OUTCOME"', `echo "\${{ github.event.issue.title }}"`, 'template-injection'],
    ['too many permissions', 'permissions: {}', 'permissions: write-all', 'excessive-permissions'],
  ])('%s', async (_, from, to, said) => {
    const text = GOOD.replace(from, to);
    expect(text).not.toBe(GOOD);
    expect(await all(text)).toContain(said);
  });

  it.each([
    ['an unknown input', 'service: shop', 'servce: shop', 'Invalid input, servce is not defined'],
    ['a missing input', '      cluster: production\n', '', 'Input cluster is required, but not provided'],
    ['an unknown secret', 'token: secret', 'tokn: secret', 'Invalid secret, tokn is not defined'],
    ['an unknown output', 'deploy.outputs.image', 'deploy.outputs.imge', 'might be invalid: imge'],
    ['a workflow that is not there', 'deploy.yml@v1', 'depoy.yml@v1', 'Unable to find reusable workflow'],
  ])('also what a workflow is called with: %s', async (_, from, to, said) => {
    const called = `on:
  workflow_call:
    inputs:
      cluster: { type: string, required: true }
      service: { type: string }
    secrets:
      token: { required: false }
    outputs:
      image: { value: '\${{ jobs.image.outputs.image }}' }
jobs: { image: { runs-on: ubuntu-latest, outputs: { image: x }, steps: [{ run: echo }] } }
`;
    const calling = `on: push
jobs:
  deploy:
    uses: org/deploy-actions/.github/workflows/deploy.yml@v1
    with:
      cluster: production
      service: shop
    secrets:
      token: secret
  after:
    needs: deploy
    runs-on: ubuntu-latest
    steps:
      - run: echo "$IMAGE"
        env:
          IMAGE: \${{ needs.deploy.outputs.image }}
`;
    const path = 'org/deploy-actions/.github/workflows/deploy.yml@v1';
    const one: Sources = { ...sources, workflow: (uses) => (uses === path ? called : undefined) };
    expect(await references(file(calling), one)).toEqual([]);
    const text = calling.replace(from, to);
    expect(text).not.toBe(calling);
    expect((await references(file(text), one)).join('\n')).toContain(said);
  });

  it('also in the steps of an action', async () => {
    const action = `name: Composite
description: One
inputs:
  cluster:
    description: Cluster
    required: true
outputs:
  outcome:
    description: Outcome
    value: \${{ steps.canary.outputs.outcom }}
runs:
  using: composite
  steps:
    - id: canary
      uses: org/deploy-actions/canary@v1
      with:
        cluster: \${{ inputs.clustr }}
        service: shop
        task-definition: task-definition.json
        strategie: canary
`;
    const problems = await problemsOfAction('action.yml', action, sources);
    expect(problems.join('\n')).toMatch(/might be invalid: outcom\b/);
    expect(problems.join('\n')).toMatch(/might be invalid: clustr\b/);
    expect(problems.join('\n')).toContain("Invalid action input 'strategie'");
    const right = action
      .replace('outputs.outcom }', 'outputs.outcome }')
      .replace('clustr', 'cluster')
      .replace('strategie', 'strategy');
    expect(await problemsOfAction('action.yml', right, sources)).toEqual([]);
  });
});
