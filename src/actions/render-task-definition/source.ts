import type { InputReader } from '../input-reader.ts';
import { foreignRegion } from '../job-region.ts';
import { readPlace, type ServicePlace } from '../service-place.ts';

/** Where the task definition comes from. */
export type Source =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'registered'; readonly reference: string; readonly input: string }
  | ({ readonly kind: 'service' } & ServicePlace);

export interface SourceInputs {
  readonly source: Source;
  /** The service that the result is compared with; it is the source as well where nothing else is. */
  readonly service?: ServicePlace;
}

/** @param region of the job */
export function readSource(reader: InputReader, region: string | undefined): SourceInputs {
  const path = reader.optional('task-definition');
  const arn = reader.optional('task-definition-arn');
  const family = readFamily(reader);
  const service = readService(reader, region);

  if (path?.startsWith('arn:')) {
    reader.problem('task-definition', `"${path}" is not a file; give it as task-definition-arn`);
  }
  if (arn !== undefined && !/^arn:[^:\s]+:ecs:[^:\s]*:[^:\s]*:task-definition\/[\w-]+(:\d+)?$/.test(arn)) {
    const example = 'arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION';
    reader.problem('task-definition-arn', `"${arn}" is not the ARN of a task definition, such as ${example}`);
  }
  const foreign = arn === undefined ? undefined : foreignRegion(arn, region);
  if (foreign !== undefined) reader.problem('task-definition-arn', foreign);

  const sources: Source[] = [];
  if (path !== undefined) sources.push({ kind: 'file', path });
  if (family !== undefined) {
    sources.push({ kind: 'registered', reference: family, input: 'task-definition-family' });
  }
  if (arn !== undefined) sources.push({ kind: 'registered', reference: arn, input: 'task-definition-arn' });
  if (sources.length > 1) {
    const names = sources.map((source) => (source.kind === 'registered' ? source.input : 'task-definition'));
    reader.problem(
      'task-definition',
      `is to come from several places: ${names.join(' and ')}; keep one of them`,
    );
  }
  const [source = service && ({ kind: 'service', ...service } as const)] = sources;
  if (!source) {
    const choices =
      'task-definition (a file), task-definition-family, task-definition-arn, or cluster and service';
    reader.problem('task-definition', `nothing says which task definition to render; give one of ${choices}`);
  }
  return { source: source ?? { kind: 'file', path: '' }, ...(service && { service }) };
}

function readFamily(reader: InputReader): string | undefined {
  const family = reader.optional('task-definition-family');
  const revision = reader.optional('task-definition-revision');
  if (revision !== undefined && !/^[1-9]\d*$/.test(revision)) {
    reader.problem('task-definition-revision', `"${revision}" is not the number of a revision, such as 41`);
  }
  if (family === undefined) {
    if (revision !== undefined) {
      const fix = 'give the family as well, or task-definition-arn';
      reader.problem('task-definition-family', `is required with task-definition-revision; ${fix}`);
    }
    return undefined;
  }
  if (family.startsWith('arn:')) {
    reader.problem('task-definition-family', `"${family}" is not a family; give it as task-definition-arn`);
  } else if (!/^[\w-]{1,255}(:\d+)?$/.test(family)) {
    const rule = 'a family is up to 255 letters, digits, hyphens and underscores, with or without :REVISION';
    reader.problem('task-definition-family', `"${family}" is not a family; ${rule}`);
  }
  if (revision === undefined) return family;
  const [name, own] = family.split(':');
  if (own !== undefined && own !== revision) {
    const both = `task-definition-family says revision ${own}`;
    reader.problem('task-definition-revision', `is ${revision}, but ${both}; keep one of them`);
  }
  return `${name}:${revision}`;
}

function readService(reader: InputReader, region: string | undefined): ServicePlace | undefined {
  const { cluster, service } = readPlace(reader, region, { read: (name) => reader.optional(name) ?? '' });
  if (service !== '' && cluster === '') {
    reader.problem('cluster', `is required with service "${service}"; name the cluster that it runs in`);
  }
  if (cluster !== '' && service === '') {
    reader.problem(
      'service',
      `is required with cluster "${cluster}"; name the service that runs the definition`,
    );
  }
  return cluster === '' && service === '' ? undefined : { cluster, service };
}
