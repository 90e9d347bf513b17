import type { StoredEvent } from './store.ts';

const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;

/** What events count for: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html */
const sizeOf = (events: readonly StoredEvent[]): number =>
  events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0);

export interface PageRequest {
  readonly limit: number | undefined;
  readonly nextToken: string | undefined;
  /** Of the first page: the oldest events instead of the newest. */
  readonly fromHead: boolean;
}

export interface EventPage {
  /** Oldest first. */
  readonly events: readonly StoredEvent[];
  readonly forward: string;
  readonly backward: string;
}

/**
 * A page of GetLogEvents: at most 10,000 events and 1 MB. A token holds the place between two events; where there is
 * nothing more in its direction, the same token comes back.
 *
 * @param refuse what to throw for a token that is none
 */
export function readPage(
  events: readonly StoredEvent[],
  { limit, nextToken, fromHead }: PageRequest,
  refuse: () => Error,
): EventPage {
  const most = Math.min(limit ?? MOST_EVENTS, MOST_EVENTS);
  if (nextToken === undefined) {
    const shown = fromHead ? first(events, most) : last(events, most);
    return {
      events: shown,
      forward: tokenOf('f', shown.at(-1)?.id),
      backward: tokenOf('b', shown[0]?.id),
    };
  }
  const [, direction, id] = /^([fb])\/(\d{56})\/s$/.exec(nextToken) ?? [];
  if (direction === undefined || id === undefined) throw refuse();
  const shown =
    direction === 'f'
      ? first(events.slice(after(events, id)), most)
      : last(
          events.filter((event) => event.id < id),
          most,
        );
  return {
    events: shown,
    forward: tokenOf('f', shown.at(-1)?.id ?? id),
    backward: tokenOf('b', shown[0]?.id ?? id),
  };
}

const NONE = '0'.repeat(56);

const tokenOf = (direction: 'f' | 'b', id = NONE): string => `${direction}/${id}/s`;

/** Where the first event after `id` is, by bisection: streams are read again and again from near their end. */
function after(events: readonly StoredEvent[], id: string): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.id ?? '') > id) high = middle;
    else low = middle + 1;
  }
  return low;
}

function first(events: readonly StoredEvent[], most: number): readonly StoredEvent[] {
  let bytes = 0;
  const end = events.findIndex((event, i) => {
    bytes += sizeOf([event]);
    return i >= most || (i > 0 && bytes > MOST_BYTES);
  });
  return end < 0 ? events : events.slice(0, end);
}

const last = (events: readonly StoredEvent[], most: number): readonly StoredEvent[] =>
  [...first([...events].reverse(), most)].reverse();
