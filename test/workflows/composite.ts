import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { type RunningStep, type StepResult, startStep } from '../../src/runner/start-action.ts';
import { holds, interpolate, type Scope, type Status } from './expressions.ts';

interface ActionFile {
  readonly inputs?: Readonly<Record<string, { readonly default?: unknown }>>;
  readonly outputs?: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly main?: string;
    readonly post?: string;
    readonly 'post-if'?: string;
    readonly steps?: readonly ActionStep[];
  };
}

interface ActionStep {
  readonly id: string;
  readonly if?: string;
  /** Missing in a step that says what is wrong with an input; those are skipped here. */
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** What came of a part: its outcome, outputs, and its process where it was started. */
interface Part {
  readonly outcome: Status | 'skipped';
  readonly outputs: Readonly<Record<string, string>>;
  readonly main?: StepResult;
}

export interface CompositeEnd {
  readonly status: Status;
  readonly outputs: Readonly<Record<string, string>>;
  /** Outcomes of the parts by their ids, those that were not skipped. */
  readonly outcomes: Readonly<Record<string, string>>;
  readonly log: string;
}

/**
 * A composite action whose parts are JavaScript actions of the same release, run as the Actions runner runs it: what
 * CompositeActionHandler.cs and StepsRunner.cs of https://github.com/actions/runner do with conditions, outputs, a
 * cancelled job, and post steps. act ends everything at once when it is cancelled, so it cannot show this.
 */
export class CompositeRun {
  readonly done: Promise<CompositeEnd>;
  readonly #tree: string;
  readonly #file: ActionFile;
  readonly #inputs: Readonly<Record<string, string>>;
  readonly #env: Readonly<Record<string, string>>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'deploy-actions-composite-'));
  readonly #parts = new Map<string, Part>();
  readonly #started = new Map<string, RunningStep>();
  readonly #listeners = new Set<() => void>();
  /** Parts with a post step that have begun, in their order. */
  readonly #posts: ActionStep[] = [];
  #running: { readonly step: ActionStep; readonly process: RunningStep } | undefined;
  #cancelled: RunningStep | undefined;
  #jobStatus: Status = 'success';
  #status: Status = 'success';
  #log = '';

  /** @param tree a staged release, whose root action is run */
  constructor(tree: string, inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
    this.#tree = tree;
    this.#file = this.#read('.');
    const unknown = Object.keys(inputs).find((name) => !(name in (this.#file.inputs ?? {})));
    if (unknown !== undefined) throw new Error(`the action has no input ${unknown}`);
    this.#inputs = inputs;
    this.#env = env;
    this.done = this.#run();
  }

  /** Resolves when a part has begun. */
  async begun(id: string): Promise<RunningStep> {
    for (;;) {
      const found = this.#started.get(id);
      if (found) return found;
      await new Promise<void>((settle) => this.#listeners.add(settle));
    }
  }

  /** The job is cancelled: what runs gets the runner's signals, unless its condition holds all the same. */
  cancel(): void {
    this.#jobStatus = 'cancelled';
    this.#status = 'cancelled';
    if (!this.#running || holds(this.#running.step.if, this.#scope())) return;
    this.#cancelled = this.#running.process;
    void this.#cancelled.cancel();
  }

  /** Ends what runs as a dying machine does, and forgets the workspace. */
  end(): void {
    this.#jobStatus = 'cancelled';
    this.#status = 'cancelled';
    this.#running?.process.process.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** The job's post steps, the last part's first. */
  async post(): Promise<readonly StepResult[]> {
    const results: StepResult[] = [];
    for (const step of [...this.#posts].reverse()) {
      const { file, directory } = this.#actionOf(step);
      const { post, 'post-if': condition = 'always()' } = file.runs;
      const scope = { ...this.#scope(), status: this.#jobStatus };
      if (post === undefined || !holds(condition, scope)) continue;
      const state = this.#parts.get(step.id)?.main?.state ?? {};
      const kept = Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]);
      const env = { ...this.#inputsOf(step, file), ...Object.fromEntries(kept) };
      results.push(await this.#start(resolve(directory, post), env).done);
    }
    return results;
  }

  async #run(): Promise<CompositeEnd> {
    for (const step of this.#file.runs.steps ?? []) await this.#runPart(step);
    const scope = this.#scope();
    const outputs = Object.entries(this.#file.outputs ?? {}).map(([name, { value }]) => [
      name,
      interpolate(value, scope),
    ]);
    const ran = [...this.#parts].filter(([, { outcome }]) => outcome !== 'skipped');
    return {
      status: this.#status,
      outputs: Object.fromEntries(outputs) as Record<string, string>,
      outcomes: Object.fromEntries(ran.map(([id, { outcome }]) => [id, outcome])),
      log: this.#log,
    };
  }

  async #runPart(step: ActionStep): Promise<void> {
    if (!holds(step.if, this.#scope())) {
      this.#parts.set(step.id, { outcome: 'skipped', outputs: {} });
      return;
    }
    const { file, directory } = this.#actionOf(step);
    if (file.runs.post !== undefined) this.#posts.push(step);
    const process = this.#start(resolve(directory, file.runs.main ?? ''), this.#inputsOf(step, file));
    this.#running = { step, process };
    this.#started.set(step.id, process);
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
    const main = await process.done;
    this.#running = undefined;
    this.#log += main.log;
    const failed = main.code === 0 ? 'success' : 'failure';
    // However it ends, a step that was cancelled is cancelled.
    const outcome = this.#cancelled === process ? 'cancelled' : failed;
    if (outcome === 'failure') this.#status = 'failure';
    this.#parts.set(step.id, { outcome, outputs: main.outputs, main });
  }

  #start(script: string, env: Readonly<Record<string, string>>): RunningStep {
    return startStep(script, this.#directory, { ...this.#env, ...env });
  }

  #scope(): Scope {
    const steps = [...this.#parts].map(([id, { outcome, outputs }]) => [
      id,
      { outcome, conclusion: outcome, outputs },
    ]);
    const github = { token: 'writes', action_status: this.#status };
    const declared = Object.entries(this.#file.inputs ?? {}).map(([name, { default: value }]) => [
      name,
      this.#inputs[name] ?? this.#default(value),
    ]);
    return {
      contexts: {
        github,
        inputs: Object.fromEntries(declared) as object,
        steps: Object.fromEntries(steps) as object,
      },
      status: this.#status,
      jobStatus: this.#jobStatus,
    };
  }

  #default(value: unknown): string {
    const scope = {
      contexts: { github: { token: 'writes' } },
      status: this.#status,
      jobStatus: this.#jobStatus,
    };
    return interpolate(String(value ?? ''), scope);
  }

  #actionOf({ uses = '' }: ActionStep): { readonly file: ActionFile; readonly directory: string } {
    const [, name] = /^[^/]+\/[^/]+\/([\w-]+)@/.exec(uses) ?? [];
    if (name === undefined) throw new Error(`${uses} is no action of the release`);
    return { file: this.#read(name), directory: join(this.#tree, name) };
  }

  /** As variables, with the defaults of its action.yml. */
  #inputsOf(step: ActionStep, { inputs = {} }: ActionFile): Readonly<Record<string, string>> {
    const scope = this.#scope();
    const given = step.with ?? {};
    const unknown = Object.keys(given).find((name) => !(name in inputs));
    if (unknown !== undefined) throw new Error(`${step.uses} has no input ${unknown}`);
    return Object.fromEntries(
      Object.entries(inputs).map(([name, { default: value }]) => [
        `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
        name in given ? interpolate(String(given[name]), scope) : this.#default(value),
      ]),
    );
  }

  #read(action: string): ActionFile {
    return parse(readFileSync(join(this.#tree, action, 'action.yml'), 'utf8')) as ActionFile;
  }
}
