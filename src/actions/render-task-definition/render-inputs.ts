import type { Place } from '../../ports.ts';
import { valuesOf } from '../../taskdef/field-values.ts';
import { tagFaults } from '../../taskdef/rules/identity.ts';
import type { ContainerSettings, Replaceable, Settings } from '../../taskdef/settings.ts';
import { printable } from '../../taskdef/shape.ts';
import { type AssignmentRules, readAssignments, VARIABLES } from '../assignments.ts';
import { parseWords } from '../command-words.ts';
import type { InputReader } from '../input-reader.ts';
import { environmentFileProblem, imageProblem, secretProblem } from '../references.ts';
import { parseEnvFile } from './env-file.ts';
import { readHealthCheck } from './health-check.ts';
import { readPatch } from './patch.ts';
import { parsePorts } from './ports.ts';
import { readTextFile } from './read-file.ts';
import { readSource, type SourceInputs } from './source.ts';
import { readTaskFields } from './task-inputs.ts';

/** All that says which task definition is made of which. */
export interface RenderInputs extends SourceInputs {
  readonly settings: Settings;
  /** Whether an image without a digest is an error. */
  readonly requireDigest: boolean;
  /** Whether the difference tells the values of plain variables and of other fields that may hold secrets. */
  readonly showValues: boolean;
  /** What is unwise in the files that were read. */
  readonly warnings: readonly Warning[];
}

export interface Warning {
  readonly message: string;
  readonly place: Place;
}

/** The inputs that may refer to the outputs of a CloudFormation stack. */
export const STACK_INPUTS = ['cluster', 'service', 'image', 'task-role-arn', 'execution-role-arn'] as const;
/** Inputs whose images may be named without their registry. */
export const IMAGE_INPUTS = ['image', 'images'] as const;

/**
 * The default of `image` and `images` in action.yml. GitHub hands over an input that is left out as its default and one
 * that is empty as empty: only so can an image that got lost between jobs be told from one that was not given.
 */
const UNCHANGED = 'unchanged';

const OPTIONS: AssignmentRules = { form: 'option=value', problemOf: () => undefined };
const LABELS: AssignmentRules = { form: 'label=value', problemOf: () => undefined };
const TAGS: AssignmentRules = {
  form: 'key=value',
  problemOf: (value, key) => tagFaults(key, value).next().value?.message,
  blanksInName: true,
  listOf: ['key', 'value'],
};
const SECRETS: AssignmentRules = {
  form: 'NAME=arn',
  problemOf: secretProblem,
  listOf: ['name', 'valueFrom'],
};
const IMAGES: AssignmentRules = { form: 'container=image', problemOf: imageProblem };

/** Those that ECS knows: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html */
const logDrivers = () => valuesOf('containerDefinitions', 'logConfiguration', 'logDriver');

/** What `replace` may name. */
const REPLACEABLE: readonly Replaceable[] = [
  'environment-variables',
  'secrets',
  'env-files',
  'log-configuration-options',
  'docker-labels',
  'tags',
];

/**
 * Reads the inputs of rendering and the files that they name, all but the task definition. Every problem is left with
 * the reader, which its caller has to `finish`.
 *
 * @param workspace the directory that relative paths start from
 * @param region of the job
 */
export async function readRenderInputs(
  reader: InputReader,
  workspace: string,
  region: string | undefined,
): Promise<RenderInputs> {
  const source = readSource(reader, region);
  const image = readImage(reader);
  const images = await readNamed(reader, 'images', IMAGES);
  const files = await readEnvFiles(reader, workspace);
  const own = await readContainerSettings(reader, files);
  const tags = await readNamed(reader, 'tags', TAGS);
  const replace = readReplace(reader, {
    'environment-variables': own.environment,
    secrets: own.secrets,
    'env-files': reader.optional('env-files'),
    'log-configuration-options': own.logOptions,
    'docker-labels': own.dockerLabels,
    tags,
  });
  const fields = readTaskFields(reader);
  const patch = reader.optional('merge-patch');
  const settings: Omit<ContainerSettings, 'container' | 'input'> = {
    ...(image !== undefined && { image }),
    ...own,
  };
  const single = Object.keys(settings).length > 0;
  return {
    ...source,
    settings: {
      containers: [
        ...(single
          ? readContainerNames(reader).map((container) => ({
              container,
              input: 'container-name',
              ...settings,
              ...(replace.size > 0 && { replace }),
            }))
          : unneededName(reader)),
        ...[...(images ?? [])].map(([container, to]) => ({ container, input: 'images', image: to })),
      ],
      task: {
        fields,
        ...(tags && { tags, replaceTags: replace.has('tags') }),
      },
      ...(patch !== undefined && {
        patch: await reader.attemptLater(() => readPatch(patch, workspace, 'merge-patch'), {}),
      }),
    },
    requireDigest: reader.boolean('require-digest', false),
    showValues: reader.boolean('show-values', false),
    warnings: files.warnings,
  };
}

async function readContainerSettings(
  reader: InputReader,
  files: EnvFiles,
): Promise<Omit<ContainerSettings, 'container' | 'input' | 'image'>> {
  const given = await readNamed(reader, 'environment-variables', VARIABLES);
  const secrets = await readNamed(reader, 'secrets', SECRETS);
  const environment =
    given || files.variables.size > 0 ? new Map([...files.variables, ...(given ?? [])]) : undefined;
  const unset = reader.list('unset');
  for (const name of [...(secrets?.keys() ?? [])].filter((name) => environment?.has(name))) {
    reader.problem('secrets', `${name} is given as a plain variable and as a secret; keep one of them`);
  }
  for (const name of unset.filter((name) => environment?.has(name) || secrets?.has(name))) {
    reader.problem('unset', `${name} is also given a value; keep one of them`);
  }
  const command = await readWords(reader, 'command');
  const entryPoint = await readWords(reader, 'entry-point');
  const ports = reader.optional('port-mappings');
  const portMappings = ports && (await reader.attemptLater(() => parsePorts(ports, 'port-mappings'), []));
  const healthCheck = await readHealthCheck(reader);
  const logDriver =
    reader.optional('log-configuration-log-driver') &&
    reader.oneOf('log-configuration-log-driver', logDrivers(), 'awslogs');
  const logOptions = await readNamed(reader, 'log-configuration-options', OPTIONS);
  const dockerLabels = await readNamed(reader, 'docker-labels', LABELS);
  return {
    ...(environment && { environment }),
    ...(secrets && { secrets }),
    ...(unset.length > 0 && { unset }),
    ...(files.arns.length > 0 && { environmentFiles: files.arns }),
    ...(command && { command }),
    ...(entryPoint && { entryPoint }),
    ...(portMappings && { portMappings }),
    ...(healthCheck && { healthCheck }),
    ...(logDriver && { logDriver }),
    ...(logOptions && { logOptions }),
    ...(dockerLabels && { dockerLabels }),
  };
}

/** The images of `image`, for the containers of `container-name`, and of `images`. */
export async function readImages(reader: InputReader): Promise<readonly ContainerSettings[]> {
  const image = readImage(reader);
  const images = await readNamed(reader, 'images', IMAGES);
  return [
    ...(image === undefined
      ? []
      : readContainerNames(reader).map((container) => ({ container, input: 'container-name', image }))),
    ...[...(images ?? [])].map(([container, to]) => ({ container, input: 'images', image: to })),
  ];
}

/** `undefined` stands for the only container. */
function readContainerNames(reader: InputReader): readonly (string | undefined)[] {
  const given = reader.optional('container-name');
  if (given === undefined) return [undefined];
  const names = given.split(/[,\n]/).map((name) => name.trim());
  if (names.includes('')) {
    reader.problem('container-name', `"${given}" has an empty name; write names with commas between them`);
  }
  return [...new Set(names)];
}

function unneededName(reader: InputReader): [] {
  const container = reader.optional('container-name');
  if (container !== undefined && reader.optional('env-files') === undefined) {
    const fix = 'give image, environment-variables, secrets or another of its settings, or leave it out';
    reader.problem('container-name', `names "${container}", but nothing is to change in it; ${fix}`);
  }
  return [];
}

// What is given and wrong counts as given below: only so do other inputs hold themselves against it.

function readImage(reader: InputReader): string | undefined {
  const image = reader.optional('image') ?? '';
  if (image === UNCHANGED) return undefined;
  const problem = imageProblem(image);
  if (problem) reader.problem('image', problem);
  return image;
}

async function readNamed(
  reader: InputReader,
  name: string,
  rules: AssignmentRules,
): Promise<ReadonlyMap<string, string> | undefined> {
  // Of the inputs read here only `images` has a default that is not empty.
  const text = reader.verbatim(name) ?? (rules === IMAGES ? '' : UNCHANGED);
  if (text.trim() === UNCHANGED) return undefined;
  const { values, problems } = await readAssignments(text, name, rules);
  for (const { input, message } of problems) reader.problem(input, message);
  if (values.size === 0 && problems.length === 0) reader.problem(name, nothingProblem(rules));
  return values;
}

/** An output that got lost between two jobs looks like that, and must not pass for nothing to do. */
const nothingProblem = (rules: AssignmentRules): string =>
  (rules === IMAGES && imageProblem('')) ||
  `is given and names nothing; write ${rules.form}, or leave it out or empty where there is nothing`;

function readWords(reader: InputReader, name: string): Promise<readonly string[] | undefined> {
  const text = reader.optional(name);
  return text === undefined
    ? Promise.resolve(undefined)
    : reader.attemptLater(() => parseWords(text, name), []);
}

interface EnvFiles {
  readonly arns: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
  readonly warnings: readonly Warning[];
}

/** ARNs are for ECS to read, paths for us. */
async function readEnvFiles(reader: InputReader, workspace: string): Promise<EnvFiles> {
  const input = 'env-files';
  const arns: string[] = [];
  const variables = new Map<string, string>();
  const warnings: Warning[] = [];
  for (const entry of reader.list(input, /\n/)) {
    const problem = environmentFileProblem(entry);
    if (problem) reader.problem(input, problem);
    else if (entry.startsWith('arn:')) arns.push(entry);
    else {
      const found = await reader.attemptLater(
        async () => parseEnvFile(await readTextFile(entry, workspace, input), entry, input),
        undefined,
      );
      for (const [name, value] of found?.variables ?? []) variables.set(name, value);
      for (const { name, line } of found?.unfilled ?? []) {
        const fix = 'put the value in single quotes if that is meant';
        warnings.push({
          message: `${printable(name)} holds a $NAME or \${...}, which stays as it is, though Docker Compose would fill it in; ${fix}`,
          place: { file: entry, line },
        });
      }
    }
  }
  return { arns, variables, warnings };
}

function readReplace(
  reader: InputReader,
  given: Readonly<Record<Replaceable, unknown>>,
): ReadonlySet<Replaceable> {
  const found = new Set<Replaceable>();
  for (const name of reader.list('replace')) {
    const known = REPLACEABLE.find((one) => one === name);
    if (known === undefined) {
      reader.problem('replace', `"${name}" is not one of ${REPLACEABLE.join(', ')}`);
    } else if (given[known] === undefined) {
      const fix = `give ${known}, or take entries away by unset or merge-patch`;
      reader.problem(
        'replace',
        `${known} is empty, and replacing by nothing would remove all of them; ${fix}`,
      );
    } else found.add(known);
  }
  return found;
}
