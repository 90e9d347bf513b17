import type { Builder } from '../../docker/build.ts';
import { beyondEngine } from '../../docker/build.ts';
import { dockerCommand } from '../../docker/command.ts';
import { ownConfiguration, removeConfiguration } from '../../docker/configuration.ts';
import { Docker } from '../../docker/docker.ts';
import { ConfigError, DeployError, type Problem } from '../../errors.ts';
import { isSameRegistry } from '../../images/reference.ts';
import type { RegistryLogin, Repositories, Repository } from '../../ports.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { commitOf } from '../commit.ts';
import type { InputSource } from '../input-reader.ts';
import { keptLogin, placeOf } from '../registry-login.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { type ImageInputs, type Inputs, readInputs } from './inputs.ts';
import { originOf } from './origin.ts';
import { type Prepared, prepare } from './prepare.ts';
import { type Published, Publisher } from './publish.ts';
import { reportImages } from './report.ts';
import { requireScanned } from './scanning.ts';
import { CONFIGURATION } from './state.ts';

/** Builds images and pushes them to ECR, and answers their digests. */
export async function run(context: ActionContext): Promise<void> {
  try {
    await pushImages(context);
  } catch (cause) {
    if (!context.cancelled.aborted) throw cause;
    throw new DeployError('The run was cancelled.', {
      state:
        'Images whose tags are told above are pushed. Of the others the repository has at most parts, which no tag names.',
      next: 'Run this step again: what is pushed already is used again.',
      cause,
    });
  }
}

async function pushImages(context: ActionContext): Promise<void> {
  const { reporter, env, clock, cancelled } = context;
  const workspace = env['GITHUB_WORKSPACE'] || process.cwd();
  const resolve = (input: InputSource) =>
    withStackOutputs(input, ['repository'], () => connectToStacks(clock, cancelled));
  const inputs = await readInputs(await resolve(context.input), commitOf(env), env, resolve);
  maskSecrets(inputs, reporter.mask, env);

  const { repositories: connect } = await import('../../aws/repositories.ts');
  const { region, registryId } = inputs;
  const ecr = connect(
    { clock, signal: cancelled },
    { ...(region !== undefined && { region }), ...(registryId !== undefined && { registryId }) },
  );
  const login = keptLogin(ecr, clock, reporter.mask);
  const [repositories, origin] = await Promise.all([
    findRepositories(inputs, ecr, login, context),
    originOf(env, workspace),
  ]);
  const access = { clock, signal: cancelled, login };

  let directory: string | undefined;
  try {
    const docker = async () => {
      const configuration = await ownConfiguration(env, new URL((await login()).endpoint).host);
      directory = configuration.directory;
      reporter.saveState(CONFIGURATION, directory);
      const command = dockerCommand({ ...env, ...configuration.env }, cancelled);
      const engine = new Docker({ command, clock, signal: cancelled, login });
      await engine.login(reporter.info);
      return engine;
    };
    const needsDocker = inputs.images.some(({ source: { kind } }) => kind !== 'layout');
    const engine = needsDocker ? await docker() : undefined;
    const prepared = await prepare(inputs.images, {
      repositories,
      access,
      origin,
      workspace,
      engine,
      reporter,
    });
    const builder = engine && (await findBuilder(engine, prepared, inputs.builder));
    const publisher = new Publisher({ context, engine, builder, access, workspace });
    const published = await allOf(prepared, (image) => publisher.publish(image));
    await reportImages(reporter, published);
    if (inputs.scan) await requireScanned(published, inputs.scan, ecr, context);
  } finally {
    if (directory !== undefined) await removeConfiguration(directory);
  }
}

function maskSecrets({ images }: Inputs, mask: (secret: string) => void, env: NodeJS.ProcessEnv): void {
  for (const { source } of images) {
    if (source.kind !== 'build') continue;
    for (const value of source.build.secrets.values()) mask(value);
    for (const variable of source.build.secretEnvs.values()) mask(env[variable] ?? '');
  }
}

/** @throws ConfigError naming every repository that is elsewhere, or not there and not to be made */
async function findRepositories(
  { images, create, region, registryId }: Inputs,
  ecr: Repositories,
  login: () => Promise<RegistryLogin>,
  { reporter, env }: ActionContext,
): Promise<ReadonlyMap<string, Repository>> {
  const [written] = images.flatMap(({ registry }) => registry ?? []);
  const host = written && new URL((await login()).endpoint).host;
  if (written && host && !isSameRegistry(written, host)) {
    throw new ConfigError({
      input: 'repository',
      message: `its address is in the registry ${written}, and this step pushes to ${host}; write the name alone, or check region and registry-id`,
    });
  }
  const names = [...new Set(images.map(({ repository }) => repository))];
  const problems: Problem[] = [];
  const found = await Promise.all(
    names.map(async (name): Promise<[string, Repository] | undefined> => {
      const repository = await ecr.find(name);
      if (repository) return [name, repository];
      if (create) {
        const { immutableTags, lifecyclePolicy } = create;
        const made = await ecr.create(name, {
          immutableTags,
          scanOnPush: true,
          ...(lifecyclePolicy !== undefined && { lifecyclePolicy }),
        });
        reporter.info(`Made the repository ${name}`);
        return [name, made];
      }
      problems.push({
        input: 'repository',
        message: `there is no repository "${name}" in ${placeOf({ region, registryId }, env)}; check its name, the region and the account, or let this step make it by create-repository: true`,
      });
      return undefined;
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return new Map(found.filter((each) => each !== undefined));
}

/** @throws ConfigError for what the builder there is cannot do, before anything is built */
async function findBuilder(
  engine: Docker,
  prepared: readonly Prepared[],
  name: string | undefined,
): Promise<Builder | undefined> {
  const builds = prepared.flatMap(({ inputs: { source, name: image }, reuse }) =>
    source.kind === 'build' && reuse === undefined ? [{ image, build: source.build }] : [],
  );
  if (builds.length === 0) return undefined;
  const builder = await engine.builder(name);
  if (builder.kind === 'buildx') return builder;
  const problems = builds.flatMap(({ image, build }) =>
    beyondEngine(build).map(({ input, message }) => ({ input: `${image}: ${input}`, message })),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return builder;
}

/**
 * Every image comes to its end, whatever becomes of the others: half a push is of no use to anyone.
 *
 * @throws what went wrong with one of them, or a DeployError that tells of all
 */
async function allOf(
  images: readonly Prepared[],
  publish: (image: Prepared) => Promise<Published>,
): Promise<readonly Published[]> {
  const ends = await Promise.allSettled(images.map(publish));
  const failed = ends.flatMap((end, index) =>
    end.status === 'rejected' ? [{ name: nameOf(images[index]?.inputs), error: end.reason as unknown }] : [],
  );
  const [first, ...others] = failed;
  if (!first) return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  if (others.length === 0) throw first.error;
  const known = failed.flatMap(({ name, error }) => (error instanceof DeployError ? [{ name, error }] : []));
  if (known.length < failed.length) throw failed.find(({ error }) => !(error instanceof DeployError))?.error;
  const done = images.length - failed.length;
  const nexts = new Set(known.flatMap(({ error: { next } }) => next ?? []));
  const named = (name: string, text: string) => (text.startsWith(`${name}: `) ? text : `${name}: ${text}`);
  throw new DeployError(known.map(({ name, error }) => named(name, error.message)).join('\n'), {
    state: `${done} of ${images.length} images are pushed; they are used again when this step is run again.`,
    next: [...nexts].join('\n'),
  });
}

const nameOf = (inputs: ImageInputs | undefined): string => inputs?.name ?? '';
