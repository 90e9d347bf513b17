import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Definition } from '../../alarms/definition.ts';
import { dashboardNameProblem, readDefinition } from '../../alarms/read-definition.ts';
import { ConfigError, type Problem } from '../../errors.ts';
import type { Path } from '../../taskdef/definition.ts';
import { printable } from '../../taskdef/shape.ts';
import { readYaml, type YamlDocument } from '../../taskdef/yaml-document.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { askedRegion } from '../job-region.ts';
import { readPlace, type ServicePlace } from '../service-place.ts';

export interface Inputs extends ServicePlace {
  readonly definition: Definition | undefined;
  readonly region: string | undefined;
  /** A name; `false` for none; undefined for what the definition says. */
  readonly dashboard: string | boolean | undefined;
  /** What is to be marked on the dashboard. */
  readonly annotation: string | undefined;
  readonly dryRun: boolean;
}

/** The inputs that may refer to the outputs of a CloudFormation stack. */
export const STACK_INPUTS = ['cluster', 'service'];

/** A line of a graph's legend. */
const LONGEST_LABEL = 120;

/**
 * @param workspace where the path of a file starts from
 * @throws ConfigError with every problem of every input
 */
export async function readInputs(
  input: InputSource,
  workspace: string,
  env: NodeJS.ProcessEnv,
): Promise<Inputs> {
  const reader = new InputReader(input);
  const text = reader.verbatim('definition');
  const definition =
    text === undefined ? undefined : await reader.attemptLater(() => readGiven(text, workspace), undefined);
  const annotation = readAnnotation(reader, env);
  const inputs: Inputs = {
    ...readPlace(
      reader,
      askedRegion(env),
      reader.optional('region') === undefined ? {} : { fix: 'mend the input region' },
    ),
    definition,
    region: reader.parse('region', readRegion, undefined),
    dashboard: readDashboard(reader),
    annotation,
    dryRun: reader.boolean('dry-run', false),
  };
  if (text === undefined && reader.optional('annotate') === undefined) {
    reader.problem('definition', 'is required without annotate; for example definition: defaults');
  }
  if (annotation !== undefined && (inputs.dashboard ?? definition?.dashboard) === false) {
    reader.problem('annotate', 'marks the dashboard, and there is to be none');
  }
  reader.finish();
  return inputs;
}

function readDashboard(reader: InputReader): string | boolean | undefined {
  const text = reader.optional('dashboard');
  if (text === undefined) return undefined;
  if (/^(true|false)$/i.test(text)) return reader.boolean('dashboard', true);
  const problem = dashboardNameProblem(text);
  if (problem !== undefined) reader.problem('dashboard', `"${printable(text)}" ${problem}`);
  return text;
}

function readRegion(text: string): string {
  if (/^[a-z]{2,5}(-[a-z]+)+-\d$/.test(text)) return text;
  throw new ConfigError({ input: 'region', message: `"${printable(text)}" is no region such as eu-west-1` });
}

function readAnnotation(reader: InputReader, env: NodeJS.ProcessEnv): string | undefined {
  const text = reader.optional('annotate');
  if (text === undefined || /^false$/i.test(text)) return undefined;
  const { GITHUB_REF_TYPE: type, GITHUB_REF_NAME: ref, GITHUB_SHA: sha } = env;
  const version = type === 'tag' ? ref : [ref, sha?.slice(0, 7)].filter(Boolean).join('@');
  const label = /^true$/i.test(text) ? `${version || 'a new version'} deployed` : printable(text);
  // A run marks one thing once, however often a step of it is run again.
  const run = env['GITHUB_RUN_ID'];
  return `${label.slice(0, LONGEST_LABEL)}${run ? ` (run ${run})` : ''}`;
}

/** @throws ConfigError with all problems of the definition */
async function readGiven(text: string, workspace: string): Promise<Definition> {
  const word = text.trim();
  const file = word !== 'defaults' && /^[^\n:[{-][^\n:[{]*$/.test(word) ? word : undefined;
  const content = file === undefined ? text : await readText(file, workspace);
  const yaml = await readYaml(content);
  const name = file ?? 'definition';
  if (!('value' in yaml)) {
    const { line, column, message } = yaml;
    throw new ConfigError({
      input: `${name} line ${line}, column ${column}`,
      message: `is not YAML: ${message}`,
      ...(file !== undefined && { place: { file, line, column } }),
    });
  }
  const problems: Problem[] = [];
  const definition = readDefinition(yaml.value, {
    complain: (path, message) => problems.push(problemAt(yaml, path, message, file)),
    written: (path) => yaml.sourceOf(path),
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return definition;
}

function problemAt(yaml: YamlDocument, path: Path, message: string, file: string | undefined): Problem {
  const { line, column } = yaml.placeOf(path);
  const key = path.length > 0 ? `, ${printable(path.join('.'))}` : '';
  return {
    input: `${file ?? 'definition'} line ${line}${key}`,
    message,
    ...(file !== undefined && { place: { file, line, column } }),
  };
}

async function readText(file: string, workspace: string): Promise<string> {
  return readFile(resolve(workspace, file), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message =
      cause.code === 'ENOENT'
        ? `"${printable(file)}" does not exist in ${workspace}; is actions/checkout missing before this step?`
        : `"${printable(file)}" cannot be read: ${cause.message}`;
    throw new ConfigError({ input: 'definition', message }, { cause });
  });
}
