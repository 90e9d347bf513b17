import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');

interface ActionFile {
  readonly inputs?: Readonly<Record<string, { readonly default?: unknown }>>;
  readonly runs: { readonly main: string; readonly post?: string };
}

export interface StepResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Real milliseconds. */
  readonly ms: number;
}

export interface RunningStep {
  readonly done: Promise<StepResult>;
  readonly process: ChildProcess;
  /** What the step has said so far. */
  log(): string;
  /** Resolves when the log holds the text; rejects when the step ends without it. */
  says(text: string | RegExp): Promise<void>;
  /** What the Actions runner does on cancel: SIGINT, after 7.5 s SIGTERM, after another 2.5 s the end. */
  cancel(): Promise<StepResult>;
}

/** A job on a runner: steps run one after the other in one workspace and temporary directory. */
export class Job {
  readonly directory = mkdtempSync(join(tmpdir(), 'deploy-actions-job-'));
  readonly env: Record<string, string>;

  constructor(env: Readonly<Record<string, string>>) {
    this.env = { ...env };
  }

  /** Writes a file into the workspace. */
  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** Starts the main step of an action as the runner does: inputs, with the defaults of its action.yml, as variables. */
  start(
    action: string,
    inputs: Readonly<Record<string, string>> = {},
    part: 'main' | 'post' = 'main',
    state: Readonly<Record<string, string>> = {},
  ): RunningStep {
    const file = join(ROOT, 'actions', action, 'action.yml');
    const { inputs: declared = {}, runs } = parse(readFileSync(file, 'utf8')) as ActionFile;
    const unknown = Object.keys(inputs).find((name) => !(name in declared));
    if (unknown !== undefined) throw new Error(`${action} has no input ${unknown}`);
    const given = Object.fromEntries(
      Object.entries(declared).map(([name, { default: value }]) => [
        `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
        inputs[name] ?? String(value ?? ''),
      ]),
    );
    const kept = Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]));
    const script = resolve(dirname(file), part === 'main' ? runs.main : (runs.post ?? ''));
    return startStep(script, this.directory, { ...this.env, ...given, ...kept });
  }

  async run(action: string, inputs?: Readonly<Record<string, string>>): Promise<StepResult> {
    return this.start(action, inputs).done;
  }

  /** The post step, with the state that the main step kept. */
  async post(
    action: string,
    main: StepResult,
    inputs?: Readonly<Record<string, string>>,
  ): Promise<StepResult> {
    return this.start(action, inputs, 'post', main.state).done;
  }

  end(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

let steps = 0;

/** Starts a script as the runner starts a step of a JavaScript action. */
export function startStep(
  script: string,
  directory: string,
  env: Readonly<Record<string, string>>,
): RunningStep {
  const started = performance.now();
  const commandFile = (name: string) => {
    const path = join(directory, `${name}-${++steps}`);
    writeFileSync(path, '');
    return path;
  };
  const files = {
    output: commandFile('output'),
    state: commandFile('state'),
    summary: commandFile('summary'),
  };
  const child = spawn(process.execPath, [script], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: directory,
      RUNNER_TEMP: directory,
      GITHUB_OUTPUT: files.output,
      GITHUB_STATE: files.state,
      GITHUB_STEP_SUMMARY: files.summary,
      ...env,
    },
  });
  let log = '';
  const listeners = new Set<() => void>();
  const hear = (chunk: Buffer) => {
    log += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const done = new Promise<StepResult>((settle) => {
    child.on('close', (code, signal) =>
      settle({
        code,
        signal,
        log,
        outputs: readCommandFile(files.output),
        state: readCommandFile(files.state),
        summary: readFileSync(files.summary, 'utf8'),
        ms: performance.now() - started,
      }),
    );
  });
  const wait = (ms: number) =>
    new Promise<undefined>((settle) => setTimeout(() => settle(undefined), ms).unref());
  return {
    done,
    process: child,
    log: () => log,
    says: (text) =>
      new Promise((settle, refuse) => {
        const look = () => {
          if (typeof text === 'string' ? log.includes(text) : text.test(log)) {
            listeners.delete(look);
            settle();
          }
        };
        listeners.add(look);
        look();
        void done.then(() => refuse(new Error(`the step ended without saying ${text}:\n${log}`)));
      }),
    async cancel() {
      for (const [signal, patience] of [
        ['SIGINT', 7_500],
        ['SIGTERM', 2_500],
      ] as const) {
        child.kill(signal);
        const ended = await Promise.race([done, wait(patience)]);
        if (ended) return ended;
      }
      child.kill('SIGKILL');
      return done;
    },
  };
}

/** Reads a file of workflow commands: NAME<<DELIMITER, lines, DELIMITER. */
function readCommandFile(path: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = readFileSync(path, 'utf8').split('\n');
  for (let index = 0; index < lines.length; index++) {
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(lines[index] ?? '') ?? [];
    if (name === undefined) continue;
    const end = lines.indexOf(delimiter ?? '', index + 1);
    values[name] = lines.slice(index + 1, end).join('\n');
    index = end;
  }
  return values;
}
