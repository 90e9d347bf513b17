import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { clear, directory, freePort, startDaemon } from './docker/daemon.ts';
import { debianPrograms } from './tools.ts';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const USER = 'migrator';

export interface Database {
  readonly name: string;
  /** `postgresql://migrator@127.0.0.1:PORT/NAME`; there is no password. */
  readonly url: string;
  /** What libpq and most drivers read: PGHOST, PGPORT, PGUSER, PGDATABASE. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs SQL with psql; rows are lines, columns stand apart by `|`. Rejects with what psql said. */
  query(sql: string): Promise<string>;
  /** The tables of the schema public, by name. */
  tables(): Promise<readonly string[]>;
  /**
   * Takes the advisory lock by which a migration of a test is made to wait: `select pg_advisory_xact_lock(KEY)`. Answers
   * how to let it go.
   */
  hold(key: number): Promise<() => Promise<void>>;
  /** How many sessions others have open. */
  sessions(): Promise<number>;
  /** Waits until others have at least so many sessions; at most 60 s, as for the next three. */
  connected(sessions: number): Promise<void>;
  /** Waits until at least so many of others' sessions wait for an advisory lock. */
  waiting(sessions: number): Promise<void>;
  /** Waits until at least so many of others' sessions wait for any lock. */
  blocked(sessions: number): Promise<void>;
  /** Waits until nobody else is connected. */
  quiet(): Promise<void>;
}

export interface Postgres {
  readonly port: number;
  readonly pid: number;
  /** As PostgreSQL tells it: `15.18`. */
  readonly version: string;
  /** Makes a database: an empty one, or a copy of one to which nobody is connected. */
  database(name: string, like?: Database): Promise<Database>;
  log(): string;
  /** Ends the server and whoever is connected, and removes its data. */
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Debian keeps the server's programs away from PATH, by version; the newest that is there. */
function programs(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((name) => /^\d+$/.test(name)) : [];
  const newest = versions
    .sort((a, b) => Number(b) - Number(a))
    .find((version) => existsSync(join(DEBIAN, version, 'bin/initdb')));
  if (newest === undefined) throw new Error(`no PostgreSQL server in ${DEBIAN}`);
  return join(DEBIAN, newest, 'bin');
}

/** A PostgreSQL of the test's own, Debian's, in a temporary directory on a free port of 127.0.0.1; installs it. */
export async function postgres(): Promise<Postgres> {
  // `pg_ctlcluster` comes with every server, whatever its version.
  await debianPrograms({ pg_ctlcluster: 'postgresql', psql: 'postgresql-client' });
  const bin = programs();
  const home = directory();
  const data = join(home, 'data');
  const as = unprivileged();
  if (as) chownSync(home, as.uid, as.gid);
  await run(join(bin, 'initdb'), ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '-N'], {
    ...as,
    cwd: home,
  });
  const port = await freePort();
  const env = (database: string): Readonly<Record<string, string>> => ({
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: USER,
    PGDATABASE: database,
  });
  const psql = ['psql', '-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1'] as const;
  const [client, ...options] = psql;
  const query = async (database: string, sql: string) => {
    const { stdout } = await run(client, [...options, '-c', sql], {
      env: { ...process.env, ...env(database), PGAPPNAME: 'test' },
    });
    return stdout.trimEnd();
  };
  const answers = async () => {
    try {
      return (await query('postgres', 'select 1')) === '1';
    } catch {
      return false;
    }
  };
  const server = [
    join(bin, 'postgres'),
    ...['-D', data, '-k', home, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
  ] as const;
  // A change of user takes the signal at the parent's death away, so it is asked for once more.
  const user = as
    ? [
        'setpriv',
        `--reuid=${as.uid}`,
        `--regid=${as.gid}`,
        '--clear-groups',
        'setpriv',
        '--pdeathsig',
        'TERM',
      ]
    : [];
  const [program = 'setpriv', ...args] = [...user, ...server];
  const daemon = await startDaemon([program, ...args], join(home, 'postgres.log'), answers);
  const others = (state: string) =>
    `select count(*) from pg_stat_activity where datname = current_database()
     and application_name not in ('test', 'gate') and backend_type = 'client backend' ${state}`;

  const database = (name: string): Database => {
    const until = async (sql: string, count: (value: number) => boolean, what: string) => {
      const latest = performance.now() + 60_000;
      while (!count(Number(await query(name, sql)))) {
        if (performance.now() > latest) throw new Error(`${what} did not come within 60 s`);
        // Each question is a process.
        await pause(150);
      }
    };
    return {
      name,
      url: `postgresql://${USER}@127.0.0.1:${port}/${name}`,
      env: env(name),
      query: (sql) => query(name, sql),
      async tables() {
        const text = await query(
          name,
          "select tablename from pg_tables where schemaname = 'public' order by 1",
        );
        return text.split('\n').filter((line) => line !== '');
      },
      hold: (key) => holdLock([...psql], { ...process.env, ...env(name), PGAPPNAME: 'gate' }, key),
      sessions: async () => Number(await query(name, others(''))),
      connected: (sessions) => until(others(''), (value) => value >= sessions, 'another session'),
      waiting: (sessions) =>
        until(others("and wait_event = 'advisory'"), (value) => value >= sessions, 'a migration that waits'),
      blocked: (sessions) =>
        until(
          others("and wait_event_type = 'Lock'"),
          (value) => value >= sessions,
          'a session that is blocked',
        ),
      quiet: () => until(others(''), (value) => value === 0, 'the end of all sessions'),
    };
  };

  return {
    port,
    pid: daemon.pid,
    version: (await query('postgres', 'show server_version')).split(' ')[0] ?? '',
    async database(name, like) {
      await query('postgres', `create database ${name}${like ? ` template ${like.name}` : ''}`);
      return database(name);
    },
    log: () => daemon.log(),
    async stop() {
      // Whoever is still connected would keep a server alive that is only sent SIGTERM.
      process.kill(daemon.pid, 'SIGINT');
      await daemon.stop();
      clear(home);
    },
  };
}

async function holdLock(command: readonly string[], env: NodeJS.ProcessEnv, key: number) {
  const [program = 'psql', ...args] = command;
  const child: ChildProcess = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((settle) => child.once('exit', () => settle()));
  const held = new Promise<void>((settle, fail) => {
    child.stdout?.on('data', (text: Buffer) => {
      if (text.toString().includes('held')) settle();
    });
    child.once('exit', () => fail(new Error('psql ended before it had the lock')));
  });
  child.stdin?.write(`select pg_advisory_lock(${key}) is null, 'held';\n`);
  await held;
  return async () => {
    child.stdin?.end();
    await ended;
  };
}
