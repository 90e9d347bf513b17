import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { debianPrograms } from '../tools.ts';
import { clear, type Daemon, directory, freePort, startDaemon } from './daemon.ts';

export interface RegistryOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Whom it lets in; by default everybody, without a password. */
  readonly auth?: { readonly user: string; readonly password: string };
  /** Refuses every change with 405 UNSUPPORTED, as a registry under maintenance does. */
  readonly readOnly?: boolean;
}

export interface DockerRegistry {
  /** `127.0.0.1:PORT`: the first part of an image's name. Docker speaks plain HTTP to it. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Every request that was answered so far, oldest first: `PUT /v2/app/manifests/1 201`. */
  requests(): readonly string[];
  log(): string;
  /** Ends the process; what was pushed stays. */
  goDown(): Promise<void>;
  /** Starts it again on the same port with what was pushed. */
  comeBack(): Promise<void>;
  /** Down and back. */
  restart(): Promise<void>;
  /** Down, and everything removed. */
  stop(): Promise<void>;
}

/** A line of an htpasswd file. The registry takes bcrypt only, and Debian's Perl has crypt(3), which makes it. */
function htpasswd(user: string, password: string): string {
  // 22 characters of bcrypt's alphabet.
  const salt = `$2b$05$${randomBytes(16).toString('hex').slice(0, 21)}u`;
  const script = 'chomp(my $password = <STDIN>); print crypt($password, $ARGV[0])';
  const hash = execFileSync('perl', ['-e', script, salt], { input: password, encoding: 'utf8' });
  return `${user}:${hash}\n`;
}

/** A registry of the test's own, Debian's docker-registry 2.8, in a temporary directory on 127.0.0.1; installs it. */
export async function dockerRegistry(options: RegistryOptions = {}): Promise<DockerRegistry> {
  await debianPrograms({ 'docker-registry': 'docker-registry' });
  const home = directory();
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const passwords = join(home, 'htpasswd');
  if (options.auth) writeFileSync(passwords, htpasswd(options.auth.user, options.auth.password));
  const config = join(home, 'config.yml');
  writeFileSync(
    config,
    stringify({
      version: 0.1,
      log: { level: 'warn', accesslog: { disabled: false } },
      storage: {
        filesystem: { rootdirectory: join(home, 'data') },
        delete: { enabled: true },
        maintenance: { readonly: { enabled: options.readOnly ?? false } },
      },
      // Of its own secret it makes another at each start, and an upload that began before would end in an error.
      http: { addr: `127.0.0.1:${port}`, relativeurls: true, secret: 'uploads outlive a restart' },
      ...(options.auth ? { auth: { htpasswd: { realm: 'registry', path: passwords } } } : {}),
    }),
  );
  const logFile = join(home, 'registry.log');
  const answers = async () => {
    try {
      const answer = await fetch(`${url}/v2/`, { signal: AbortSignal.timeout(1000) });
      return answer.ok || answer.status === 401;
    } catch {
      return false;
    }
  };
  const start = () => startDaemon(['docker-registry', 'serve', config], logFile, answers);
  let daemon: Daemon = await start();
  const goDown = () => daemon.stop();
  const comeBack = async () => {
    daemon = await start();
  };
  return {
    host: `127.0.0.1:${port}`,
    url,
    port,
    requests: () => {
      const lines = daemon.log().matchAll(/"([A-Z]+) (\S+) HTTP\/[\d.]+" (\d{3}) /g);
      return [...lines].map(([, method, path, status]) => `${method} ${path} ${status}`);
    },
    log: () => daemon.log(),
    goDown,
    comeBack,
    async restart() {
      await goDown();
      await comeBack();
    },
    async stop() {
      await goDown();
      clear(home);
    },
  };
}
