import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { LogGroup, LogStore, LogStream } from '../logs/store.ts';
import type { EventQueue, Scheduled } from '../world/queue.ts';

/** The driver gathers events for that long, in ms. Docker's does for up to 5 s, which is slower than need be. */
const BATCH = 1_000;

/**
 * The longest event that the driver sends, in bytes: 256 KiB less what CloudWatch counts beside the text. CloudWatch
 * itself takes up to 1 MB since 2025.
 */
export const LONGEST_EVENT = 262_144 - 26;

/** Where the awslogs driver writes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html */
export interface LogTarget {
  readonly region: string;
  readonly group: string;
  readonly prefix: string;
  readonly createsGroup: boolean;
}

/** @returns undefined for a container whose output goes elsewhere, or nowhere */
export function logTargetOf(
  { logConfiguration }: ContainerDefinition,
  region: string,
): LogTarget | undefined {
  if (logConfiguration?.logDriver !== 'awslogs') return undefined;
  const options = logConfiguration.options ?? {};
  return {
    region: options['awslogs-region'] ?? region,
    group: options['awslogs-group'] ?? '',
    prefix: options['awslogs-stream-prefix'] ?? '',
    createsGroup: options['awslogs-create-group'] === 'true',
  };
}

/** The group of a target, created if the target says so. */
export function openGroup(store: LogStore, target: LogTarget): LogGroup | undefined {
  const found = store.findGroup(target.region, target.group);
  return found === undefined && target.createsGroup ? store.createGroup(target.region, target.group) : found;
}

/** Turns a container's output into the events of its stream, as Docker's awslogs driver does. */
export class LogDriver {
  readonly #store: LogStore;
  readonly #stream: LogStream;
  readonly #events: EventQueue;
  readonly #open: Record<'stdout' | 'stderr', Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #batch: { at: number; message: string }[] = [];
  #sending: Scheduled | undefined;

  constructor(store: LogStore, stream: LogStream, events: EventQueue) {
    this.#store = store;
    this.#stream = stream;
    this.#events = events;
  }

  write(from: 'stdout' | 'stderr', chunk: Buffer): void {
    let rest: Buffer = this.#open[from].length === 0 ? chunk : Buffer.concat([this.#open[from], chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.#add(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    while (rest.length > LONGEST_EVENT) {
      const piece = pieceOf(rest);
      this.#add(piece);
      rest = rest.subarray(piece.length);
    }
    this.#open[from] = rest;
  }

  /** The container is gone: what it has written last is sent. */
  end(): void {
    for (const from of ['stdout', 'stderr'] as const) {
      this.#add(this.#open[from]);
      this.#open[from] = Buffer.alloc(0);
    }
    this.#send();
  }

  /** An empty line is no event. */
  #add(line: Buffer): void {
    for (let rest = line; rest.length > 0; ) {
      const piece = pieceOf(rest);
      this.#batch.push({ at: Math.round(this.#events.now), message: piece.toString() });
      rest = rest.subarray(piece.length);
    }
    if (this.#batch.length > 0) this.#sending ??= this.#events.after(BATCH, () => this.#send());
  }

  #send(): void {
    this.#sending?.cancel();
    this.#sending = undefined;
    this.#store.takeIn(this.#stream, this.#batch);
    this.#batch = [];
  }
}

/** What fits into one event, without a character cut in two. */
function pieceOf(bytes: Buffer): Buffer {
  if (bytes.length <= LONGEST_EVENT) return bytes;
  let end = LONGEST_EVENT;
  while (end > LONGEST_EVENT - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
