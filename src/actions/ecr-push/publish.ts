import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Build, type Builder, keepsImage } from '../../docker/build.ts';
import type { Docker } from '../../docker/docker.ts';
import type { StoredManifest } from '../../images/manifest.ts';
import { portable } from '../../images/reference.ts';
import { copyImage } from '../../registry/copy.ts';
import { RegistryError } from '../../registry/registry-error.ts';
import type { ActionContext } from '../action.ts';
import { registryRefusal } from '../registry-refusal.ts';
import type { Prepared } from './prepare.ts';

/** An image as it is in the registry now. */
export interface Published {
  readonly name: string;
  readonly prepared: Prepared;
  readonly digest: string;
  readonly tags: readonly string[];
  /** `repository-uri@sha256:...` */
  readonly image: string;
  /** The same without the registry: `ecr:repository@sha256:...`. */
  readonly reference: string;
  /** `unchanged`: it was built, and is what the registry had under that tag. */
  readonly how: 'pushed' | 'unchanged' | 'reused';
}

export interface PublisherOptions {
  readonly context: ActionContext;
  readonly engine: Docker | undefined;
  readonly builder: Builder | undefined;
}

const STATE =
  'No tag names half an image; some of its tags may name the new one already. What is there is used by the next push.';

/** Brings prepared images into their repositories. */
export class Publisher {
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** @throws DeployError when the image could not be built or pushed */
  async publish(prepared: Prepared): Promise<Published> {
    const { name } = prepared.inputs;
    const { reporter } = this.#options.context;
    const say = (line: string) => reporter.info(`${name} | ${line}`);
    try {
      const { digest, how } = await this.#bring(prepared, say);
      await this.#tag(prepared, digest, say);
      const { repository, tags } = prepared;
      say(`${repository.name}@${digest} (${how}), tags ${tags.join(', ')}`);
      return {
        name,
        prepared,
        digest,
        tags,
        how,
        image: `${repository.uri}@${digest}`,
        reference: portable(repository.name, digest),
      };
    } catch (error) {
      throw registryRefusal(error, { name, repositories: [prepared.repository], state: STATE });
    }
  }

  /** Has the image in the registry under its first tag, or by its digest alone. */
  async #bring(
    prepared: Prepared,
    say: (line: string) => void,
  ): Promise<{ readonly digest: string; readonly how: Published['how'] }> {
    const { inputs, content, remote, reuse } = prepared;
    if (reuse !== undefined) return { digest: reuse, how: 'reused' };
    if (content.kind === 'layout') {
      const { layout } = content;
      const known = (await remote.digestOf(prepared.tags[0])) === layout.image.digest;
      const { blobs, bytes } = await copyImage(layout, layout.image, remote);
      if (blobs > 0) say(`sent ${blobs} blobs, ${(bytes / 1e6).toFixed(1)} MB`);
      return { digest: layout.image.digest, how: known ? 'unchanged' : 'pushed' };
    }
    const { engine, builder } = this.#options;
    if (!engine) throw new Error('an image of Docker without Docker');
    const reference = `${prepared.repository.uri}:${prepared.tags[0]}`;
    if (content.kind === 'local') {
      await engine.tag(content.id, reference);
      return this.#push(prepared, reference, content.id, say);
    }
    const { source } = inputs;
    if (source.kind !== 'build' || !builder) throw new Error('nothing says how to build the image');
    const directory = await mkdtemp(
      join(this.#options.context.env['RUNNER_TEMP'] || tmpdir(), 'deploy-actions-build-'),
    );
    try {
      const metadata = join(directory, 'metadata.json');
      const build = this.#complete(source.build, prepared);
      const before = keepsImage(builder) ? undefined : await remote.digestOf(prepared.tags[0]);
      const { digest, imageId } = await engine.build(build, builder, reference, metadata, say);
      if (keepsImage(builder)) return await this.#push(prepared, reference, imageId, say);
      const pushed = digest ?? (await remote.digestOf(prepared.tags[0]));
      if (pushed === undefined)
        throw new RegistryError(`the registry does not have ${reference} after its push`, { final: true });
      return { digest: pushed, how: pushed === before ? 'unchanged' : 'pushed' };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** Pushes an image of the engine, unless the registry has that very image under the tag. */
  async #push(
    { remote, tags }: Prepared,
    reference: string,
    imageId: string | undefined,
    say: (line: string) => void,
  ): Promise<{ readonly digest: string; readonly how: Published['how'] }> {
    const there = await remote.manifest(tags[0]);
    if (there && isCalled(there, imageId)) return { digest: there.digest, how: 'unchanged' };
    const said = await this.#options.engine?.push(reference, say);
    const pushed = await remote.manifest(said ?? tags[0]);
    if (!pushed || !isCalled(pushed, imageId)) {
      throw new RegistryError(
        `${pushed ? 'another image' : 'nothing'} is in the registry as ${reference} after its push: something else has pushed there, or given the tag away in the engine`,
        { final: true },
      );
    }
    return { digest: pushed.digest, how: 'pushed' };
  }

  /** Gives the image its other tags, by its manifest alone. */
  async #tag({ remote, tags }: Prepared, digest: string, say: (line: string) => void): Promise<void> {
    const manifest = await remote.manifest(digest);
    if (!manifest)
      throw new RegistryError(`the registry does not have ${remote.name}@${digest}`, { final: true });
    for (const tag of tags) {
      if ((await remote.digestOf(tag)) === digest) continue;
      await remote.putManifest(tag, manifest);
      say(`tag ${tag}`);
    }
  }

  /** With labels, and the repository's address in caches. */
  #complete(build: Build, { labels, repository }: Prepared): Build {
    const address = (text: string) => text.replaceAll('{repository}', repository.uri);
    return {
      ...build,
      labels,
      cacheFrom: build.cacheFrom.map(address),
      cacheTo: build.cacheTo.map((text) => cacheForEcr(address(text))),
    };
  }
}

/** The engine calls an image by its configuration, or by its manifest where containerd keeps the images. */
const isCalled = ({ digest, content }: StoredManifest, imageId: string | undefined): boolean =>
  imageId !== undefined && [digest, content.config?.digest].includes(imageId);

/** ECR takes a cache only as an image: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ */
function cacheForEcr(text: string): string {
  if (!/(^|,)type=registry(,|$)/.test(text)) return text;
  const lacks = (key: string) => !new RegExp(`(^|,)${key}=`).test(text);
  return [
    text,
    ...(lacks('image-manifest') ? ['image-manifest=true'] : []),
    ...(lacks('oci-mediatypes') ? ['oci-mediatypes=true'] : []),
  ].join(',');
}
