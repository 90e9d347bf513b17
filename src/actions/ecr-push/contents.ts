import type { Docker } from '../../docker/docker.ts';
import { ConfigError, type Problem } from '../../errors.ts';
import { type LocalImage, openLayout } from '../../registry/layout.ts';
import { requireBuildFiles } from './build-files.ts';
import { buildInputsDigest } from './build-inputs.ts';
import type { ImageInputs } from './inputs.ts';

/** What is to be pushed, as far as it is known before anything is built. */
export type Content =
  | {
      readonly kind: 'build';
      /** Digest of all that decides, besides the commit, what it makes. */
      readonly inputs: string;
    }
  | { readonly kind: 'layout'; readonly layout: LocalImage }
  | {
      readonly kind: 'local';
      /** What the engine calls the image itself: its name may be given to another one in the meantime. */
      readonly id: string;
    };

/** @throws ConfigError naming every image that is not where the inputs say */
export async function openContents(
  images: readonly ImageInputs[],
  workspace: string,
  engine: Docker | undefined,
): Promise<ReadonlyMap<ImageInputs, Content>> {
  const problems: Problem[] = [];
  const contents = new Map<ImageInputs, Content>();
  for (const image of images) {
    try {
      contents.set(image, await open(image, workspace, engine));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return contents;
}

async function open(
  { name, source }: ImageInputs,
  workspace: string,
  engine: Docker | undefined,
): Promise<Content> {
  if (source.kind === 'build') {
    await requireBuildFiles(name, source.build, workspace);
    return { kind: 'build', inputs: buildInputsDigest(source.build) };
  }
  if (source.kind === 'layout') {
    return { kind: 'layout', layout: await openLayout(source.path, workspace, `${name}: oci-layout`) };
  }
  const id = await engine?.imageId(source.image);
  if (id !== undefined) return { kind: 'local', id };
  throw new ConfigError({
    input: `${name}: local-image`,
    message: `the Docker engine has no image "${source.image}"; is the step missing that builds or loads it?`,
  });
}
