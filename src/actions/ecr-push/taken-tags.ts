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
  return {
    configDigest: platform ? undefined : config.digest,
    labels: labelsIn(await repository.read(config)),
  };
}

/** What is not an image, such as a chart, keeps something else there. */
function labelsIn(bytes: Uint8Array): Readonly<Record<string, string>> {
  try {
    const configuration = JSON.parse(Buffer.from(bytes).toString()) as {
      config?: { Labels?: Readonly<Record<string, string>> | null } | null;
    } | null;
    return configuration?.config?.Labels ?? {};
  } catch {
    return {};
  }
}
