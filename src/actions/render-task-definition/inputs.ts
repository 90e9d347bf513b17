import type { ContainerSettings } from '../../taskdef/render.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { type AssignmentRules, parseAssignments } from './assignments.ts';
import { imageProblem, secretProblem } from './references.ts';

/** Where the task definition comes from. */
export type Source =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'registered'; readonly reference: string; readonly input: string }
  | { readonly kind: 'service'; readonly cluster: string; readonly service: string };

export interface Inputs {
  readonly source: Source;
  readonly settings: readonly ContainerSettings[];
  /** Where to write the result; without it, a new file in the runner's temporary directory. */
  readonly outputFile: string | undefined;
}

/**
 * The default of `image` and `images` in action.yml. GitHub hands over an input that is left out as its default and one
 * that is empty as empty: only so can an image that got lost between jobs be told from one that was not given.
 */
const UNCHANGED = 'unchanged';

const VARIABLES: AssignmentRules = { form: 'NAME=value', problemOf: () => undefined };
const SECRETS: AssignmentRules = { form: 'NAME=arn', problemOf: secretProblem };
const IMAGES: AssignmentRules = { form: 'container=image', problemOf: imageProblem };

/** @throws ConfigError with every problem of every input */
export async function readInputs(input: InputSource): Promise<Inputs> {
  const reader = new InputReader(input);
  const source = readSource(reader);
  const image = readImage(reader);
  const images = await readAssignments(reader, 'images', IMAGES);
  const environment = await readAssignments(reader, 'environment-variables', VARIABLES);
  const secrets = await readAssignments(reader, 'secrets', SECRETS);
  const container = reader.optional('container-name');
  const single = image !== undefined || environment !== undefined || secrets !== undefined;
  if (container !== undefined && !single && reader.optional('image') === UNCHANGED) {
    const fix = 'give image, environment-variables or secrets, or leave container-name out';
    reader.problem('container-name', `names "${container}", but nothing is to change in it; ${fix}`);
  }
  reader.finish();
  return {
    source,
    settings: [
      ...(single
        ? [
            {
              container,
              input: 'container-name',
              ...(image !== undefined && { image }),
              ...(environment && { environment }),
              ...(secrets && { secrets }),
            },
          ]
        : []),
      ...[...(images ?? [])].map(([name, to]) => ({ container: name, input: 'images', image: to })),
    ],
    outputFile: reader.optional('output-file'),
  };
}

function readSource(reader: InputReader): Source {
  const path = reader.optional('task-definition');
  const family = reader.optional('task-definition-family');
  const arn = reader.optional('task-definition-arn');
  const cluster = reader.optional('cluster');
  const service = reader.optional('service');

  if (path?.startsWith('arn:')) {
    reader.problem('task-definition', `"${path}" is not a file; give it as task-definition-arn`);
  }
  if (family?.startsWith('arn:')) {
    reader.problem('task-definition-family', `"${family}" is not a family; give it as task-definition-arn`);
  }
  if (arn !== undefined && !/^arn:[^:\s]+:ecs:[^:\s]*:[^:\s]*:task-definition\/[\w-]+(:\d+)?$/.test(arn)) {
    const example = 'arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION';
    reader.problem('task-definition-arn', `"${arn}" is not the ARN of a task definition, such as ${example}`);
  }
  if (family !== undefined && !family.startsWith('arn:') && !/^[\w-]{1,255}(:\d+)?$/.test(family)) {
    const rule = 'a family is up to 255 letters, digits, hyphens and underscores, with or without :REVISION';
    reader.problem('task-definition-family', `"${family}" is not a family; ${rule}`);
  }
  if (service !== undefined && cluster === undefined) {
    reader.problem('cluster', `is required with service "${service}"; name the cluster that it runs in`);
  }
  if (cluster !== undefined && service === undefined) {
    reader.problem(
      'service',
      `is required with cluster "${cluster}"; name the service that runs the definition`,
    );
  }

  const sources: Source[] = [];
  if (path !== undefined) sources.push({ kind: 'file', path });
  if (family !== undefined) {
    sources.push({ kind: 'registered', reference: family, input: 'task-definition-family' });
  }
  if (arn !== undefined) sources.push({ kind: 'registered', reference: arn, input: 'task-definition-arn' });
  if (cluster !== undefined || service !== undefined) {
    sources.push({ kind: 'service', cluster: cluster ?? '', service: service ?? '' });
  }
  const [first, ...others] = sources;
  if (!first) {
    const choices =
      'task-definition (a file), task-definition-family, task-definition-arn, or cluster and service';
    reader.problem('task-definition', `nothing says which task definition to render; give one of ${choices}`);
  } else if (others.length > 0) {
    const names = sources.map(nameOf).join(' and ');
    reader.problem('task-definition', `is to come from several places: ${names}; keep one of them`);
  }
  return first ?? { kind: 'file', path: '' };
}

function nameOf(source: Source): string {
  if (source.kind === 'file') return 'task-definition';
  return source.kind === 'service' ? 'cluster with service' : source.input;
}

function readImage(reader: InputReader): string | undefined {
  const image = reader.optional('image');
  if (image === UNCHANGED) return undefined;
  const problem = imageProblem(image ?? '');
  if (problem) reader.problem('image', problem);
  return image;
}

async function readAssignments(
  reader: InputReader,
  name: string,
  rules: AssignmentRules,
): Promise<ReadonlyMap<string, string> | undefined> {
  const text = reader.verbatim(name);
  if (text?.trim() === UNCHANGED) return undefined;
  if (text === undefined) {
    // Of the inputs read here only `images` has a default that is not empty.
    if (rules === IMAGES) reader.problem(name, imageProblem('') ?? '');
    return undefined;
  }
  try {
    return await parseAssignments(text, name, rules);
  } catch (error) {
    return reader.attempt(() => {
      throw error;
    }, undefined);
  }
}
