import { spawn } from 'node:child_process';
import type { Project } from './project.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Both streams. */
  readonly output: string;
}

export interface Running {
  readonly done: Promise<Ended>;
  /** Resolves when the output matches or the command has ended. */
  saysOrEnds(pattern: RegExp): Promise<void>;
  /** Sends a signal to the command and, as in a container, kills what it started once it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<Ended>;
}

/** How long ECS waits between SIGTERM and SIGKILL is up to the task; here, for tools that finish their statement. */
const STOP_TIMEOUT = 1000;

/** Starts a command of a preset in the project, as a container that has the project as its working directory. */
export function startCommand(project: Project, command: readonly string[]): Running {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: project.directory,
    env: project.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const listener of listeners) listener();
    });
  }
  const killGroup = () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // Nothing is left of it.
    }
  };
  child.once('exit', killGroup);
  const done = new Promise<Ended>((settle, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => settle({ code, signal, output }));
  });
  return {
    done,
    async saysOrEnds(pattern) {
      const said = new Promise<void>((settle) => {
        const listener = () => {
          if (pattern.test(output)) settle();
        };
        listeners.add(listener);
        listener();
      });
      await Promise.race([said, done]);
    },
    async stop(signal) {
      if (signal === 'SIGKILL') killGroup();
      else child.kill(signal);
      const late = setTimeout(killGroup, STOP_TIMEOUT);
      const ended = await done;
      clearTimeout(late);
      return ended;
    },
  };
}

/** Runs a command of a preset to its end. */
export const runCommand = async (project: Project, command: readonly string[]): Promise<Ended> =>
  startCommand(project, command).done;
