import type { Build } from '../../docker/build.ts';
import { ConfigError } from '../../errors.ts';
import { isRepositoryName, lostPiece, parseEcrHost, parseReference } from '../../images/reference.ts';
import { type Exception, readExceptions, SEVERITIES } from '../../images/scan.ts';
import { type Commit, DEFAULT_TAGS, readTags, type WantedTag } from '../../images/tags.ts';
import { listLines } from '../../rollout/list-lines.ts';
import { isList, isObject } from '../../taskdef/definition.ts';
import { readAccountId } from '../account-id.ts';
import { parseAssignments } from '../assignments.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { type Entry, type ImageList, readImageList } from './image-list.ts';

/** Where an image comes from. */
export type Source =
  | { readonly kind: 'build'; readonly build: Build }
  /** In the Docker engine of the runner. */
  | { readonly kind: 'local'; readonly image: string }
  /** In a directory. */
  | { readonly kind: 'layout'; readonly path: string };

export interface ImageInputs {
  readonly name: string;
  readonly repository: string;
  /** The registry that its repository was written with. */
  readonly registry: string | undefined;
  readonly tags: readonly [WantedTag, ...WantedTag[]];
  /** What it is built from; of an image that is built already, the commit of the workspace. */
  readonly commit: Commit;
  readonly source: Source;
}

export interface ScanInputs {
  readonly failOn: (typeof SEVERITIES)[number];
  readonly exceptions: readonly Exception[];
  readonly timeoutMs: number;
  readonly onNoScan: 'fail' | 'proceed';
}

export interface Inputs {
  readonly images: readonly ImageInputs[];
  readonly region: string | undefined;
  readonly registryId: string | undefined;
  /** How to make a repository that is not there. */
  readonly create:
    | { readonly immutableTags: boolean; readonly lifecyclePolicy: string | undefined }
    | undefined;
  readonly scan: ScanInputs | undefined;
  readonly builder: string | undefined;
}

/** What says how an image is built. */
const OF_A_BUILD = [
  'context',
  'file',
  'target',
  'build-args',
  'secrets',
  'secret-envs',
  'secret-files',
  'platforms',
  'cache-from',
  'cache-to',
  'labels',
  'provenance',
  'sbom',
  'pull',
  'no-cache',
] as const;

/** What may differ from image to image. */
const OF_AN_IMAGE = ['repository', 'tags', 'tag-prefix', ...OF_A_BUILD, 'local-image', 'oci-layout'] as const;

/**
 * @param commitAt finds the commit that a directory holds
 * @param resolve puts what stacks say in the place of references to them, in the inputs of one image of the list
 * @throws ConfigError with every problem of every input and every image
 */
export async function readInputs(
  input: InputSource,
  commitAt: (directory: string) => Promise<Commit>,
  env: NodeJS.ProcessEnv,
  resolve: (image: InputSource) => Promise<InputSource> = async (image) => image,
): Promise<Inputs> {
  const reader = new InputReader(input);
  const failOn = reader.oneOf('fail-on', ['none', ...SEVERITIES], 'none');
  const { exceptions, problems } = readExceptions(listLines(input('allow-findings')));
  for (const { input: place, message } of problems) reader.problem(place, message);
  const timeoutMs = reader.duration('scan-timeout', 600_000);
  const onNoScan = reader.oneOf('on-no-scan', ['fail', 'proceed'], 'fail');
  const create = reader.boolean('create-repository', false);
  const immutableTags = reader.boolean('immutable-tags', true);
  const lifecyclePolicy = reader.parse('lifecycle-policy', readPolicy, undefined);

  if (lifecyclePolicy !== undefined && !create) {
    const fix = 'add create-repository: true, or leave it out';
    reader.problem('lifecycle-policy', `is for a repository that this step makes; ${fix}`);
  }
  if (exceptions.length > 0 && reader.optional('fail-on') === undefined) {
    reader.problem('allow-findings', 'does nothing, because no finding fails; add fail-on, such as high');
  }

  const list = reader.verbatim('images');
  const nothing: ImageList = { entries: [], problems: [] };
  const single: ImageList = { entries: [{ label: '', name: undefined, input, own: input }], problems: [] };
  const read =
    list === undefined
      ? single
      : await reader.attemptLater(() => readImageList(list, input, OF_AN_IMAGE), nothing);
  for (const { input: place, message } of read.problems) reader.problem(place, message);
  const images: ImageInputs[] = [];
  for (const entry of read.entries) {
    const image = await reader.attemptLater<ImageInputs | undefined>(
      async () => readImage({ ...entry, input: await resolve(entry.input) }, commitAt, env),
      undefined,
    );
    if (image) images.push(image);
  }
  for (const { name, tag, repository } of clashes(images)) {
    reader.problem(
      'images',
      `"${name}" would take ${repository}:${tag} from another image of this step; give it a tag-prefix`,
    );
  }
  for (const name of repeated(images.map(({ name }) => name))) {
    reader.problem('images', `two images are called "${name}"; give each a name of its own`);
  }
  const hosts = [...new Set(images.flatMap(({ registry }) => registry ?? []))];
  if (hosts.length > 1) {
    reader.problem(
      'repository',
      `the images are in several registries (${hosts.join(', ')}); push to each in a step of its own`,
    );
  }
  const ecr = parseEcrHost(hosts[0] ?? '');
  const registryId = reader.parse('registry-id', readAccountId('registry-id'), undefined) ?? ecr?.account;
  reader.finish();
  return {
    images,
    region: reader.optional('region') ?? ecr?.region,
    registryId,
    create: create ? { immutableTags, lifecyclePolicy } : undefined,
    scan: failOn === 'none' ? undefined : { failOn, exceptions, timeoutMs, onNoScan },
    builder: reader.optional('builder'),
  };
}

async function readImage(
  { label, name, input, own }: Entry,
  commitAt: (directory: string) => Promise<Commit>,
  env: NodeJS.ProcessEnv,
): Promise<ImageInputs> {
  const reader = new InputReader(input, label);
  const given = reader.required('repository', 'shop, or the address that ECR shows for it');
  const reference = parseReference(given);
  if (
    given !== '' &&
    (!reference || reference.tag || reference.digest || !isRepositoryName(reference.repository))
  ) {
    const rule =
      'write the name of an ECR repository (small letters, digits, and . _ - / between them), without a tag';
    reader.problem('repository', `"${given}" is not a repository; ${lostPiece(given) ?? rule}`);
  }
  const repository = reference?.repository ?? given;
  const prefix = reader.optional('tag-prefix') ?? '';
  const lines = listLines(reader.verbatim('tags') ?? DEFAULT_TAGS);
  const source = await readSource(reader, own, env);
  const commit = await commitAt(source.kind === 'build' ? source.build.context : '.');
  const { tags, problems } = readTags(lines, commit, prefix);
  for (const problem of problems) reader.problem(problem.input, problem.message);
  const [first, ...more] = tags;
  if (!first && problems.length === 0) {
    reader.problem(
      'tags',
      `gives no tag: what is built was not checked out by a tag such as v1.2.3 (${commit.ref || 'no git reference'}); add sha`,
    );
  }
  reader.finish();
  return {
    name: name ?? (label === '' || prefix === '' ? lastPart(repository) : prefix.replace(/[-_.]+$/, '')),
    repository,
    registry: reference?.registry,
    tags: [first ?? { tag: '', moves: false, asked: false }, ...more],
    commit,
    source,
  };
}

async function readSource(reader: InputReader, own: InputSource, env: NodeJS.ProcessEnv): Promise<Source> {
  const local = notAnOption(reader, 'local-image');
  const layout = reader.optional('oci-layout');
  const built = OF_A_BUILD.filter((name) => !['', 'false'].includes(own(name).trim()));
  if (local !== undefined && layout !== undefined) {
    reader.problem('oci-layout', 'is given beside local-image; an image comes from one of them');
  }
  if (local !== undefined || layout !== undefined) {
    const given = local === undefined ? 'oci-layout' : 'local-image';
    for (const name of built)
      reader.problem(name, `is for a build, and ${given} is built already; leave one of them out`);
    return local === undefined ? { kind: 'layout', path: layout ?? '' } : { kind: 'local', image: local };
  }
  const map = (name: string, form: string): Promise<ReadonlyMap<string, string>> =>
    reader.attemptLater(async () => {
      const text = reader.verbatim(name) ?? '';
      return text === '' ? new Map() : parseAssignments(text, name, { form, problemOf: () => undefined });
    }, new Map());
  /** By id, which docker takes as one part of several between commas. */
  const secretsIn = async (name: string, form: string): Promise<ReadonlyMap<string, string>> => {
    const cut = lineThatGoesOn(reader.verbatim(name) ?? '');
    if (cut !== undefined) {
      const fix = 'write a YAML mapping, with "|" behind the ID';
      reader.problem(
        `${name} line ${cut}`,
        `begins a value of several lines, which lines cannot hold; ${fix}`,
      );
      return new Map();
    }
    const found = await map(name, form);
    if ([...found.keys()].some((id) => !/^[\w.-]+$/.test(id))) {
      reader.problem(name, `an ID is letters, digits, underscores, dots and hyphens; write ${form}`);
    }
    if (name !== 'secrets' && [...found.values()].some((value) => /[",\n]/.test(value))) {
      reader.problem(name, 'holds a comma, a quote or a line end, which docker does not take there');
    }
    return found;
  };
  const lines = (name: string) =>
    (reader.optional(name) ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const secretEnvs = await secretsIn('secret-envs', 'ID=VARIABLE');
  for (const [id, variable] of secretEnvs) {
    if (env[variable] === undefined) {
      reader.problem(
        'secret-envs',
        `${id}: there is no environment variable ${variable}; set it by env: of this step`,
      );
    }
  }
  const build: Build = {
    context: notAnOption(reader, 'context') ?? '.',
    file: reader.optional('file'),
    target: reader.optional('target'),
    buildArgs: await map('build-args', 'NAME=value'),
    secrets: await secretsIn('secrets', 'ID=value'),
    secretEnvs,
    secretFiles: await secretsIn('secret-files', 'ID=path'),
    platforms: lines('platforms')
      .flatMap((line) => line.split(','))
      .flatMap((each) => each.trim() || []),
    cacheFrom: lines('cache-from'),
    cacheTo: lines('cache-to'),
    labels: await map('labels', 'NAME=value'),
    provenance: reader.optional('provenance'),
    sbom: reader.optional('sbom'),
    pull: reader.boolean('pull', false),
    noCache: reader.boolean('no-cache', false),
  };
  return { kind: 'build', build };
}

/** The line on which a key or a JSON document begins that has been put where one line is all there is. */
function lineThatGoesOn(text: string): number | undefined {
  const line = text.split('\n').findIndex((each) => /^[^=:{]+=\s*(-----BEGIN |[{[]\s*$)/.test(each));
  return line < 0 ? undefined : line + 1;
}

/** Docker would take it for an option. */
function notAnOption(reader: InputReader, name: string): string | undefined {
  const given = reader.optional(name);
  if (given?.startsWith('-')) reader.problem(name, `"${given}" begins with a hyphen; write ./ before a path`);
  return given;
}

/** Tags of one repository that two images want. */
function clashes(
  images: readonly ImageInputs[],
): readonly { name: string; repository: string; tag: string }[] {
  const taken = new Set<string>();
  return images.flatMap(({ name, repository, tags }) =>
    tags.flatMap(({ tag }) => {
      const place = `${repository}:${tag}`;
      if (taken.has(place)) return [{ name, repository, tag }];
      taken.add(place);
      return [];
    }),
  );
}

const repeated = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) < index)),
];

const lastPart = (repository: string): string => repository.slice(repository.lastIndexOf('/') + 1);

const isRule = (rule: unknown): boolean =>
  isObject(rule) && ['rulePriority', 'selection', 'action'].every((key) => key in rule);

function readPolicy(text: string): string {
  try {
    const policy: unknown = JSON.parse(text);
    // ECR would refuse it only when the repository is made already.
    const rules = isObject(policy) ? policy['rules'] : undefined;
    if (isList(rules) && rules.length > 0 && rules.every(isRule)) return text;
  } catch {
    // Told below, together with what is JSON and no policy.
  }
  const example = '{"rules": [{"rulePriority": 1, "selection": {...}, "action": {"type": "expire"}}]}';
  throw new ConfigError({
    input: 'lifecycle-policy',
    message: `is not a lifecycle policy, such as ${example}`,
  });
}
