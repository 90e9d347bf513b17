import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { delimiter, join } from 'node:path';
import { debianPrograms } from '../tools.ts';
import { clear, directory, startDaemon } from './daemon.ts';

const BRIDGE = 'deploy';
let bridges = 0;

export interface DockerEngine {
  /** For `DOCKER_HOST`: `unix:///tmp/.../docker.sock`. */
  readonly host: string;
  /** Every docker client of this machine, the one of the PATH first. */
  readonly clients: readonly [string, ...string[]];
  /** A statically linked busybox, for images FROM scratch. */
  readonly busybox: string;
  /** The daemon's process id. */
  readonly pid: number;
  log(): string;
  /** Ends the daemon and its containers and removes its images, its network and its directory. */
  stop(): Promise<void>;
}

/** Whether the engine's API answers. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((settle) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 1000 }, (answer) => {
      answer.resume();
      settle(answer.statusCode === 200);
    });
    ping.once('timeout', () => ping.destroy());
    ping.once('error', () => settle(false));
    ping.end();
  });
}

function clients(): readonly [string, ...string[]] {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const found = [...new Set(directories.map((path) => join(path, 'docker')))].filter((path) =>
    existsSync(path),
  );
  // /bin and /usr/bin are one directory on a merged Debian.
  const [first, ...rest] = found.filter(
    (path) => path !== '/bin/docker' || !found.includes('/usr/bin/docker'),
  );
  if (!first) throw new Error('docker.io brought no docker client');
  return [first, ...rest];
}

const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/**
 * A network of the daemon's own, without a way out: `docker0` and firewall rules would be left behind on the machine.
 * Without any, BuildKit runs no RUN ("network bridge not found"). Those of processes that are gone are removed first.
 */
function makeBridge(): string {
  for (const name of readdirSync('/sys/class/net')) {
    const owner = new RegExp(`^${BRIDGE}(\\d+)-\\d+$`).exec(name)?.[1];
    if (owner && !existsSync(`/proc/${owner}`)) ip('link', 'delete', name);
  }
  bridges += 1;
  // At most 15 characters.
  const name = `${BRIDGE}${process.pid}-${bridges}`;
  ip('link', 'add', name, 'type', 'bridge');
  ip('address', 'add', `10.213.${(process.pid + bridges) % 256}.1/24`, 'dev', name);
  ip('link', 'set', name, 'up');
  return name;
}

/**
 * A Docker engine of the test's own, Debian's, as root, in a temporary directory; installs it where there is none. Its
 * containers reach nothing but this machine.
 */
export async function dockerEngine(): Promise<DockerEngine> {
  await debianPrograms({
    dockerd: 'docker.io',
    '/usr/share/doc/busybox-static': 'busybox-static',
    ip: 'iproute2',
  });
  const home = directory();
  const bridge = makeBridge();
  const socket = join(home, 'docker.sock');
  const config = join(home, 'daemon.json');
  writeFileSync(config, '{}');
  const daemon = await startDaemon(
    [
      'dockerd',
      ...['--data-root', join(home, 'data')],
      ...['--exec-root', join(home, 'exec')],
      ...['-H', `unix://${socket}`],
      ...['--pidfile', join(home, 'docker.pid')],
      ...['--config-file', config],
      ...[
        '--bridge',
        bridge,
        '--iptables=false',
        '--ip6tables=false',
        '--ip-forward=false',
        '--ip-masq=false',
      ],
      '--shutdown-timeout=1',
    ],
    join(home, 'dockerd.log'),
    () => answers(socket),
  );
  return {
    host: `unix://${socket}`,
    clients: clients(),
    busybox: '/bin/busybox',
    pid: daemon.pid,
    log: daemon.log,
    async stop() {
      await daemon.stop();
      ip('link', 'delete', bridge);
      clear(home);
    },
  };
}
