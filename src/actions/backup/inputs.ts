import { LABEL_LENGTH } from '../../backups/names.ts';
import { KIND_WORDS, type SourceKind } from '../../backups/source.ts';
import { listLines } from '../../rollout/list-lines.ts';
import { parseAssignments } from '../assignments.ts';
import { InputReader, type InputSource } from '../input-reader.ts';

/** Which input names databases of a kind, and how long their names may be. */
export const SOURCE_INPUTS: Readonly<
  Record<SourceKind, { readonly input: string; readonly length: number }>
> = {
  'db-instance': { input: 'db-instances', length: 63 },
  'db-cluster': { input: 'db-clusters', length: 63 },
  'replication-group': { input: 'replication-groups', length: 40 },
  'cache-cluster': { input: 'cache-clusters', length: 50 },
  'serverless-cache': { input: 'serverless-caches', length: 40 },
};

const KINDS = Object.keys(SOURCE_INPUTS) as readonly SourceKind[];

/** A database that somebody has named. */
export interface Wanted {
  readonly kind: SourceKind;
  readonly id: string;
  /** Where it was named by one. */
  readonly arn?: string;
  /** Where it was written: `db-instances line 2`. */
  readonly place: string;
}

export interface Inputs {
  readonly wanted: readonly Wanted[];
  readonly label: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly wait: boolean;
  readonly timeoutMs: number;
  /** 0 for never. */
  readonly newerThanMs: number;
  /** undefined keeps all. */
  readonly keep: number | undefined;
  readonly kmsKey: string | undefined;
  readonly copy: { readonly region: string; readonly kmsKey: string | undefined } | undefined;
  readonly dryRun: boolean;
}

/** @param resolve puts outputs of stacks in the place of references to them */
export async function readInputs(
  input: InputSource,
  resolve: (lines: InputSource, names: readonly string[]) => Promise<InputSource>,
): Promise<Inputs> {
  const reader = new InputReader(input);
  const lines = KINDS.flatMap((kind) =>
    listLines(input(SOURCE_INPUTS[kind].input)).flatMap(([number, line]) => {
      const names = line.split(',').map((name) => name.trim());
      const place = `${SOURCE_INPUTS[kind].input} line ${number}`;
      return names.flatMap((text, index) =>
        text === ''
          ? []
          : [{ kind, text, place: names.length === 1 ? place : `${place}, name ${index + 1}` }],
      );
    }),
  );
  if (lines.length === 0) {
    const inputs = KINDS.map((kind) => SOURCE_INPUTS[kind].input).join(', ');
    reader.problem(
      'db-instances',
      `nothing is named that could be backed up; give at least one of ${inputs}`,
    );
  }
  const written = new Map(lines.map(({ place, text }) => [place, text]));
  const resolved = await reader.attemptLater(
    () => resolve((place) => written.get(place) ?? '', [...written.keys()]),
    () => '',
  );
  const wanted: Wanted[] = [];
  for (const { kind, text, place } of lines) {
    const value = resolved(place);
    if (value === '') {
      if (!text.startsWith('cloudformation:')) reader.problem(place, 'is empty');
      continue;
    }
    // AWS keeps identifiers in small letters, and filters compare them as they are.
    const id = (value.split(':').at(-1) ?? '').toLowerCase();
    const problem = sourceProblem(kind, value, id);
    if (problem !== undefined) reader.problem(place, problem);
    else if (!wanted.some((other) => other.kind === kind && other.id === id))
      wanted.push({ kind, id, place, ...(value.includes(':') && { arn: value }) });
  }
  const tagText = input('tags');
  const tags = await reader.attemptLater(
    async () =>
      tagText.trim() === ''
        ? new Map<string, string>()
        : parseAssignments(tagText, 'tags', {
            form: 'NAME=value',
            problemOf: tagProblem,
            blanksInName: true,
          }),
    new Map<string, string>(),
  );
  const wait = reader.boolean('wait', true);
  const copyRegion = reader.optional('copy-to-region');
  const copyKey = reader.optional('copy-kms-key');
  const kmsKey = reader.optional('kms-key');
  if (copyRegion !== undefined && !/^[a-z]{2,}(-[a-z]+)+-\d$/.test(copyRegion)) {
    reader.problem('copy-to-region', `"${copyRegion}" is not the name of a region, such as eu-central-1`);
  }
  if (copyKey !== undefined && copyRegion === undefined) {
    reader.problem(
      'copy-kms-key',
      'is the key of the copy in another region; give copy-to-region too, or kms-key for snapshots in this region',
    );
  }
  const caches = wanted.filter(({ kind }) => !kind.startsWith('db-'));
  if (copyRegion !== undefined && caches.length > 0) {
    reader.problem(
      'copy-to-region',
      `ElastiCache copies no snapshots to other regions; back up ${namesOf(caches)} in a step without copy-to-region. To have one elsewhere, export the snapshot to S3 (aws elasticache copy-snapshot --target-bucket, aws elasticache export-serverless-cache-snapshot)`,
    );
  }
  const later = [
    ...(copyRegion === undefined ? [] : ['copy-to-region']),
    ...(kmsKey !== undefined && wanted.some(({ kind }) => kind.startsWith('db-')) ? ['kms-key'] : []),
  ];
  if (!wait && later.length > 0) {
    reader.problem(
      'wait',
      `is false, and ${later.join(' and ')} ${later.length > 1 ? 'need copies' : 'needs a copy'}, which AWS makes of finished snapshots only; leave wait out`,
    );
  }
  const inputs: Inputs = {
    wanted,
    label: reader.optional('label') ?? 'pre-deploy',
    tags: Object.fromEntries(tags),
    wait,
    timeoutMs: reader.duration('timeout', 3_600_000),
    newerThanMs: reader.duration('skip-if-newer-than', 0),
    keep:
      reader.optional('keep') === undefined ? undefined : reader.integer('keep', 1, { min: 1, max: 1_000 }),
    kmsKey,
    copy: copyRegion === undefined ? undefined : { region: copyRegion, kmsKey: copyKey },
    dryRun: reader.boolean('dry-run', false),
  };
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(inputs.label) || inputs.label.length > LABEL_LENGTH) {
    reader.problem(
      'label',
      `"${inputs.label}" does not fit into the name of a snapshot; at most ${LABEL_LENGTH} small letters, digits and single hyphens, a letter first, such as pre-deploy or nightly`,
    );
  }
  if (inputs.timeoutMs < 60_000) {
    reader.problem(
      'timeout',
      'is less than a minute; a snapshot takes some. To go on without waiting for it, set wait: false',
    );
  }
  reader.finish();
  return inputs;
}

const namesOf = (some: readonly Wanted[]): string => some.map(({ id }) => id).join(', ');

/** What is wrong with a database's name. An ARN serves as well: what infrastructure code hands on is often one. */
export function sourceProblem(kind: SourceKind, value: string, id: string): string | undefined {
  const { length } = SOURCE_INPUTS[kind];
  const types: Readonly<Record<SourceKind, string>> = {
    'db-instance': 'rds:REGION:ACCOUNT:db',
    'db-cluster': 'rds:REGION:ACCOUNT:cluster',
    'replication-group': 'elasticache:REGION:ACCOUNT:replicationgroup',
    'cache-cluster': 'elasticache:REGION:ACCOUNT:cluster',
    'serverless-cache': 'elasticache:REGION:ACCOUNT:serverlesscache',
  };
  const form = types[kind];
  const [, service, , , type] = /^arn:[^:]+:([^:]+):([^:]*):(\d*):([^:]+):/.exec(value) ?? [];
  if (
    value.includes(':') &&
    form
      .split(':')
      .filter((_, at) => at === 0 || at === 3)
      .join() !== `${service},${type}`
  ) {
    return `"${value}" is not the ARN of a ${KIND_WORDS[kind]}, such as arn:aws:${form}:NAME`;
  }
  if (/^[a-z](-?[a-z0-9])*$/i.test(id) && id.length <= length) return undefined;
  const host = id.includes('.')
    ? 'looks like an endpoint; give the identifier before its first dot'
    : undefined;
  return `"${id}" ${host ?? `is not the name of a ${KIND_WORDS[kind]}: at most ${length} letters, digits and single hyphens, a letter first; several are given one per line or with commas`}`;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html */
function tagProblem(value: string, name: string): string | undefined {
  if (/^(aws|rds|deploy-actions):/i.test(name))
    return 'the name begins with a word that is taken; choose another';
  const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
  if (name.length > 128 || !allowed.test(name))
    return 'the name is longer than 128 or has characters that AWS does not take';
  if (value.length > 256 || !allowed.test(value))
    return 'the value is longer than 256 or has characters that AWS does not take';
  return undefined;
}
