import { platformsOf, type StoredManifest } from '../../images/manifest.ts';
import type { TakenTag } from '../../images/reuse.ts';
import type { RemoteRepository } from '../../registry/registry.ts';

/** Of these tags, those that the repository has, with what their images say of themselves. */
export async function takenTags(
  repository: RemoteRepository,
  tags: readonly string[],
): Promise<readonly TakenTag[]> {
  const found = await Promise.all(
    tags.map(async (tag): Promise<TakenTag | undefined> => {
      const manifest = await repository.manifest(tag);
      return manifest && { tag, digest: manifest.digest, ...(await configurationOf(repository, manifest)) };
    }),
  );
  return found.filter((each) => each !== undefined);
}

/** An image of several platforms says the same on each of them. */
async function configurationOf(
  repository: RemoteRepository,
  manifest: StoredManifest,
): Promise<Pick<TakenTag, 'configDigest' | 'labels'>> {
  const [platform] = platformsOf(manifest.content);
  const single = platform ? await repository.manifest(platform.digest) : manifest;
  const config = single?.content.config;
  if (!config) return { configDigest: undefined, labels: {} };
  const stream = await repository.open(config);
  const { config: settings } = (await new Response(stream).json()) as {
    config?: { Labels?: Readonly<Record<string, string>> | null };
  };
  return {
    configDigest: platform ? undefined : config.digest,
    labels: settings?.Labels ?? {},
  };
}
