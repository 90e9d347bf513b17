import { platformsOf, type StoredManifest } from '../../images/manifest.ts';
import { isImmutable } from '../../images/mutability.ts';
import { parseEcrHost, parseReference } from '../../images/reference.ts';
import type { Repositories, Repository } from '../../ports.ts';
import { isUnseen, type Seen } from '../../preflight/finding.ts';
import type { ImageFacts, OtherImage, Platform } from '../../preflight/images.ts';
import type { ScanFacts } from '../../preflight/scan.ts';
import { RemoteRepository } from '../../registry/registry.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import type { ActionContext } from '../action.ts';
import { keptLogin } from '../registry-login.ts';
import { onceEach, type Ports } from './ports.ts';
import { seen } from './seen.ts';

/** An image, and what may be asked of it further. */
export interface SeenImage {
  readonly facts: ImageFacts;
  /** Undefined where the image is not there, or could not be looked at. */
  readonly platforms: (() => Promise<Seen<readonly Platform[] | undefined>>) | undefined;
  readonly scan: (() => Promise<Seen<ScanFacts>>) | undefined;
}

/** The images of containers that are in no registry of ECR. */
export const otherImages = ({ containerDefinitions }: TaskDefinition): readonly OtherImage[] =>
  containerDefinitions.flatMap(({ name, image = '' }) =>
    parseEcrHost(parseReference(image)?.registry ?? '') ? [] : [{ container: name, image }],
  );

/** Looks at all images of a definition that are in ECR, side by side. */
export async function imagesOf(
  definition: TaskDefinition,
  context: ActionContext,
  ports: Ports,
): Promise<readonly SeenImage[]> {
  const registry = onceEach(async (place) => {
    const [region = '', account = ''] = place.split(' ');
    const ecr = await ports.repositories(region, account);
    return { ecr, login: keptLogin(ecr, context.clock, context.reporter.mask) };
  });
  const found = definition.containerDefinitions.map(async ({ name: container, image = '' }) => {
    const reference = parseReference(image);
    const host = parseEcrHost(reference?.registry ?? '');
    if (!reference || !host) return [];
    const { ecr, login } = await registry(`${host.region} ${host.account}`);
    const { clock, cancelled: signal } = context;
    const remote = new RemoteRepository(reference.repository, { clock, signal, login });
    const { tag, digest } = reference;
    const [repository, manifest] = await Promise.all([
      seen(ecr.find(reference.repository)),
      seen(remote.manifest(digest ?? tag ?? 'latest')),
    ]);
    const there = typeof manifest === 'object' && !isUnseen(manifest) && repository !== undefined;
    const facts: ImageFacts = {
      container,
      image,
      repository: reference.repository,
      tag,
      pinned: digest !== undefined,
      found: foundOf(repository, manifest, tag ?? 'latest', digest !== undefined),
    };
    return [
      {
        facts,
        platforms: there ? () => seen(platforms(remote, manifest)) : undefined,
        scan: there ? () => scanOf(ecr, repository, manifest) : undefined,
      },
    ];
  });
  return (await Promise.all(found)).flat();
}

function foundOf(
  repository: Seen<Repository | undefined>,
  manifest: Seen<StoredManifest | undefined>,
  tag: string,
  pinned: boolean,
): ImageFacts['found'] {
  if (repository === undefined) return undefined;
  if (isUnseen(manifest)) return manifest;
  if (!manifest) return undefined;
  if (pinned) return { digest: manifest.digest, fixed: true };
  if (isUnseen(repository)) return repository;
  return { digest: manifest.digest, fixed: isImmutable(repository.mutability, tag) };
}

async function platforms(
  remote: RemoteRepository,
  { content }: StoredManifest,
): Promise<readonly Platform[] | undefined> {
  const listed = platformsOf(content).flatMap(({ platform }) => platform ?? []);
  if (listed.length > 0) return listed;
  if (!content.config) return undefined;
  const text = Buffer.from(await remote.read(content.config)).toString();
  try {
    const { os, architecture } = JSON.parse(text) as Partial<Platform>;
    return os === undefined || architecture === undefined ? undefined : [{ os, architecture }];
  } catch {
    return undefined;
  }
}

/** An index is not scanned itself, but its images. */
async function scanOf(
  ecr: Repositories,
  repository: Seen<Repository>,
  { digest, content }: StoredManifest,
): Promise<Seen<ScanFacts>> {
  if (isUnseen(repository)) return repository;
  const listed = platformsOf(content).map((each) => each.digest);
  const digests = listed.length > 0 ? listed : [digest];
  const states = await seen(Promise.all(digests.map((each) => ecr.scan(repository, each))));
  if (isUnseen(states)) return states;
  const open = states.find(({ kind }) => kind !== 'done');
  if (open) {
    const why =
      open.kind === 'running' ? `its scan is not over (${open.status})` : 'why' in open ? open.why : '';
    return { kind: 'not-done', why };
  }
  const found = states.flatMap((state) => (state.kind === 'done' ? state.found : []));
  const unique = new Map(found.map((each) => [`${each.id} ${each.packageName} ${each.version}`, each]));
  return { kind: 'done', found: [...unique.values()] };
}
