import type { Docker } from '../../docker/docker.ts';
import { ConfigError, type Problem } from '../../errors.ts';
import { BUILD_INPUTS, type Origin, originLabels } from '../../images/labels.ts';
import { isImmutable } from '../../images/mutability.ts';
import { type Candidate, decideReuse } from '../../images/reuse.ts';
import type { WantedTag } from '../../images/tags.ts';
import type { Reporter, Repository } from '../../ports.ts';
import { type LocalImage, openLayout } from '../../registry/layout.ts';
import { type RegistryOptions, RemoteRepository } from '../../registry/registry.ts';
import { registryRefusal } from '../registry-refusal.ts';
import { buildInputsDigest } from './build-inputs.ts';
import type { ImageInputs } from './inputs.ts';
import { takenTags } from './taken-tags.ts';

/** An image of which all is known that can be known before it is built. */
export interface Prepared {
  readonly inputs: ImageInputs;
  readonly repository: Repository;
  readonly remote: RemoteRepository;
  readonly tags: readonly [string, ...string[]];
  readonly labels: ReadonlyMap<string, string>;
  readonly layout: LocalImage | undefined;
  /** The digest that is in the repository already, under tags that cannot be moved. */
  readonly reuse: string | undefined;
}

export interface Surroundings {
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly access: RegistryOptions;
  readonly origin: Origin;
  readonly workspace: string;
  readonly engine: Docker | undefined;
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
  { repositories, access, origin, workspace, engine, reporter }: Surroundings,
): Promise<Prepared> {
  const repository = repositories.get(inputs.repository);
  if (!repository) throw new Error(`the repository ${inputs.repository} was not looked for`);
  const remote = new RemoteRepository(repository.name, access);
  const tags = possibleTags(inputs, repository, reporter);
  const { source } = inputs;
  const layout =
    source.kind === 'layout'
      ? await openLayout(source.path, workspace, `${inputs.name}: oci-layout`)
      : undefined;
  const digest = source.kind === 'build' ? buildInputsDigest(source.build) : '';
  let candidate: Candidate;
  if (source.kind === 'build') candidate = { kind: 'build', sha: origin.sha, inputs: digest };
  else if (source.kind === 'layout')
    candidate = { kind: 'image', digests: layout ? [layout.image.digest] : [] };
  else {
    const id = await engine?.imageId(source.image);
    if (id === undefined) {
      throw new ConfigError({
        input: `${inputs.name}: local-image`,
        message: `the Docker engine has no image "${source.image}"; is the step missing that builds or loads it?`,
      });
    }
    candidate = { kind: 'image', digests: [id] };
  }
  const fixed = tags.filter((tag) => isImmutable(repository.mutability, tag));
  const taken = await takenTags(remote, fixed).catch((error: unknown) => {
    const state = 'Nothing was built or pushed.';
    throw registryRefusal(error, { name: inputs.name, repositories: [repository], state });
  });
  const reuse = decideReuse(taken, candidate);
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
  const own = source.kind === 'build' ? source.build.labels : new Map<string, string>();
  return {
    inputs,
    repository,
    remote,
    tags,
    layout,
    labels: new Map([...originLabels(origin, inputs.name), [BUILD_INPUTS, digest], ...own]),
    reuse: reuse.kind === 'reuse' ? reuse.digest : undefined,
  };
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
