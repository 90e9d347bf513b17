import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { parse, stringify } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../../..');
const BUNDLE = join(ROOT, 'build/language-service.cjs');

/** What is known of an action: what it takes and gives. */
export interface Described {
  readonly name?: string;
  readonly description?: string;
  readonly inputs?: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Where the validation finds what a workflow refers to. */
export interface Sources {
  /** By its reference, such as `actions/checkout@v4`; `undefined` makes the reference a problem. */
  action(uses: string): Described | undefined;
  /** The text of a reusable workflow, by its reference. */
  workflow(uses: string): string | undefined;
}

interface Dictionary {
  complete: boolean;
  get(key: string): unknown;
  add(key: string, value: unknown): void;
  pairs(): readonly { readonly key: string; readonly value: Dictionary }[];
}

interface Reference {
  readonly owner: string;
  readonly name: string;
  readonly ref: string;
  readonly path?: string;
}

interface FileReference {
  readonly owner?: string;
  readonly repository?: string;
  readonly version?: string;
  readonly path: string;
}

interface WorkflowContext {
  readonly job?: {
    readonly steps?: readonly { readonly id: string; readonly uses?: { readonly value: string } }[];
  };
}

/** What of https://github.com/actions/languageservices is used. */
interface LanguageService {
  readonly validate: (
    document: unknown,
    config: {
      readonly actionsMetadataProvider: {
        fetchActionMetadata(reference: Reference): Promise<Described | undefined>;
      };
      readonly fileProvider: {
        getFileContent(reference: FileReference): Promise<{ name: string; content: string }>;
      };
      readonly contextProviderConfig: {
        getContext(
          name: string,
          usual: Dictionary | undefined,
          context: WorkflowContext,
        ): Promise<Dictionary | undefined>;
      };
    },
  ) => Promise<
    readonly { readonly message: string; readonly range: { readonly start: { readonly line: number } } }[]
  >;
  readonly registerLogger: (
    logger: Readonly<Record<'error' | 'warn' | 'info' | 'log', (text: string) => void>>,
  ) => void;
  readonly TextDocument: { create(uri: string, language: string, version: number, text: string): unknown };
  readonly DescriptionDictionary: new () => Dictionary;
  readonly data: { readonly StringData: new (text: string) => unknown };
}

/** It is not made to be run by Node.js as it is: it imports JSON without saying so. */
function load(): LanguageService {
  buildSync({
    stdin: {
      contents: `export { registerLogger, validate } from '@actions/languageservice';
        export { DescriptionDictionary, data } from '@actions/expressions';
        export { TextDocument } from 'vscode-languageserver-textdocument';`,
      resolveDir: ROOT,
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: BUNDLE,
  });
  return createRequire(import.meta.url)(BUNDLE) as LanguageService;
}

const { validate, registerLogger, TextDocument, DescriptionDictionary, data } = load();

/** What went wrong in the validation itself, which it keeps to itself. */
const failures: string[] = [];
const silent = () => undefined;
registerLogger({ error: (text) => failures.push(text), warn: silent, info: silent, log: silent });

let documents = 0;

type Configuration = Parameters<LanguageService['validate']>[1];

async function validated(
  path: string,
  text: string,
  configuration: Configuration,
): Promise<readonly string[]> {
  // It keeps what it has read by its address.
  const document = TextDocument.create(`file:///${++documents}/${path}`, 'yaml', 1, text);
  const problems = await validate(document, configuration);
  const failed = failures.splice(0);
  if (failed.length > 0) throw new Error(`${path}: ${failed.join('; ')}`);
  return problems.map(({ range, message }) => `${range.start.line + 1}: ${message}`);
}

/** The problems of a workflow, each `LINE: what`: what it gives to actions and workflows, and what it refers to. */
export async function problemsOfWorkflow(
  path: string,
  text: string,
  sources: Sources,
): Promise<readonly string[]> {
  return await validated(path, text, {
    actionsMetadataProvider: {
      fetchActionMetadata: async ({ owner, name, path: within, ref }) =>
        sources.action([owner, name, within].filter(Boolean).join('/').concat('@', ref)),
    },
    fileProvider: {
      async getFileContent({ owner, repository, path: within, version }) {
        const uses = owner ? `${owner}/${repository}/${within}@${version}` : within;
        const content = sources.workflow(uses);
        if (content === undefined) throw new Error(`there is no ${uses}`);
        return { name: basename(within), content };
      },
    },
    contextProviderConfig: {
      async getContext(name, usual, { job }) {
        if (name === 'steps' && usual) return withOutputs(usual, job?.steps ?? [], sources);
        // What a repository has set, nobody knows here.
        if ((name === 'vars' || name === 'secrets') && usual) usual.complete = false;
        return usual;
      },
    },
  });
}

/**
 * The problems of an action file. What the language service does not look at in composite actions it finds in a workflow
 * with the same inputs and steps.
 */
export async function problemsOfAction(
  path: string,
  text: string,
  sources: Sources,
): Promise<readonly string[]> {
  const nowhere = { getFileContent: () => Promise.reject(new Error('an action has no workflows')) };
  const said = await validated(path, text, {
    actionsMetadataProvider: { fetchActionMetadata: async () => ({}) },
    fileProvider: nowhere,
    contextProviderConfig: { getContext: async (_, usual) => usual },
  });
  const {
    inputs = {},
    outputs = {},
    runs,
  } = parse(text) as {
    readonly inputs?: Readonly<Record<string, object>>;
    readonly outputs?: Readonly<Record<string, { readonly value?: string }>>;
    readonly runs: { readonly steps?: unknown };
  };
  if (runs.steps === undefined) return said;
  const names = (of: object, value: (name: string) => unknown) =>
    Object.fromEntries(Object.keys(of).map((name) => [name, value(name)]));
  const workflow = {
    on: { workflow_call: { inputs: names(inputs, () => ({ type: 'string' })) } },
    jobs: {
      composite: {
        'runs-on': 'ubuntu-latest',
        outputs: names(outputs, (name) => outputs[name]?.value ?? ''),
        steps: runs.steps,
      },
    },
  };
  const within = await problemsOfWorkflow(
    `.github/workflows/${path.replaceAll('/', '-')}`,
    stringify(workflow, { lineWidth: 0 }),
    sources,
  );
  return [...said, ...within.map((problem) => `in its steps ${problem}`)];
}

/** The steps before the one that is looked at, with the outputs that their actions have, and no others. */
function withOutputs(
  usual: Dictionary,
  steps: NonNullable<WorkflowContext['job']>['steps'] & object,
  sources: Sources,
): Dictionary {
  const exact = new DescriptionDictionary();
  exact.complete = usual.complete;
  for (const { key, value } of usual.pairs()) {
    const uses = steps.find(({ id }) => id === key)?.uses?.value;
    const outputs = uses === undefined ? undefined : sources.action(uses)?.outputs;
    const step = new DescriptionDictionary();
    for (const part of value.pairs()) {
      if (part.key !== 'outputs' || !outputs) step.add(part.key, part.value);
      else {
        const known = new DescriptionDictionary();
        for (const name of Object.keys(outputs)) known.add(name, new data.StringData(''));
        step.add('outputs', known);
      }
    }
    exact.add(key, step);
  }
  return exact;
}
