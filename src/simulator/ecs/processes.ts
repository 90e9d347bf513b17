import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import type { Pulse } from '../world/pulse.ts';
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

interface Live extends RunningContainer {
  readonly gone: Promise<void>;
}

/**
 * Containers that run as processes of this machine. Each is a process group of its own, which ends with its first
 * process, as a container does.
 */
export class Processes {
  readonly #pulse: Pulse;
  readonly #live = new Set<Live>();

  constructor(pulse: Pulse) {
    this.#pulse = pulse;
  }

  /** The world's time goes on by itself until the function that it gives is called. */
  keepTime(): () => void {
    return this.#pulse.keep();
  }

  /** Starts a container. `listener` is called with the world's time brought up to now, and not after `close`. */
  start(launch: Launch, listener: ProcessListener): RunningContainer {
    const told: ProcessListener = {
      output: (from, chunk) => {
        if (this.#pulse.closed) return;
        this.#pulse.catchUp();
        listener.output(from, chunk);
      },
      ended: (end) => {
        this.#live.delete(container);
        if (this.#pulse.closed) return;
        this.#pulse.catchUp();
        listener.ended(end);
      },
    };
    const container = launch.engine === undefined ? startProcess(launch, told) : startDocker(launch, told);
    this.#live.add(container);
    return container;
  }

  /** Kills everything that still runs, and waits for its end. The pulse has to be closed before. */
  async close(): Promise<void> {
    const left = [...this.#live];
    for (const container of left) container.kill();
    await Promise.all(left.map(({ gone }) => gone));
  }
}

/** Groups of processes that the simulator has started; a simulator that ends without closing takes them along. */
const groups = new Set<number>();
let watching = false;

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
};

function spawnGroup(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env: Record<string, string> },
): ChildProcess {
  if (!watching) {
    watching = true;
    process.once('exit', () => {
      for (const pid of groups) signalGroup(pid, 'SIGKILL');
    });
  }
  const child = spawn(file, [...args], { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid !== undefined) {
    groups.add(pid);
    child.once('exit', () => {
      // What the first process leaves behind ends with it, as in a container.
      signalGroup(pid, 'SIGKILL');
      groups.delete(pid);
    });
  }
  return child;
}

const listen = (child: ChildProcess, listener: ProcessListener): void => {
  child.stdout?.on('data', (chunk: Buffer) => listener.output('stdout', chunk));
  child.stderr?.on('data', (chunk: Buffer) => listener.output('stderr', chunk));
};

const exitCode = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

/** In the words of Fargate: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
const cannotStart = (why: string): string =>
  `CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${why}: unknown`;

function startProcess(launch: Launch, listener: ProcessListener): Live {
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
      if (pid === undefined) listener.ended({ kind: 'refused', reason: cannotStart(whyNot(file, error)) });
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

function whyNot(file: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'EACCES') return `exec: "${file}": permission denied`;
  return file.includes('/')
    ? `exec: "${file}": stat ${file}: no such file or directory`
    : `exec: "${file}": executable file not found in $PATH`;
}

/** `docker run`: its signals reach the container, its exit code is the container's. */
function startDocker(launch: Launch, listener: ProcessListener): Live {
  const name = `simulated-${randomUUID()}`;
  const [entryPoint, ...words] = launch.entryPoint;
  const path = process.env['PATH'];
  const env = {
    ...(path === undefined ? {} : { PATH: path }),
    ...(launch.engine === undefined ? {} : { DOCKER_HOST: launch.engine }),
  };
  const child = spawnGroup(
    'docker',
    [
      ...['run', '--rm', '--name', name, '--network', 'host'],
      ...(launch.directory === undefined ? [] : ['--workdir', launch.directory]),
      ...(entryPoint === undefined ? [] : ['--entrypoint', entryPoint]),
      ...Object.entries(launch.environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      launch.image,
      ...words,
      ...launch.command,
    ],
    { env },
  );
  let complaint = '';
  listen(child, {
    ...listener,
    output: (from, chunk) => {
      // Docker's own words are no output of the container.
      const text = chunk.toString();
      if (from === 'stderr' && /^(docker: |Unable to find image)/.test(text)) complaint += text;
      else listener.output(from, chunk);
    },
  });
  const gone = new Promise<void>((settle) => {
    child.once('error', (error) => {
      listener.ended({ kind: 'refused', reason: cannotStart(`docker: ${error.message}`) });
      settle();
    });
    child.once('close', (code, signal) => {
      if (child.pid === undefined) return;
      const refused = code !== null && code >= 125 && code <= 127 && complaint !== '';
      listener.ended(
        refused
          ? { kind: 'refused', reason: `CannotStartContainerError: ${complaint.trim().split('\n')[0]}` }
          : { kind: 'exited', code: exitCode(code, signal) },
      );
      settle();
    });
  });
  const tell = (signal: string): void => {
    const teller = spawn('docker', ['kill', '--signal', signal, name], { env, stdio: 'ignore' });
    teller.on('error', () => undefined);
  };
  return { began: child.pid !== undefined, terminate: () => tell('TERM'), kill: () => tell('KILL'), gone };
}
