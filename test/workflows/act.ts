import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { stage } from '../../src/build/release/stage.ts';
import { type Clock, scaledClock } from '../../src/clock.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { type WebShopOptions, webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { act } from '../slow/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The release that the tests stage, and its version. */
export const VERSION = 'v0.1.0';

/**
 * In place of aws-actions/configure-aws-credentials, which would ask GitHub for a token: the simulator's credentials are
 * in the environment already.
 */
const CREDENTIALS = `name: Credentials of the simulator
inputs:
  role-to-assume: { required: true }
  aws-region: { required: true }
  role-duration-seconds: { required: false }
  role-session-name: { required: false }
  mask-aws-account-id: { required: false }
runs:
  using: composite
  steps:
    - shell: bash
      env:
        ROLE: \${{ inputs.role-to-assume }}
        REGION: \${{ inputs.aws-region }}
      run: |
        test -n "$ROLE" && test -n "$REGION"
        echo "credentials of $ROLE in $REGION"
`;
/** GitHub knows it since March 2026, act does not yet (nektos/act#6086). */
export const NOT_IN_ACT = /^ +deployment: false\n/gm;

/** act leaves the outputs of jobs that were skipped as they are written; GitHub has none. */
const OUTPUT_OF_JOB = /\bjobs\.[\w-]+\.outputs\.[\w-]+/g;

/**
 * act stops reading what a program printed when that fails, and its last lines are lost now and then: what runs the
 * steps waits a moment before it fails.
 */
const lingering = (program: string): string => `#!/bin/sh
"${program}" "$@"
code=$?
[ $code = 0 ] || sleep 0.3
exit $code
`;

/** Writes them into a directory that act finds first. */
export function writeLingering(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const bash = execFileSync('sh', ['-c', 'command -v bash'], { encoding: 'utf8' }).trim();
  for (const [name, program] of Object.entries({ bash, node: process.execPath }))
    writeFileSync(join(directory, name), lingering(program), { mode: 0o755 });
}

/** In place of GitHub's store of artifacts: a directory. */
const UPLOAD = `name: Upload
inputs:
  name: { required: true }
  path: { required: true }
runs:
  using: composite
  steps:
    - shell: bash
      env: { NAME: '\${{ inputs.name }}', FILE: '\${{ inputs.path }}' }
      run: mkdir -p "$ARTIFACTS/$NAME" && cp "$FILE" "$ARTIFACTS/$NAME"
`;
const DOWNLOAD = `name: Download
inputs:
  name: { required: true }
  path: { required: true }
runs:
  using: composite
  steps:
    - shell: bash
      env: { NAME: '\${{ inputs.name }}', TO: '\${{ inputs.path }}' }
      run: mkdir -p "$TO" && cp "$ARTIFACTS/$NAME"/* "$TO"
`;

/** What stands in for actions of others that need GitHub, by their references. */
const STAND_INS: Readonly<Record<string, string>> = {
  'aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c': CREDENTIALS,
  'actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f': UPLOAD,
  'actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c': DOWNLOAD,
};

/** One run of a workflow. */
export interface WorkflowRun {
  /** Files of the repository that runs it, by their paths; the workflows among them. */
  readonly files: Readonly<Record<string, string>>;
  /** Path of the workflow to run; by default the only file. */
  readonly workflow?: string;
  readonly event?: 'workflow_dispatch' | 'push' | 'pull_request';
  /** What GitHub says of the event. */
  readonly payload?: unknown;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Files of a commit before, which a pull request or a release is compared with; it has the tag `migrated`. */
  readonly before?: Readonly<Record<string, string>>;
  /** Directories of actions of others by their references, in whose place they stand. */
  readonly actions?: Readonly<Record<string, string>>;
  /** A directory of programs that stand in for tools of others. */
  readonly tools?: string;
}

export interface WorkflowResult {
  readonly code: number | null;
  readonly log: string;
  /** The checkout in which it ran. */
  readonly workspace: string;
}

const readByAct = (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      path.startsWith('.github/workflows/') ? text.replaceAll(NOT_IN_ACT, '') : text,
    ]),
  );

/** A release as its users get it, in a directory of its own, and repositories that use it by its public name. */
export class StagedRelease {
  readonly home = mkdtempSync(join(tmpdir(), 'deploy-actions-release-'));
  readonly tree = join(this.home, 'staged');
  /** The same, as act reads it. */
  readonly #played = join(this.home, 'played');
  /** Directories of the stand-ins by what they stand in for. */
  readonly #standIns = new Map<string, string>();
  /** What jobs have uploaded, by name. */
  readonly artifacts = join(this.home, 'artifacts');
  readonly #programs = join(this.home, 'programs');
  #workspaces = 0;

  constructor() {
    const clone = join(this.home, 'clone');
    // A release is staged from what is committed.
    execFileSync('git', ['clone', '--quiet', ROOT, clone]);
    stage(clone, this.tree, { repository: 'org/deploy-actions', version: VERSION });
    cpSync(this.tree, this.#played, { recursive: true });
    const workflows = join(this.#played, '.github/workflows');
    for (const file of readdirSync(workflows)) {
      const text = readFileSync(join(workflows, file), 'utf8');
      const played = text
        .replaceAll(NOT_IN_ACT, '')
        .replaceAll(OUTPUT_OF_JOB, (output) => `(!startsWith(${output}, '$') && ${output} || '')`);
      writeFileSync(join(workflows, file), played);
    }
    for (const [reference, text] of Object.entries(STAND_INS)) {
      const directory = join(this.home, reference.replaceAll(/\W/g, '-'));
      mkdirSync(directory);
      writeFileSync(join(directory, 'action.yml'), text);
      this.#standIns.set(reference, directory);
    }
    writeLingering(this.#programs);
  }

  /** A repository with these files, as checked out by a job. */
  checkout(files: Readonly<Record<string, string>>, before?: Readonly<Record<string, string>>): string {
    const workspace = join(this.home, `workspace-${++this.#workspaces}`);
    mkdirSync(workspace);
    // The same files are the same commit.
    const date = '2026-01-05T12:00:00Z';
    const env = { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const git = (...args: readonly string[]) => execFileSync('git', ['-C', workspace, ...args], { env });
    const commit = (tree: Readonly<Record<string, string>>) => {
      for (const [path, text] of Object.entries(tree)) {
        mkdirSync(dirname(join(workspace, path)), { recursive: true });
        writeFileSync(join(workspace, path), text);
      }
      git('add', '--all');
      const person = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
      git(...person, 'commit', '--quiet', '--allow-empty', '--message', 'test');
    };
    git('init', '--quiet');
    if (before) {
      commit(before);
      git('tag', 'migrated');
    }
    commit(files);
    return workspace;
  }

  /** Runs a workflow with act, on this machine, against the simulator. */
  async run(
    { files, workflow, event = 'workflow_dispatch', payload, before, ...given }: WorkflowRun,
    simulator: Pick<Simulator<SimulatedWorld>, 'env'>,
  ): Promise<WorkflowResult> {
    const workspace = this.checkout(readByAct(files), before);
    const named = (flag: string, values: Readonly<Record<string, string>> = {}) =>
      Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
    const local = (reference: string, path: string) => ['--local-repository', `${reference}=${path}`];
    const eventFile = join(this.home, `event-${this.#workspaces}.json`);
    writeFileSync(eventFile, JSON.stringify(payload ?? { inputs: given.inputs ?? {} }));
    const flags = [
      ...['-W', workflow ?? Object.keys(files)[0] ?? '', '-e', eventFile],
      ...['-P', 'ubuntu-latest=-self-hosted', '--no-cache-server'],
      ...local('org/deploy-actions@v1', this.#played),
      ...local(`org/deploy-actions@${VERSION}`, this.#played),
      ...[...this.#standIns].flatMap(([reference, path]) => local(reference, path)),
      ...Object.entries(given.actions ?? {}).flatMap(([reference, path]) => local(reference, path)),
      ...named('--input', given.inputs),
      ...named('--var', given.variables),
      ...named('-s', given.secrets),
      // act takes the name from a remote, which there is none of.
      ...named('--env', {
        GITHUB_REPOSITORY: 'org/web',
        ARTIFACTS: this.artifacts,
        ...simulator.env(),
        ...given.env,
      }),
    ];
    const child = spawn(act(), [event, ...flags], {
      cwd: workspace,
      env: {
        ...process.env,
        PATH: [given.tools, this.#programs, process.env['PATH']].filter(Boolean).join(':'),
      },
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
    }
    const code = await new Promise<number | null>((settle) => child.on('close', settle));
    return { code, log, workspace };
  }

  /** Copies a directory of this checkout into a repository that uses the release. */
  copy(path: string, to: string): void {
    cpSync(join(ROOT, path), to, { recursive: true });
  }

  end(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The web shop of the other tests, with a registry. */
export async function withSimulator<T>(
  { repositories, ...options }: Partial<WebShopOptions> & Pick<Scenario, 'repositories'>,
  use: (simulator: Simulator<SimulatedWorld>, clock: Clock) => Promise<T>,
  scale = 600,
): Promise<T> {
  const clock = scaledClock(Date.now(), Date.UTC(2026, 0, 5, 12), scale);
  const simulator = await startSimulator({
    clock,
    seed: 1,
    registry: true,
    world: (context) =>
      createWorld(context, {
        ...webShop({ images: ['app:v1', 'app:v2'], ...options }),
        ...(repositories && { repositories }),
      }),
  });
  try {
    return await use(simulator, clock);
  } finally {
    await simulator.close();
  }
}
