import { spawn } from 'node:child_process';
import { systemClock } from '../clock.ts';
import { ConfigError } from '../errors.ts';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to its standard input: what must not stand on a command line. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Hears every line as it comes, of both outputs. */
  readonly onLine?: (line: string) => void;
}

/** How long a command that was told to end may take, in ms. The runner itself gives the whole step 10 s. */
const LAST_WORDS_MS = 4_000;

/** How often those are looked for that are still ending, in ms. */
const LOOKS_MS = 20;

/** Runs `docker` with the arguments as they are, through no shell. */
export type DockerCommand = (args: readonly string[], options?: CommandOptions) => Promise<Finished>;

/**
 * @param env all that the command knows of the world
 * @param signal ends the command, which is told so first and killed when it does not listen
 * @param lastWordsMs how long it may take to end, in ms
 */
export function dockerCommand(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  lastWordsMs = LAST_WORDS_MS,
): DockerCommand {
  return (args, { input, env: more, onLine } = {}) =>
    new Promise<Finished>((settle, refuse) => {
      signal.throwIfAborted();
      // A group of its own: docker starts its plugins as processes, and older clients keep a signal to themselves.
      const child = spawn('docker', args, {
        env: { ...env, ...more },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
      const ended = new AbortController();
      /** @returns whether anybody of the group is there to hear it; 0 says nothing */
      const tell = (name: NodeJS.Signals | 0): boolean => {
        try {
          return child.pid !== undefined && process.kill(-child.pid, name);
        } catch {
          return false;
        }
      };
      let killed = false;
      const stop = async () => {
        tell('SIGTERM');
        // A process of this machine lives in this machine's time, whatever the product's clock shows.
        await systemClock.sleep(lastWordsMs, ended.signal);
        if (!ended.signal.aborted) killed = tell('SIGKILL');
      };
      signal.addEventListener('abort', stop, { once: true });
      const stdout = new Lines(onLine);
      const stderr = new Lines(onLine);
      child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
      child.on('error', (error: NodeJS.ErrnoException) => {
        signal.removeEventListener('abort', stop);
        refuse(error.code === 'ENOENT' ? missing(error) : error);
      });
      child.on('close', async (code) => {
        // A plugin may take longer over its end than docker, which has started it.
        while (signal.aborted && !killed && tell(0)) await systemClock.sleep(LOOKS_MS);
        ended.abort();
        signal.removeEventListener('abort', stop);
        stdout.end();
        stderr.end();
        if (signal.aborted) refuse(signal.reason instanceof Error ? signal.reason : cancelled());
        else settle({ code: code ?? 1, stdout: stdout.text, stderr: stderr.text });
      });
      // What the command had started may live on and keep its outputs open; nobody waits for that after a cancel.
      child.on('exit', () => {
        if (!signal.aborted) return;
        child.stdout.destroy();
        child.stderr.destroy();
      });
      // A command that ends without reading closes the pipe; its exit code tells the story.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
}

const missing = (cause: Error) =>
  new ConfigError(
    {
      input: 'docker',
      message:
        'there is no docker command on this runner; use a runner that has one, such as ubuntu-latest, or give oci-layout, which needs none',
    },
    { cause },
  );

const cancelled = () => new DOMException('the run was cancelled', 'AbortError');

/** Output as it comes, cut into lines. A carriage return ends one too: progress is drawn over itself. */
class Lines {
  text = '';
  #open = '';
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #decoder = new TextDecoder();

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  add(chunk: Buffer): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    this.text += text;
    const lines = (this.#open + text).split(/\r\n|\n|\r/);
    this.#open = lines.pop() ?? '';
    for (const line of lines) this.#tell(line);
  }

  end(): void {
    this.#tell(this.#open);
    this.#open = '';
  }

  #tell(line: string): void {
    if (line.trim() !== '') this.#onLine?.(line);
  }
}
