import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PREFIX = 'deploy-actions-daemon-';

export interface Daemon {
  readonly pid: number;
  /** What the server has written so far, both streams. */
  log(): string;
  /** Ends the process with SIGTERM, after 20 s with SIGKILL, and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * A directory for one server, `NAME-PID-...` in the temporary directory: those of processes that are gone are cleared
 * first, with what is still mounted in them. The path is short, because a socket's may have 107 bytes.
 */
export function directory(): string {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : process.pid;
    if (!existsSync(`/proc/${owner}`)) clear(join(tmpdir(), name));
  }
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
}

/** Removes a server's directory, with what is still mounted in it. */
export function clear(path: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${path}/`));
  for (const point of mounts.reverse()) execFileSync('umount', ['--lazy', point], { stdio: 'pipe' });
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * A free port of 127.0.0.1 below those that the kernel gives to clients, so that it is still free for a server that
 * went down and comes back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const probe = createServer();
    const free = await new Promise<boolean>((settle) => {
      probe.once('error', () => settle(false));
      probe.listen(port, '127.0.0.1', () => settle(true));
    });
    if (!free) continue;
    await new Promise((settle) => probe.close(settle));
    return port;
  }
}

/**
 * Starts a server and waits until it is ready. It gets SIGTERM when this process dies, however that happens.
 *
 * @param logFile where both of its streams go, appended.
 * @param ready asked every 50 ms, for at most 60 s.
 * @throws with the server's log, if it ends before it is ready or is never ready.
 */
export async function startDaemon(
  command: readonly [string, ...string[]],
  logFile: string,
  ready: () => Promise<boolean>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Daemon> {
  const out = openSync(logFile, 'a');
  const child: ChildProcess = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], {
    stdio: ['ignore', out, out],
    env,
  });
  closeSync(out);
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const gone = () => failure !== undefined || child.exitCode !== null || child.signalCode !== null;
  const ended = new Promise<void>((settle) => {
    child.once('exit', () => settle());
    child.once('error', () => settle());
  });
  const log = () => readFileSync(logFile, 'utf8');
  const stop = async () => {
    if (gone()) return;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
  };
  const latest = performance.now() + 60_000;
  while (!(await ready())) {
    if (gone()) throw new Error(`${command[0]} ended before it was ready:\n${log()}`, { cause: failure });
    if (performance.now() > latest) {
      await stop();
      throw new Error(`${command[0]} was not ready within 60 s:\n${log()}`);
    }
    await pause(50);
  }
  return { pid: child.pid ?? 0, log, stop };
}
