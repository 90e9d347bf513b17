import { ConfigError, type Problem } from '../../errors.ts';
import { BUILD_INPUTS, originLabels } from '../../images/labels.ts';
import { isImmutable } from '../../images/mutability.ts';
import { type Candidate, decideReuse } from '../../images/reuse.ts';
import type { WantedTag } from '../../images/tags.ts';
import type { Reporter, Repository } from '../../ports.ts';
import { type RegistryOptions, RemoteRepository } from '../../registry/registry.ts';
import { registryRefusal } from '../registry-refusal.ts';
import type { Content } from './contents.ts';
import type { ImageInputs } from './inputs.ts';
import { originOf } from './origin.ts';
import { takenTags } from './taken-tags.ts';

/** An image of which all is known that can be known before it is built. */
export interface Prepared {
  readonly inputs: ImageInputs;
  readonly repository: Repository;
  readonly remote: RemoteRepository;
  readonly tags: readonly [string, ...string[]];
  readonly labels: ReadonlyMap<string, string>;
  readonly content: Content;
  /** The digest that is in the repository already, under tags that cannot be moved. */
  readonly reuse: string | undefined;
}

export interface Surroundings {
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly contents: ReadonlyMap<ImageInputs, Content>;
  readonly access: RegistryOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly workspace: string;
  readonly reporter: Reporter;
}

/**
 * Finds out before anything is built what is there already and what would be refused.
 *
 * @throws ConfigError with every reason for which one of the images cannot be pushed
 */
export async function prepare(
  images: readonly ImageInputs[],
  surroundings: Surroundings,
): Promise<readonly Prepared[]> {
  const ends = await Promise.allSettled(images.map((image) => prepareOne(image, surroundings)));
  const problems: Problem[] = [];
  for (const end of ends) {
    if (end.status === 'fulfilled') continue;
    if (!(end.reason instanceof ConfigError)) throw end.reason;
    problems.push(...end.reason.problems);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}

async function prepareOne(
  inputs: ImageInputs,
  { repositories, contents, access, env, workspace, reporter }: Surroundings,
): Promise<Prepared> {
  const repository = repositories.get(inputs.repository);
  const content = contents.get(inputs);
  if (!repository || !content) throw new Error(`${inputs.name} was not looked for`);
  const remote = new RemoteRepository(repository.name, access);
  const tags = possibleTags(inputs, repository, reporter);
  requireMovableCaches(inputs, repository);
  const fixed = tags.filter((tag) => isImmutable(repository.mutability, tag));
  const taken = await takenTags(remote, fixed).catch((error: unknown) => {
    const state = 'Nothing was built or pushed.';
    throw registryRefusal(error, { name: inputs.name, repositories: [repository], state });
  });
  const reuse = decideReuse(taken, candidateOf(content, inputs));
  if (reuse.kind === 'conflict') {
    throw new ConfigError(
      reuse.reasons.map((reason) => ({
        input: `${inputs.name}: tags`,
        message: `tags of ${repository.name} are immutable, and ${reason}; push under another tag`,
      })),
    );
  }
  if (reuse.kind === 'reuse') {
    reporter.info(`${inputs.name}: ${repository.name}@${reuse.digest} is there already and is used again`);
    if (reuse.note !== undefined) reporter.warning(`${inputs.name}: ${reuse.note}.`);
  }
  const { source, commit, name } = inputs;
  const own = source.kind === 'build' ? source.build.labels : new Map<string, string>();
  const origin = originLabels(await originOf(commit, env, workspace), name);
  return {
    inputs,
    repository,
    remote,
    tags,
    content,
    labels: new Map([...origin, [BUILD_INPUTS, content.kind === 'build' ? content.inputs : ''], ...own]),
    reuse: reuse.kind === 'reuse' ? reuse.digest : undefined,
  };
}

function candidateOf(content: Content, { commit }: ImageInputs): Candidate {
  if (content.kind === 'build') return { kind: 'build', sha: commit.sha, inputs: content.inputs };
  return { kind: 'image', digests: [content.kind === 'local' ? content.id : content.layout.image.digest] };
}

/** A cache is written again and again under one tag; the refusal would come after the build. */
function requireMovableCaches(
  { name, source }: ImageInputs,
  { mutability, ...repository }: Repository,
): void {
  if (source.kind !== 'build') return;
  const problems = source.build.cacheTo.flatMap((text) => {
    const [, place, tag] = /(?:^|,)type=registry(?:,|$)/.test(text)
      ? (/(?:^|,)ref=([^,]+):([^,:/]+)(?:,|$)/.exec(text) ?? [])
      : [];
    const here = place === '{repository}' || place === repository.uri;
    if (!here || tag === undefined || !isImmutable(mutability, tag)) return [];
    const fix = 'except that tag in the settings of the repository, or write the cache to another one';
    return [
      {
        input: `${name}: cache-to`,
        message: `${tag} could be written only once, because the tags of ${repository.name} are immutable; ${fix}`,
      },
    ];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/** The tags that the repository lets an image have. */
function possibleTags(
  { name, tags }: ImageInputs,
  repository: Repository,
  reporter: Reporter,
): readonly [string, ...string[]] {
  const stuck = (each: WantedTag) => each.moves && isImmutable(repository.mutability, each.tag);
  const asked = tags.filter((each) => stuck(each) && each.asked);
  if (asked.length > 0) {
    throw new ConfigError(
      asked.map(({ tag }) => ({
        input: `${name}: tags`,
        message: `${tag} cannot move on to the next image, because the tags of ${repository.name} are immutable; leave it out, or except it in the repository's settings`,
      })),
    );
  }
  for (const each of tags.filter((one) => stuck(one))) {
    reporter.info(
      `${name}: without the tag ${each.tag}, because the tags of ${repository.name} are immutable`,
    );
  }
  const moving = tags.find((each) => each.asked && each.moves);
  if (moving) {
    reporter.warning(
      `${name}: ${moving.tag} names another image after each push. Deploy by digest, or by a tag that stays: a task that starts later would otherwise run something else than the one beside it.`,
    );
  }
  const [first, ...others] = tags.filter((each) => !stuck(each)).map(({ tag }) => tag);
  if (first !== undefined) return [first, ...others];
  throw new ConfigError({
    input: `${name}: tags`,
    message: `none is left that the repository ${repository.name} takes, because its tags are immutable; add sha`,
  });
}
