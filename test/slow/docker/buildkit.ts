import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildkitDaemon, debianPrograms } from '../tools.ts';
import type { Buildx } from './buildx.ts';
import { clear, directory, startDaemon } from './daemon.ts';

export interface BuildKit {
  /** `unix:///tmp/.../buildkit.sock`. */
  readonly address: string;
  readonly pid: number;
  log(): string;
  /** Adds the daemon to a buildx as a builder of driver `remote`, and chooses it, whatever DOCKER_HOST is. */
  builder(buildx: Buildx, name?: string): void;
  /** Ends the daemon and its builds and removes everything that it kept. */
  stop(): Promise<void>;
}

/**
 * BuildKit of the test's own, as root, in a temporary directory: for what Docker's own builder cannot do (several
 * platforms, attestations, exported caches). Needs no Docker engine. A RUN sees the network of this machine.
 */
export async function buildkitd(): Promise<BuildKit> {
  await debianPrograms({ runc: 'runc' });
  const program = await buildkitDaemon();
  const home = directory();
  const socket = join(home, 'buildkit.sock');
  const address = `unix://${socket}`;
  const config = join(home, 'buildkitd.toml');
  writeFileSync(config, '');
  // What it unpacks goes into the usual temporary directory otherwise, and stays there when it is killed.
  const scratch = join(home, 'tmp');
  mkdirSync(scratch);
  const daemon = await startDaemon(
    [
      program,
      ...['--config', config, '--root', join(home, 'data'), '--addr', address],
      ...['--containerd-worker=false', '--oci-worker=true', '--oci-worker-net=host', '--cdi-disabled'],
    ],
    join(home, 'buildkitd.log'),
    async () => existsSync(socket),
    { ...process.env, TMPDIR: scratch },
  );
  return {
    address,
    pid: daemon.pid,
    log: daemon.log,
    builder(buildx, name = 'buildkit') {
      const env = { PATH: process.env['PATH'], HOME: buildx.config, DOCKER_CONFIG: buildx.config };
      const ask = (...args: readonly string[]) => execFileSync(buildx.program, args, { env, stdio: 'pipe' });
      ask('create', '--name', name, '--driver', 'remote', address);
      // A choice holds for one DOCKER_HOST only, unless it is a global one.
      ask('use', '--global', name);
    },
    async stop() {
      await daemon.stop();
      clear(home);
    },
  };
}
