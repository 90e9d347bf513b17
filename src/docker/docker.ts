import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { RegistryLogin } from '../ports.ts';
import { type Build, type Builder, buildCommand, keepsImage } from './build.ts';
import type { DockerCommand, Finished } from './command.ts';

/** How often a push is tried that fails for a reason that may pass: docker itself gives up at once when nobody answers. */
const TRIES = 6;
/** No try begins after that time, in ms: of one, the engine makes several itself, which take most of a minute. */
const PATIENCE_MS = 150_000;

/** What a registry says that asking again will not change. */
const FINAL =
  /denied|unauthorized|no basic auth|forbidden|immutable|cannot be overwritten|tag invalid|does not exist|not found|name unknown|no such image/i;
const EXPIRED = /token has expired/i;
/** What it says to a password that it took before: one that has expired, or was called back. */
const REFUSED = /unauthorized|authentication required|no basic auth/i;

export interface DockerOptions {
  readonly command: DockerCommand;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Gives a login that is still good, and another one than that which the registry refused. */
  readonly login: (refused?: RegistryLogin) => Promise<RegistryLogin>;
}

/** What Docker does for a release: builds, keeps and pushes images. */
export class Docker {
  readonly #options: DockerOptions;
  /** What docker has. */
  #login: RegistryLogin | undefined;

  constructor(options: DockerOptions) {
    this.#options = options;
  }

  /** Hands the registry's password to docker, over its standard input. */
  async login(say: (line: string) => void, refused?: RegistryLogin): Promise<void> {
    const login = await this.#options.login(refused);
    this.#login = login;
    const host = new URL(login.endpoint).host;
    const args = ['login', '--username', login.username, '--password-stdin', host];
    const work = () => this.#options.command(args, { input: login.password });
    const { code, stderr } = await this.#withRetries('login', work, say, /^/);
    if (code === 0) return;
    throw new DeployError(`docker could not log in to ${host}: ${lastWords(stderr)}`, {
      state: 'Nothing was built or pushed.',
      next: 'Allow ecr:GetAuthorizationToken, and check that this runner reaches the registry; then run this step again.',
    });
  }

  /** @param name a builder of buildx, as the input `builder` names it */
  async builder(name: string | undefined): Promise<Builder> {
    const { command } = this.#options;
    const { code } = await command(['buildx', 'version']);
    if (code !== 0) {
      if (name === undefined) return { kind: 'engine' };
      throw new ConfigError({
        input: 'builder',
        message: `"${name}" is a builder of buildx, which the docker of this runner does not have; run docker/setup-buildx-action before this step`,
      });
    }
    const inspected = await command(['buildx', 'inspect', ...(name === undefined ? [] : [name])]);
    const [, driver] = /^Driver:[ \t]*(\S+)/m.exec(inspected.stdout) ?? [];
    // Others are inactive until their first build starts them.
    const absent = driver === 'remote' && everyNodeIs('inactive', inspected.stdout);
    if (inspected.code === 0 && driver !== undefined && !absent) return { kind: 'buildx', driver, name };
    const which = name === undefined ? 'its current builder' : `the builder "${name}"`;
    const [, told] = /^Error:\s*(.+)/m.exec(inspected.stdout) ?? [];
    const why = told ?? (absent ? 'its BuildKit does not answer' : lastWords(inspected.stderr));
    throw new ConfigError({ input: 'builder', message: `buildx cannot use ${which}: ${why}` });
  }

  /**
   * Builds an image. With a builder that keeps no images it is pushed as well.
   *
   * @param reference repository and tag
   * @returns the digest under which it was pushed, or the id that the engine has for it
   */
  async build(
    build: Build,
    builder: Builder,
    reference: string,
    metadataFile: string,
    say: (line: string) => void,
  ): Promise<{ readonly digest: string | undefined; readonly imageId: string | undefined }> {
    const { args, env } = buildCommand(build, builder, reference, metadataFile);
    const work = () => this.#options.command(args, { env, onLine: say });
    if (keepsImage(builder)) {
      const built = await work();
      if (built.code !== 0) throw buildFailed(reference, built);
      return { digest: undefined, imageId: await this.imageId(reference) };
    }
    const built = await this.#withRetries('push', work, say, PUSH_PART);
    if (built.code !== 0) {
      throw PUSH_PART.test(lastWords(built.stderr))
        ? pushFailed(reference, built)
        : buildFailed(reference, built);
    }
    const metadata = JSON.parse(await readFile(metadataFile, 'utf8')) as Record<string, unknown>;
    return { digest: textOf(metadata['containerimage.digest']), imageId: undefined };
  }

  /** What the engine calls an image; undefined when it has none of that name. */
  async imageId(reference: string): Promise<string | undefined> {
    const args = ['image', 'inspect', '--format', '{{.Id}}', reference];
    const { code, stdout, stderr } = await this.#options.command(args);
    if (code === 0) return stdout.trim();
    if (/no such image/i.test(stderr)) return undefined;
    throw new DeployError(`docker cannot look at the image ${reference}: ${lastWords(stderr)}`, {
      state: 'Nothing was pushed.',
      next: 'Check that the Docker engine of this runner is up.',
    });
  }

  async tag(image: string, reference: string): Promise<void> {
    const { code, stderr } = await this.#options.command(['tag', image, reference]);
    if (code !== 0) throw new DeployError(`docker cannot tag ${image} as ${reference}: ${lastWords(stderr)}`);
  }

  /** @returns the digest of what the registry now has under that tag; undefined when docker does not say */
  async push(reference: string, say: (line: string) => void): Promise<string | undefined> {
    const { command } = this.#options;
    const pushed = await this.#withRetries(
      'push',
      () => command(['push', reference], { onLine: say }),
      say,
      /^/,
    );
    if (pushed.code !== 0) throw pushFailed(reference, pushed);
    return /digest: (sha256:[0-9a-f]{64})/.exec(pushed.stdout)?.[1];
  }

  /** @param about what has to be in the output of a failure for another try to make sense */
  async #withRetries(
    what: 'login' | 'push',
    work: () => Promise<Finished>,
    say: (line: string) => void,
    about: RegExp,
  ): Promise<Finished> {
    const { clock, signal } = this.#options;
    let renewed = false;
    // Docker lives in this machine's time, whatever the product's clock shows.
    const deadline = systemClock.now() + PATIENCE_MS;
    for (let attempt = 1; ; attempt++) {
      const used = this.#login;
      const finished = await work();
      const said = finished.stderr + finished.stdout;
      const over = attempt === TRIES || systemClock.now() > deadline;
      if (finished.code === 0 || over || !about.test(said)) return finished;
      const last = lastWords(finished.stderr);
      const stale = what === 'push' && !renewed && (EXPIRED.test(said) || REFUSED.test(last));
      if (FINAL.test(last) && !stale) return finished;
      const pause = Math.min(16_000, 1_000 * 2 ** (attempt - 1));
      say(`the ${what} failed; try ${attempt + 1} of ${TRIES} in ${pause / 1000} s`);
      await clock.sleep(pause, signal);
      signal.throwIfAborted();
      if (!stale) continue;
      renewed = true;
      await this.login(say, used);
    }
  }
}

/** Whether `docker buildx inspect` says so of all nodes of a builder. */
function everyNodeIs(status: string, inspected: string): boolean {
  const said = [...inspected.matchAll(/^Status:[ \t]*(\S+)/gm)].map(([, each]) => each);
  return said.length > 0 && said.every((each) => each === status);
}

/** A build that has got to its push: what fails before is the build's own fault. */
const PUSH_PART = /failed to push/i;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The line that tells why; docker repeats the whole story above it, and buildx adds advice below. */
function lastWords(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(See '|Run '|Learn more at |View build details: )/.test(line));
  const error = lines.findLastIndex((line) => /^ERROR: /i.test(line));
  const told = error < 0 ? lines.slice(-1) : lines.slice(error);
  return told.join(' ').replace(/^ERROR: (failed to build: )?/i, '') || 'no reason was given';
}

const buildFailed = (reference: string, { stderr, stdout }: Finished): DeployError =>
  new DeployError(`the build of ${reference} failed: ${lastWords(stderr || stdout)}`, {
    state: 'Nothing was pushed for this image.',
    next: 'The log of the build above says where.',
  });

const pushFailed = (reference: string, { stderr, stdout }: Finished): DeployError =>
  new DeployError(`${reference} could not be pushed: ${lastWords(stderr || stdout)}`, {
    state: 'The repository has its former images; layers that were sent already are used by the next push.',
    next: 'Run this step again once the registry answers, or mend what it says.',
  });
