import { AwsError } from '../operation.ts';
import type { Kernel } from '../world/kernel.ts';

/** One event of a stream. Times in ms since the epoch. */
export interface StoredEvent {
  /** 56 digits, in the order of the stream. */
  readonly id: string;
  /** When it was written, as its writer says. */
  readonly at: number;
  readonly takenInAt: number;
  readonly message: string;
}

export interface LogStream {
  readonly name: string;
  readonly group: LogGroup;
  readonly createdAt: number;
  /** What can be read: by `at`, then in the order of arrival. */
  readonly events: StoredEvent[];
  /** What is on its way becomes readable by then; nothing that came later does so sooner. */
  readableFrom: number;
}

export interface LogGroup {
  readonly arn: string;
  readonly region: string;
  readonly name: string;
  readonly createdAt: number;
  readonly streams: Map<string, LogStream>;
}

/** Hears of events when they become readable. */
export type LogReader = (stream: LogStream, events: readonly StoredEvent[]) => void;

export const groupNotFound = (): AwsError =>
  new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
export const streamNotFound = (): AwsError =>
  new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');

/** How long what CloudWatch has taken in cannot be read yet, in ms. */
const UNREADABLE = { min: 200, max: 1_500 };

/** The log groups of every region. */
export class LogStore {
  readonly #kernel: Kernel;
  readonly #hasFromTheStart: (region: string, name: string) => boolean;
  readonly #groups = new Map<string, LogGroup>();
  readonly #deleted = new Set<string>();
  readonly #readers = new Set<LogReader>();
  #arrived = 0;

  /** @param hasFromTheStart whether a group exists that nobody has created here */
  constructor(kernel: Kernel, hasFromTheStart: (region: string, name: string) => boolean) {
    this.#kernel = kernel;
    this.#hasFromTheStart = hasFromTheStart;
  }

  findGroup(region: string, name: string): LogGroup | undefined {
    const key = `${region} ${name}`;
    const found = this.#groups.get(key);
    if (found !== undefined || this.#deleted.has(key) || !this.#hasFromTheStart(region, name)) return found;
    return this.createGroup(region, name);
  }

  /** @throws AwsError when there is none of that name in the region */
  group(region: string, name: string): LogGroup {
    const group = this.findGroup(region, name);
    if (group === undefined) throw groupNotFound();
    return group;
  }

  groups(region: string): LogGroup[] {
    return [...this.#groups.values()].filter((group) => group.region === region);
  }

  createGroup(region: string, name: string): LogGroup {
    const { accountId, events } = this.#kernel;
    const arn = `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
    const group = { arn, region, name, createdAt: events.now, streams: new Map<string, LogStream>() };
    this.#groups.set(`${region} ${name}`, group);
    return group;
  }

  deleteGroup(group: LogGroup): void {
    const key = `${group.region} ${group.name}`;
    this.#groups.delete(key);
    this.#deleted.add(key);
  }

  /** The stream of that name, made if there is none. */
  openStream(group: LogGroup, name: string): LogStream {
    const { now } = this.#kernel.events;
    const stream = group.streams.get(name) ?? { name, group, createdAt: now, events: [], readableFrom: now };
    group.streams.set(name, stream);
    return stream;
  }

  /** Takes events in, in the order in which they were written; they can be read a moment later. */
  takeIn(stream: LogStream, lines: readonly { readonly at: number; readonly message: string }[]): void {
    if (lines.length === 0) return;
    const { events, between } = this.#kernel;
    const takenInAt = Math.round(events.now);
    const taken = lines.map(({ at, message }): StoredEvent => {
      const order = ++this.#arrived;
      // The first digit is what AWS's ids begin with nowadays.
      return {
        id: `3${String(at).padStart(15, '0')}${String(order).padStart(40, '0')}`,
        at,
        takenInAt,
        message,
      };
    });
    const readable = Math.round(takenInAt + between(UNREADABLE.min, UNREADABLE.max));
    stream.readableFrom = Math.max(stream.readableFrom, readable);
    events.at(stream.readableFrom, () => {
      insert(stream.events, taken);
      for (const reader of this.#readers) reader(stream, taken);
    });
  }

  /** @returns ends the reading */
  follow(reader: LogReader): () => void {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }
}

function insert(events: StoredEvent[], taken: readonly StoredEvent[]): void {
  const late = taken.some(({ id }) => id < (events.at(-1)?.id ?? ''));
  for (const event of taken) events.push(event);
  if (late || taken.some(({ at }, i) => at < (taken[i - 1]?.at ?? 0))) {
    events.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}
