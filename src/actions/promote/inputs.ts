import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../../errors.ts';
import {
  type ImageReference,
  isRepositoryName,
  lostPiece,
  PORTABLE,
  parseEcrHost,
  parseReference,
} from '../../images/reference.ts';
import { type Commit, readTags, type WantedTag } from '../../images/tags.ts';
import { listLines } from '../../rollout/list-lines.ts';
import { readAccountId } from '../account-id.ts';
import { parseAssignments } from '../assignments.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { imageProblem } from '../references.ts';

/** One side of the copy; what is undefined is as the job's credentials and AWS_REGION have it. */
export interface Side {
  readonly region: string | undefined;
  readonly registryId: string | undefined;
  readonly role: string | undefined;
}

export interface Promotion {
  readonly name: string;
  /** Where the user wrote of it. */
  readonly place: string;
  /** Repository and a digest or tag. */
  readonly from: ImageReference;
  readonly toRepository: string;
  readonly tags: readonly WantedTag[];
}

export interface Inputs {
  readonly promotions: readonly Promotion[];
  readonly source: Side;
  readonly target: Side;
}

/** A job output that holds a masked value, such as an account id, arrives empty in the next job. */
const EMPTY =
  'no image is given. If it comes from another job: GitHub drops an output that holds a masked value, such as the account id in an address; hand on the output "reference" or "references" of ecr-push, which has none.';

/** @throws ConfigError with every problem of every input */
export async function readInputs(input: InputSource, commit: Commit): Promise<Inputs> {
  const reader = new InputReader(input);
  const image = reader.optional('image');
  const list = reader.optional('images');
  const toRepository = reader.optional('to-repository');
  const tagLines = reader.optional('tags') ?? '';
  const named = new Map<string, string>();
  if (image !== undefined && list !== undefined) {
    reader.problem('images', 'is given beside image; give one of them');
  }
  if (image === undefined && list === undefined) {
    reader.problem('image', EMPTY);
  }
  if (image !== undefined) named.set('', image);
  if (list !== undefined) {
    const rules = {
      form: 'name=image',
      problemOf: (text: string) => (text === '' ? EMPTY : imageProblem(text)),
    };
    const given = await reader.attemptLater<ReadonlyMap<string, string> | undefined>(
      () => parseAssignments(list, 'images', rules),
      undefined,
    );
    for (const [name, reference] of given ?? []) named.set(name, reference);
    if (given?.size === 0) reader.problem('images', EMPTY);
  }
  const promotions = [...named].flatMap(([name, text]) => {
    const place = name === '' ? 'image' : `images: ${name}`;
    const read = () => readPromotion(name, place, text, toRepository, tagLines, commit);
    return reader.attempt<readonly Promotion[]>(() => [read()], []);
  });
  const hosts = [...new Set(promotions.flatMap(({ from }) => from.registry ?? []))];
  if (hosts.length > 1) {
    reader.problem(
      'images',
      `are in several registries (${hosts.join(', ')}); promote from each in a step of its own`,
    );
  }
  for (const [place, [first, ...others]] of clashes(promotions)) {
    if (others.length === 0) continue;
    reader.problem(
      'images',
      `${[first, ...others].join(' and ')} would all become ${place}; put {name} into to-repository or tags`,
    );
  }
  const ecr = parseEcrHost(hosts[0] ?? '');
  const side = (which: 'source' | 'target'): Side => ({
    region: reader.optional(`${which}-region`) ?? (which === 'source' ? ecr?.region : undefined),
    registryId:
      reader.parse(`${which}-registry-id`, readAccountId(`${which}-registry-id`), undefined) ??
      (which === 'source' ? ecr?.account : undefined),
    role: reader.parse(`${which}-role`, readRole(which), undefined),
  });
  const [source, target] = [side('source'), side('target')];
  for (const { place, from, toRepository: to, tags } of promotions) {
    const stays = to === from.repository && tags.every(({ tag }) => tag === from.tag);
    if (!stays || !isDeepStrictEqual(source, target)) continue;
    const fix = 'give to-repository, tags, or a target-region, target-registry-id or target-role';
    reader.problem(place, `nothing says where ${from.repository} is to go; ${fix}`);
  }
  reader.finish();
  return { promotions, source, target };
}

/** Who would get each tag of each repository. */
function clashes(promotions: readonly Promotion[]): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  for (const { name, toRepository, tags } of promotions) {
    for (const { tag } of tags) {
      const place = `${toRepository}:${tag}`;
      places.set(place, [...(places.get(place) ?? []), name]);
    }
  }
  return places;
}

function readPromotion(
  name: string,
  place: string,
  text: string,
  toRepository: string | undefined,
  tagLines: string,
  commit: Commit,
): Promotion {
  const wrong = text === '' ? EMPTY : imageProblem(text);
  const from = parseReference(text.startsWith(PORTABLE) ? text.slice(PORTABLE.length) : text);
  if (wrong !== undefined) throw new ConfigError({ input: place, message: wrong });
  if (!from || (from.tag === undefined && from.digest === undefined)) {
    throw new ConfigError({
      input: place,
      message: `"${text}" does not name one image; ${lostPiece(text) ?? 'write its address, or ecr:REPOSITORY, with @sha256:... or :TAG'}`,
    });
  }
  const label = name === '' ? (from.repository.split('/').at(-1) ?? '') : name;
  const filled = (template: string) => template.replaceAll('{name}', label);
  const to = filled(toRepository ?? from.repository);
  const { tags, problems } = readTags(
    listLines(tagLines).map(([line, tag]) => [line, filled(tag)] as const),
    commit,
    '',
  );
  const repositoryProblem = isRepositoryName(to)
    ? []
    : [
        {
          input: 'to-repository',
          message: `"${to}" is not the name of an ECR repository; write it without registry and tag`,
        },
      ];
  const noTag =
    tagLines !== '' && tags.length + problems.length === 0
      ? [
          {
            input: 'tags',
            message: `gives no tag: the run was started by ${commit.ref || 'no git reference'}, not by a tag such as v1.2.3; name a tag, or leave tags out to keep the one it has`,
          },
        ]
      : [];
  const wrongs = [...problems, ...repositoryProblem, ...noTag];
  if (wrongs.length > 0) throw new ConfigError(wrongs);
  // A version keeps its name on its way from stage to stage.
  const kept = from.tag === undefined ? [] : [{ tag: from.tag, moves: false, asked: false }];
  return { name: label, place, from, toRepository: to, tags: tags.length > 0 ? tags : kept };
}

const readRole = (which: string) => (text: string) => {
  if (/^arn:[^:\s]+:iam::\d{12}:role\/\S+$/.test(text)) return text;
  const example = 'arn:aws:iam::111122223333:role/push-images';
  throw new ConfigError({
    input: `${which}-role`,
    message: `"${text}" is not the ARN of a role, such as ${example}`,
  });
};
