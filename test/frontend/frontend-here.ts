import type { ActionContext } from '../../src/actions/action.ts';
import { type Site, sha256 } from '../../src/actions/frontend/carry-out.ts';
import { readInputs } from '../../src/actions/frontend/inputs.ts';
import type { Inventory } from '../../src/actions/frontend/read-directory.ts';
import { lookForVersion, type Restored } from '../../src/actions/frontend/restore.ts';
import { publish } from '../../src/actions/frontend/run.ts';
import type { Clock } from '../../src/clock.ts';
import type { Distributions, Reporter } from '../../src/ports.ts';
import { QUIET } from '../actions/quiet-reporter.ts';
import type { Client } from './memory-bucket.ts';

/** A build: contents by paths. */
export type Build = Readonly<Record<string, string | Uint8Array>>;

/** Longer sleeps than that are between signs of life, which a test in memory has no need of. */
const LONGEST_MS = 20_000;

/** Time that passes only when somebody waits. */
export class WaitingClock implements Clock {
  readonly scale = 1;
  #now = Date.UTC(2026, 0, 5, 12);

  now(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms < LONGEST_MS) {
      this.pass(ms);
      return;
    }
    await new Promise<void>((settle) => {
      if (signal?.aborted) settle();
      else signal?.addEventListener('abort', () => settle(), { once: true });
    });
  }
}

/** CloudFront, which remembers what it was told to forget. */
export class MemoryEdge implements Distributions {
  readonly invalidations: (readonly string[])[] = [];
  /** Whether it answers how far it is. */
  answers = true;

  async find() {
    return { domain: 'd1.cloudfront.net', aliases: [], enabled: true, origins: [] };
  }

  async invalidate(_id: string, _reference: string, paths: readonly string[]) {
    return `I${this.invalidations.push(paths)}`;
  }

  async state() {
    if (!this.answers) throw new Error('Service Unavailable');
    return 'completed' as const;
  }
}

/** Runs of the action on a bucket in memory. */
export class FrontendHere {
  readonly clock = new WaitingClock();
  readonly edge = new MemoryEdge();
  readonly lines: string[] = [];
  outputs: Record<string, string> = {};
  #runs = 0;

  #context(cancelled: AbortSignal): ActionContext {
    const say = (line: string) => void this.lines.push(line);
    const reporter: Reporter = {
      ...QUIET,
      info: say,
      notice: say,
      warning: (line) => say(`warning: ${line}`),
      error: say,
      startGroup: say,
      output: (name, value) => {
        this.outputs[name] = value;
      },
    };
    const env = {
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'org/shop',
      GITHUB_RUN_ID: String(++this.#runs),
    };
    return { input: () => '', reporter, clock: this.clock, env, cancelled };
  }

  #site({ bucket }: Client, prefix: string, cancelled: AbortSignal): Site {
    const edge = { distributions: this.edge, id: 'E1', domain: 'd1.cloudfront.net', base: '' };
    return {
      bucket,
      bucketName: 'shop',
      prefix,
      edge,
      clock: this.clock,
      cancelled,
      say: (line) => void this.lines.push(line),
      giveUp: () => undefined,
    };
  }

  async release(
    client: Client,
    build: Build,
    given: Readonly<Record<string, string>> = {},
    cancelled = new AbortController().signal,
  ): Promise<void> {
    const all: Record<string, string> = {
      directory: 'dist',
      bucket: 'shop',
      distribution: 'E1ABCDEFGHIJK',
      ...given,
    };
    const inputs = readInputs((name) => all[name] ?? '');
    this.outputs = {};
    await publish(
      this.#context(cancelled),
      inputs,
      inventoryOf(build),
      this.#site(client, inputs.prefix, cancelled),
    );
  }

  async restore(
    client: Client,
    to = 'previous',
    prefix = '',
    inService?: (restored: Restored) => void,
  ): Promise<Restored> {
    const { signal } = new AbortController();
    const found = await lookForVersion(
      this.#context(signal),
      { bucket: 'shop', prefix, distribution: 'E1', to, timeoutMs: 900_000, dryRun: false },
      async () => this.#site(client, prefix, signal),
    );
    return found.restore(inService);
  }
}

const bytes = (content: string | Uint8Array) =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

const inventoryOf = (build: Build): Inventory => ({
  files: Object.entries(build).map(([path, content]) => {
    const body = bytes(content);
    return { path, size: body.length, sha256: sha256(body) };
  }),
  skipped: [],
  secrets: [],
  read: async (path) => bytes(build[path] ?? ''),
});
