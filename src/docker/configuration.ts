import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';

/** Docker's settings of one run: nobody else's login can race with ours, and nothing of it outlives the run. */
export interface DockerConfiguration {
  readonly directory: string;
  /** What the docker command has to be started with. */
  readonly env: Readonly<Record<string, string>>;
}

interface ConfigFile {
  readonly auths?: Readonly<Record<string, unknown>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
  readonly [key: string]: unknown;
}

/**
 * Makes a directory of settings for this run: those of the user, so that plugins, builders, contexts, proxies and logins
 * to other registries (of base images) are there, but for `registry`, whose login is to be written into a file of
 * its own and not into a store that others share.
 *
 * @param registry host and port
 * @param made hears of the directory as long as it is empty, so that it is removed whatever happens next
 */
export async function ownConfiguration(
  env: NodeJS.ProcessEnv,
  registry: string,
  made: (directory: string) => void = () => undefined,
): Promise<DockerConfiguration> {
  const usual = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  const settings = await readSettings(join(usual, 'config.json'));
  const directory = await mkdtemp(join(env['RUNNER_TEMP'] || tmpdir(), 'deploy-actions-docker-'));
  made(directory);
  await writeFile(join(directory, 'config.json'), JSON.stringify(withoutLogin(settings, registry)), {
    mode: 0o600,
  });
  for (const shared of ['cli-plugins', 'contexts']) {
    if (existsSync(join(usual, shared))) await symlink(join(usual, shared), join(directory, shared));
  }
  return {
    directory,
    env: { DOCKER_CONFIG: directory, BUILDX_CONFIG: env['BUILDX_CONFIG'] || join(usual, 'buildx') },
  };
}

/** Safe to repeat. */
export const removeConfiguration = (directory: string): Promise<void> =>
  rm(directory, { recursive: true, force: true });

async function readSettings(path: string): Promise<ConfigFile> {
  if (!existsSync(path)) return {};
  const text = await readFile(path, 'utf8');
  // docker itself takes an empty file.
  if (text.trim() === '') return {};
  const settings = parsed(text);
  if (settings !== undefined) return settings;
  throw new ConfigError({ input: path, message: 'is not a JSON object; mend or remove this file' });
}

/** Without the parser's message: it may quote the file, and the file holds passwords. */
function parsed(text: string): ConfigFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function withoutLogin({ credsStore, ...settings }: ConfigFile, registry: string): ConfigFile {
  const others = <Value>(entries: Readonly<Record<string, Value>> = {}): [string, Value][] =>
    Object.entries(entries).filter(([host]) => host.replace(/^https?:\/\//, '') !== registry);
  const auths = others(settings.auths);
  // Of what is in a store, the file knows the names; a helper for each of them reads it without being written to.
  const stored = credsStore === undefined ? [] : auths.map(([host]): [string, string] => [host, credsStore]);
  return {
    ...settings,
    auths: Object.fromEntries(auths),
    credHelpers: Object.fromEntries([...stored, ...others(settings.credHelpers)]),
  };
}
