import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { systemClock } from '../../clock.ts';
import type { Launch } from './programs.ts';

/** How a container's main process ended. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number }
  /** It never ran; `reason` is what the container runtime says. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What somebody wants to hear of a container's processes. */
export interface ProcessListener {
  output(from: 'stdout' | 'stderr', chunk: Buffer): void;
  /** Once, after all of its output. */
  ended(end: ProcessEnd): void;
}

/** The processes of one container. */
export interface RunningContainer {
  /** False when it could not even be started: `ended` tells why. */
  readonly began: boolean;
  /** SIGTERM to all of its processes. */
  terminate(): void;
  /** SIGKILL to all of its processes. */
  kill(): void;
}

export interface LiveContainer extends RunningContainer {
  readonly gone: Promise<void>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** What ends each container that runs; a simulator that ends without closing does it at its own end. */
const lastActs = new Set<() => void>();
let watching = false;

/** @returns forgets the act, when the container has ended */
export function beforeTheEnd(act: () => void): () => void {
  if (!watching) {
    watching = true;
    process.once('exit', () => {
      for (const last of lastActs) last();
    });
  }
  lastActs.add(act);
  return () => void lastActs.delete(act);
}

/** What still holds a container's outputs open after its end, having left its group, is not waited for longer. */
const LAST_WORDS = 1_000;

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
};

/** Starts a process in a group of its own, which ends with it. */
export function spawnGroup(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env: Record<string, string> },
): Child {
  const child = spawn(file, [...args], { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid === undefined) return child;
  const forget = beforeTheEnd(() => signalGroup(pid, 'SIGKILL'));
  const closed = new AbortController();
  child.once('close', () => closed.abort());
  child.once('exit', async () => {
    forget();
    signalGroup(pid, 'SIGKILL');
    await systemClock.sleep(LAST_WORDS, closed.signal);
    child.stdout.destroy();
    child.stderr.destroy();
  });
  return child;
}

export const listen = (child: Child, listener: ProcessListener): void => {
  child.stdout.on('data', (chunk: Buffer) => listener.output('stdout', chunk));
  child.stderr.on('data', (chunk: Buffer) => listener.output('stderr', chunk));
};

export const exitCode = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

/** In the words of Fargate: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
export const cannotStart = (why: string): string =>
  `CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${why}: unknown`;

/** Runs a container as a process of this machine. */
export function startProcess(launch: Launch, listener: ProcessListener): LiveContainer {
  const words = [...launch.prefix, ...launch.entryPoint, ...launch.command];
  const [file = '', ...args] = words;
  if (file === '') {
    queueMicrotask(() => listener.ended({ kind: 'refused', reason: cannotStart('no command specified') }));
    return { began: false, terminate: () => undefined, kill: () => undefined, gone: Promise.resolve() };
  }
  const path = process.env['PATH'];
  const child = spawnGroup(file, args, {
    ...(launch.directory === undefined ? {} : { cwd: launch.directory }),
    env: { ...(path === undefined ? {} : { PATH: path }), ...launch.environment },
  });
  listen(child, listener);
  const { pid } = child;
  const gone = new Promise<void>((settle) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (pid === undefined)
        listener.ended({ kind: 'refused', reason: cannotStart(whyNot(file, error, launch.directory)) });
      settle();
    });
    child.once('close', (code, signal) => {
      if (pid !== undefined) listener.ended({ kind: 'exited', code: exitCode(code, signal) });
      settle();
    });
  });
  const signal = (name: NodeJS.Signals) => pid !== undefined && signalGroup(pid, name);
  return {
    began: pid !== undefined,
    terminate: () => void signal('SIGTERM'),
    kill: () => void signal('SIGKILL'),
    gone,
  };
}

function whyNot(file: string, error: NodeJS.ErrnoException, directory: string | undefined): string {
  if (directory !== undefined && !existsSync(directory)) {
    return `chdir to cwd ("${directory}") set in config.json failed: no such file or directory`;
  }
  if (error.code === 'EACCES') return `exec: "${file}": permission denied`;
  return file.includes('/')
    ? `exec: "${file}": stat ${file}: no such file or directory`
    : `exec: "${file}": executable file not found in $PATH`;
}
