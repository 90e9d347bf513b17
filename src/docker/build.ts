/** What a build is made from; the same in `docker build` and `docker buildx build`. */
export interface Build {
  readonly context: string;
  readonly file: string | undefined;
  readonly target: string | undefined;
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Values by id, which the build reads through the environment of the command. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Names of variables, and paths of files, by id. */
  readonly secretEnvs: ReadonlyMap<string, string>;
  readonly secretFiles: ReadonlyMap<string, string>;
  readonly platforms: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
  /** As `--provenance` and `--sbom` take them; without them there are none. */
  readonly provenance: string | undefined;
  readonly sbom: string | undefined;
  readonly pull: boolean;
  readonly noCache: boolean;
}

/** What builds: buildx with its driver, or the engine alone. */
export type Builder =
  | { readonly kind: 'buildx'; readonly driver: string; readonly name: string | undefined }
  | { readonly kind: 'engine' };

/** Whether a build leaves its image in the Docker engine, to be pushed from there; other builders push themselves. */
export const keepsImage = (builder: Builder): boolean =>
  builder.kind === 'engine' || builder.driver === 'docker';

/**
 * The command line of a build that tags the image with `reference` and, where the builder keeps no images, pushes it.
 *
 * @param metadataFile where buildx writes what it has made
 */
export function buildCommand(
  build: Build,
  builder: Builder,
  reference: string,
  metadataFile: string,
): { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const env: Record<string, string> = {};
  const secrets = [...build.secrets].map(([id, value], index) => {
    env[`DEPLOY_ACTIONS_SECRET_${index}`] = value;
    return `id=${id},env=DEPLOY_ACTIONS_SECRET_${index}`;
  });
  const each = (flag: string, values: Iterable<string>) => [...values].flatMap((value) => [flag, value]);
  const pairs = (map: ReadonlyMap<string, string>) => [...map].map(([name, value]) => `${name}=${value}`);
  const given = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value]);
  const common = [
    ...given('--file', build.file),
    ...given('--target', build.target),
    ...each('--build-arg', pairs(build.buildArgs)),
    ...each('--label', pairs(build.labels)),
    ...(build.pull ? ['--pull'] : []),
    ...(build.noCache ? ['--no-cache'] : []),
    '--tag',
    reference,
  ];
  if (builder.kind === 'engine') return { args: ['build', ...common, build.context], env };
  const args = [
    'buildx',
    'build',
    ...given('--builder', builder.name),
    '--progress',
    'plain',
    ...common,
    ...each('--secret', secrets),
    ...each('--secret', pairs(build.secretEnvs).map(secretFrom('env'))),
    ...each('--secret', pairs(build.secretFiles).map(secretFrom('src'))),
    ...(build.platforms.length > 0 ? ['--platform', build.platforms.join(',')] : []),
    ...each('--cache-from', build.cacheFrom),
    ...each('--cache-to', build.cacheTo),
    // BuildKit's own default writes the time into it, so that the same build is another image each time.
    '--provenance',
    build.provenance ?? 'false',
    ...given('--sbom', build.sbom),
    '--metadata-file',
    metadataFile,
    keepsImage(builder) ? '--load' : '--push',
    build.context,
  ];
  return { args, env };
}

const secretFrom = (kind: 'env' | 'src') => (pair: string) => {
  const split = pair.indexOf('=');
  return `id=${pair.slice(0, split)},${kind}=${pair.slice(split + 1)}`;
};

/**
 * What only buildx can do of what a build asks for, each with its input; what buildx itself cannot do with the driver
 * it has, it says at once.
 */
export function beyondEngine(build: Build): readonly { readonly input: string; readonly message: string }[] {
  const asked: readonly (readonly [input: string, asked: boolean])[] = [
    ['platforms', build.platforms.length > 0],
    ['secrets', build.secrets.size > 0],
    ['secret-envs', build.secretEnvs.size > 0],
    ['secret-files', build.secretFiles.size > 0],
    ['cache-from', build.cacheFrom.length > 0],
    ['cache-to', build.cacheTo.length > 0],
    ['provenance', build.provenance !== undefined && build.provenance !== 'false'],
    ['sbom', build.sbom !== undefined && build.sbom !== 'false'],
  ];
  const message =
    'needs buildx, which the docker of this runner does not have; run docker/setup-buildx-action before this step';
  return asked.flatMap(([input, wanted]) => (wanted ? [{ input, message }] : []));
}
