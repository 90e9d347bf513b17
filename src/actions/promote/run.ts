import { isDeepStrictEqual } from 'node:util';
import { ConfigError, DeployError } from '../../errors.ts';
import { isImmutable } from '../../images/mutability.ts';
import { isSameRegistry, portable } from '../../images/reference.ts';
import type { Repositories, Repository } from '../../ports.ts';
import { copyImage } from '../../registry/copy.ts';
import { type RegistryOptions, RemoteRepository } from '../../registry/registry.ts';
import { RegistryError } from '../../registry/registry-error.ts';
import type { ActionContext } from '../action.ts';
import { commitOf } from '../commit.ts';
import { type NamedImage, outputImages } from '../image-outputs.ts';
import { keptLogin, placeOf } from '../registry-login.ts';
import { registryRefusal } from '../registry-refusal.ts';
import { type Promotion, readInputs, type Side } from './inputs.ts';

/** A registry, and how to get in. */
interface Place {
  /** How errors call it. */
  readonly name: string;
  readonly ecr: Repositories;
  readonly access: RegistryOptions;
}

/** Copies images by their digests into another repository, account, region or under another tag. */
export async function run(context: ActionContext): Promise<void> {
  try {
    await promoteImages(context);
  } catch (cause) {
    if (!context.cancelled.aborted) throw cause;
    throw new DeployError('The run was cancelled.', {
      state:
        'Images that are told above are promoted. Of the others some tags may name the new image already; none names half of one.',
      next: 'Run this step again: what was copied already is used again.',
      cause,
    });
  }
}

async function promoteImages(context: ActionContext): Promise<void> {
  const { reporter, env } = context;
  const inputs = await readInputs(context.input, commitOf(env));
  const source = openSide(inputs.source, context);
  const same = isDeepStrictEqual(inputs.source, inputs.target);
  const sides = await Promise.all([source, same ? source : openSide(inputs.target, context)]);
  const plans = await allPlans(inputs.promotions, ...sides);
  const promoted: NamedImage[] = [];
  for (const plan of plans) promoted.push(await promote(plan, context));
  outputImages(reporter, promoted);
}

async function openSide(
  { region, registryId, role }: Side,
  { clock, cancelled, reporter, env }: ActionContext,
): Promise<Place> {
  const connection = { clock, signal: cancelled };
  const { repositories } = await import('../../aws/repositories.ts');
  const credentials =
    role === undefined
      ? undefined
      : await (await import('../../aws/roles.ts')).assumeRole(connection, role, sessionName(env), region);
  if (credentials) {
    reporter.mask(credentials.secretAccessKey);
    reporter.mask(credentials.sessionToken);
  }
  const ecr = repositories(connection, {
    ...(region !== undefined && { region }),
    ...(registryId !== undefined && { registryId }),
    ...(credentials && { credentials }),
  });
  const name = placeOf({ region, registryId: registryId ?? role?.split(':')[4] }, env);
  return { name, ecr, access: { clock, signal: cancelled, login: keptLogin(ecr, clock, reporter.mask) } };
}

/** Leads from CloudTrail back to the run. */
const sessionName = (env: NodeJS.ProcessEnv): string => `deploy-actions-${env['GITHUB_RUN_ID'] || 'local'}`;

/** A promotion of which is known that nothing stands in its way. */
interface Plan {
  readonly promotion: Promotion;
  readonly from: RemoteRepository;
  readonly digest: string;
  readonly origin: Repository;
  readonly to: RemoteRepository;
  readonly repository: Repository;
  readonly tags: readonly string[];
  readonly sameRegistry: boolean;
}

/** @throws ConfigError with everything that stands in the way of any of them; nothing is copied then */
async function allPlans(
  promotions: readonly Promotion[],
  source: Place,
  target: Place,
): Promise<readonly Plan[]> {
  const ends = await Promise.allSettled(promotions.map((promotion) => planOf(promotion, source, target)));
  const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  const other = refused.find((reason) => !(reason instanceof ConfigError));
  if (other !== undefined) throw other;
  const problems = refused.flatMap((reason) => (reason instanceof ConfigError ? reason.problems : []));
  if (problems.length > 0) throw new ConfigError(problems);
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}

async function planOf(promotion: Promotion, source: Place, target: Place): Promise<Plan> {
  const { from, toRepository, tags } = promotion;
  const host = from.registry && new URL((await source.access.login()).endpoint).host;
  if (from.registry && host && !isSameRegistry(from.registry, host)) {
    throw new ConfigError({
      input: promotion.place,
      message: `${from.repository} is in the registry ${from.registry}, and this step reads from ${host}; check source-region and source-registry-id, or write ecr:${from.repository}`,
    });
  }
  const [origin, repository] = await Promise.all([
    source.ecr.find(from.repository),
    target.ecr.find(toRepository),
  ]);
  const fail = (input: string, message: string): never => {
    throw new ConfigError({ input, message });
  };
  if (!origin)
    return fail(
      promotion.place,
      `there is no repository "${from.repository}" in ${source.name}; check source-region, source-registry-id and source-role`,
    );
  if (!repository) {
    return fail(
      'to-repository',
      `there is no repository "${toRepository}" in ${target.name}; make it first, or check target-region, target-registry-id and target-role`,
    );
  }
  const there = new RemoteRepository(origin.name, source.access);
  const to = new RemoteRepository(repository.name, target.access);
  const reference = from.digest ?? from.tag ?? '';
  const ask = (side: RemoteRepository, which: Repository, image: string) =>
    side.digestOf(image).catch((error: unknown) => {
      const state = 'Nothing was copied.';
      throw registryRefusal(error, { name: promotion.name, repositories: [which], state });
    });
  const digest = await ask(there, origin, reference);
  if (digest === undefined) return fail(promotion.place, `${from.repository} has no image ${reference}`);
  const wanted = tags.filter(
    ({ tag, asked, moves }) => asked || !moves || !isImmutable(repository.mutability, tag),
  );
  for (const { tag } of wanted) {
    const taken = isImmutable(repository.mutability, tag) ? await ask(to, repository, tag) : undefined;
    if (taken === undefined || taken === digest) continue;
    return fail(
      'tags',
      `${repository.name}:${tag} is another image (${taken}), and the tags of that repository are immutable; promote under another tag`,
    );
  }
  return {
    promotion,
    from: there,
    digest,
    origin,
    to,
    repository,
    tags: wanted.map(({ tag }) => tag),
    sameRegistry: registryOf(origin) === registryOf(repository),
  };
}

const registryOf = ({ uri }: Repository): string => uri.slice(0, uri.indexOf('/'));

async function promote(
  { promotion, from, origin, digest, to, repository, tags, sameRegistry }: Plan,
  { reporter }: ActionContext,
): Promise<NamedImage> {
  const { name } = promotion;
  try {
    const manifest = await from.manifest(digest);
    if (!manifest) throw new RegistryError(`${from.name} lost ${digest}`, { final: true });
    const { blobs, bytes } = await copyImage(from, manifest, to, sameRegistry ? from.name : undefined);
    for (const tag of tags) if ((await to.digestOf(tag)) !== digest) await to.putManifest(tag, manifest);
    for (const reference of [digest, ...tags]) {
      const there = await to.digestOf(reference);
      if (there !== digest)
        throw new RegistryError(
          `${to.name} has ${there ?? 'nothing'} as ${reference} after the copy, not ${digest}`,
          { final: true },
        );
    }
    const sent = blobs === 0 ? 'all of it was there' : `${blobs} blobs sent, ${(bytes / 1e6).toFixed(1)} MB`;
    if (tags.length === 0) {
      reporter.warning(
        `${name}: no tag names ${digest} in ${repository.name}: a lifecycle rule for untagged images would delete it while it runs. Give it one by tags.`,
      );
    }
    reporter.info(
      `${name}: ${from.name}@${digest} is ${repository.name}${tags.map((tag) => `:${tag}`).join(', ')} (${sent})`,
    );
  } catch (error) {
    const state = 'Nothing is deployed. Parts that were copied already are used by the next run.';
    throw registryRefusal(error, { name, repositories: [repository, origin], state });
  }
  return { name, digest, image: `${repository.uri}@${digest}`, reference: portable(repository.name, digest) };
}
