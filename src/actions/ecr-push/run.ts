import { readFile } from 'node:fs/promises';
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
import { checkouts } from '../commit.ts';
import type { InputSource } from '../input-reader.ts';
import { keptLogin, placeOf } from '../registry-login.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { withReport } from '../step-report.ts';
import { workspaceOf } from '../workspace.ts';
import { openContents } from './contents.ts';
import { type ImageInputs, type Inputs, readInputs } from './inputs.ts';
import { type Prepared, prepare } from './prepare.ts';
import { type Published, Publisher } from './publish.ts';
import { reportImages } from './report.ts';
import { requireScanned } from './scanning.ts';
import { CONFIGURATION } from './state.ts';

/** Builds images and pushes them to ECR, and answers their digests. */
export const run = (context: ActionContext): Promise<void> => withReport(context, 'Images', runToItsEnd);

async function runToItsEnd(context: ActionContext): Promise<void> {
  try {
    await pushImages(context);
  } catch (cause) {
    if (!context.cancelled.aborted) throw cause;
    throw new DeployError('The run was cancelled.', {
      state:
        'Images that are told above as pushed are whole. Of the others some tags may name the new image already; none names half of one.',
      next: 'Run this step again: what is pushed already is used again.',
      cause,
    });
  }
}

async function pushImages(context: ActionContext): Promise<void> {
  const { reporter, env, clock, cancelled } = context;
  const workspace = workspaceOf(env);
  const resolve = (input: InputSource) =>
    withStackOutputs(input, ['repository'], () => connectToStacks(clock, cancelled));
  const commitAt = checkouts(env, workspace, (message) => reporter.notice(message));
  const inputs = await readInputs(await resolve(context.input), commitAt, env, resolve);
  await maskSecrets(inputs, reporter.mask, env);

  const { repositories: connect } = await import('../../aws/repositories.ts');
  const { region, registryId } = inputs;
  const ecr = connect(
    { clock, signal: cancelled },
    { ...(region !== undefined && { region }), ...(registryId !== undefined && { registryId }) },
  );
  const login = keptLogin(ecr, clock, reporter.mask);
  let directory: string | undefined;
  const docker = async () => {
    const command = await ownConfiguration(env, new URL((await login()).endpoint).host, (made) => {
      directory = made;
      reporter.saveState(CONFIGURATION, made);
    });
    const engine = new Docker({
      command: dockerCommand({ ...env, ...command.env }, cancelled),
      clock,
      signal: cancelled,
      login,
    });
    await engine.login(reporter.info);
    return engine;
  };
  try {
    const needsDocker = inputs.images.some(({ source: { kind } }) => kind !== 'layout');
    const engine = needsDocker ? await docker() : undefined;
    // Whatever can be wrong here is found before a repository is made.
    const contents = await openContents(inputs.images, workspace, engine);
    const builder = engine && (await findBuilder(engine, inputs));
    const repositories = await findRepositories(inputs, ecr, login, context);
    const access = { clock, signal: cancelled, login };
    const surroundings = { repositories, contents, access, env, workspace, reporter };
    const prepared = await prepare(inputs.images, surroundings);
    const publisher = new Publisher({ context, engine, builder });
    const published = await allOf(prepared, (image) => publisher.publish(image));
    await reportImages(reporter, published);
    if (inputs.scan) await requireScanned(published, inputs.scan, ecr, context);
  } finally {
    if (directory !== undefined) await removeConfiguration(directory);
  }
}

/** Before anything is printed. A file that cannot be read is docker's to complain about. */
async function maskSecrets(
  { images }: Inputs,
  mask: (secret: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  for (const { source } of images) {
    if (source.kind !== 'build') continue;
    const { secrets, secretEnvs, secretFiles } = source.build;
    for (const value of secrets.values()) mask(value);
    for (const variable of secretEnvs.values()) mask(env[variable] ?? '');
    for (const path of secretFiles.values()) mask(await readFile(path, 'utf8').catch(() => ''));
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
async function findBuilder(engine: Docker, { images, builder: name }: Inputs): Promise<Builder | undefined> {
  const builds = images.flatMap(({ source, name: image }) =>
    source.kind === 'build' ? [{ image, build: source.build }] : [],
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
  const done = images.length - failed.length;
  const nexts = new Set(
    failed.flatMap(({ error }) => (error instanceof DeployError ? (error.next ?? []) : [])),
  );
  const told = ({ name, error }: (typeof failed)[number]) => {
    const text = error instanceof Error ? error.message : String(error);
    return text.startsWith(`${name}: `) ? text : `${name}: ${text}`;
  };
  throw new DeployError(failed.map(told).join('\n'), {
    state: `${done} of ${images.length} images are pushed; they are used again when this step is run again.`,
    next: [...nexts].join('\n'),
    cause: failed.find(({ error }) => !(error instanceof DeployError))?.error,
  });
}

const nameOf = (inputs: ImageInputs | undefined): string => inputs?.name ?? '';
