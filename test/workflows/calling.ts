import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { PublishedWorkflow } from '../../src/build/release/published.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { BOT, type GithubServer, startGithub } from '../github/github-server.ts';
import { NOT_IN_ACT, type StagedRelease, type WorkflowResult, type WorkflowRun } from './act.ts';

/** What a repository has set that deploys. */
export const VARIABLES = {
  DEPLOY_ROLE: 'arn:aws:iam::123456789012:role/deploy',
  PR_ROLE: 'arn:aws:iam::123456789012:role/pull-requests',
  AWS_REGION: 'eu-west-1',
  ECS_CLUSTER: 'prod',
  ECS_SERVICE: 'web',
} as const;

export interface Ended extends WorkflowResult {
  /** What the job or step had as outputs; act has none of a called workflow that failed. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Jobs by the name of their end: `succeeded`, `failed`; those that were skipped are missing. */
  readonly jobs: Readonly<Record<string, string>>;
}

type Inputs = Readonly<Record<string, string | number | boolean>>;

type Event = Partial<Pick<WorkflowRun, 'event' | 'payload' | 'variables' | 'env' | 'files' | 'secrets'>>;

/** Calls a reusable workflow of the release by its public name, and writes down what it answered. */
export function call(
  release: StagedRelease,
  workflow: PublishedWorkflow,
  inputs: Inputs,
  simulator: Pick<Simulator, 'env'>,
  event: Event = {},
): Promise<Ended> {
  const job = {
    uses: `org/deploy-actions/.github/workflows/${workflow}.yml@v1`,
    permissions: {
      contents: 'read',
      deployments: 'write',
      'id-token': 'write',
      issues: 'write',
      'pull-requests': 'write',
    },
    with: inputs,
  };
  return start(release, { it: job, after: after('needs.it.outputs', 'it') }, simulator, event);
}

interface Workflow {
  readonly on: { readonly workflow_call: { readonly inputs: object; readonly outputs: Outputs } };
  readonly jobs: Readonly<Record<string, object>>;
}

type Outputs = Readonly<Record<string, { readonly value: string }>>;

/**
 * The same for a workflow that fails: act breaks off when a called workflow has failed, and nothing is left that could
 * read what it answered. So its jobs are run as those of the caller, with one more job that reads them.
 */
export function callToFail(
  release: StagedRelease,
  workflow: 'deploy',
  inputs: Inputs,
  simulator: Pick<Simulator, 'env'>,
  event: Event = {},
): Promise<Ended> {
  const path = join(release.tree, '.github/workflows', `${workflow}.yml`);
  const text = readFileSync(path, 'utf8').replaceAll(NOT_IN_ACT, '');
  const { on, jobs } = parse(text) as Workflow;
  const values = Object.entries(on.workflow_call.outputs).map(([name, { value }]) => {
    // act leaves the outputs of jobs that were skipped as they are written; GitHub has none.
    const inner = value
      .slice('${{'.length, -'}}'.length)
      .replaceAll(
        /\bjobs\.([\w-]+)(\.outputs\.[\w-]+)/g,
        "(needs.$1.result != 'skipped' && needs.$1$2 || '')",
      );
    return `"${name}": ${expression(`toJSON(${inner})`)}`;
  });
  const [step] = after('').steps;
  const reader = {
    needs: Object.keys(jobs),
    if: expression('always()'),
    'runs-on': 'ubuntu-latest',
    steps: [{ ...step, env: { ...step?.env, OUTPUTS: `{${values.join(', ')}}` } }],
  };
  const opened = { workflow_dispatch: { inputs: on.workflow_call.inputs } };
  return start(release, { ...jobs, after: reader }, simulator, { ...event, inputs, on: opened });
}

/** Uses the root action in a job, and writes down what it answered. */
export function use(
  release: StagedRelease,
  inputs: Inputs,
  simulator: Pick<Simulator, 'env'>,
  event: Event = {},
): Promise<Ended> {
  const { steps } = after('steps.it.outputs');
  const job = {
    'runs-on': 'ubuntu-latest',
    steps: [{ id: 'it', uses: 'org/deploy-actions@v1', with: inputs }, ...steps],
  };
  return start(release, { it: job }, simulator, event);
}

const expression = (text: string) => `\${{ ${text} }}`;

const after = (outputs: string, needs?: string) => ({
  ...(needs && { needs, if: expression('always()') }),
  'runs-on': 'ubuntu-latest',
  steps: [
    {
      if: expression('always()'),
      run: 'echo "$OUTPUTS" > "$FILE"',
      env: { OUTPUTS: expression(`toJSON(${outputs})`), FILE: expression('vars.OUTPUTS_FILE') },
    },
  ],
});

let runs = 0;

async function start(
  release: StagedRelease,
  jobs: object,
  simulator: Pick<Simulator, 'env'>,
  {
    event = 'workflow_dispatch',
    files = {},
    variables = {},
    inputs = {},
    on = event,
    ...given
  }: Event & { readonly inputs?: Inputs; readonly on?: unknown },
): Promise<Ended> {
  const workflow = '.github/workflows/use.yml';
  const file = join(release.home, `outputs-${++runs}.json`);
  const result = await release.run(
    {
      ...given,
      event,
      workflow,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)])),
      files: { ...files, [workflow]: stringify({ on, jobs }) },
      variables: { ...VARIABLES, OUTPUTS_FILE: file, ...variables },
    },
    simulator,
  );
  const ends = [...result.log.matchAll(/^\[.*\/(\S+?)\s*\] 🏁 {2}Job (\w+)$/gmu)];
  return {
    ...result,
    outputs: existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ended['outputs']) : {},
    jobs: Object.fromEntries(ends.map(([, job, end]) => [job ?? '', end ?? ''])),
  };
}

/** A service's address that answers every request with that status. */
export async function answering<T>(status: number, visit: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  try {
    return await visit(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`);
  } finally {
    server.close();
  }
}

/** GitHub's API, and what a job has to know to find it. */
export async function onGithub<T>(
  options: Parameters<typeof startGithub>[0],
  visit: (github: GithubServer, event: Pick<WorkflowRun, 'env' | 'secrets'>) => Promise<T>,
): Promise<T> {
  const github = await startGithub({ tokens: { writes: BOT, reads: { ...BOT, may: 'read' } }, ...options });
  const env = { GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'org/web' };
  try {
    return await visit(github, { env, secrets: { GITHUB_TOKEN: 'writes' } });
  } finally {
    await github.close();
  }
}
