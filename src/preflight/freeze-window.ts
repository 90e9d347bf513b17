import { asUtc, instantsOf, wallTime } from './zoned-time.ts';

/** A time in which nothing is deployed. */
export type FreezeWindow = {
  readonly timezone: string;
  readonly reason: string | undefined;
  /** As the calendar has it, for people: `fri 16:00 to 24:00`. */
  readonly text: string;
} & (
  | {
      readonly kind: 'once';
      /** From this moment on, and no more from that one on; ms since the epoch. */
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: 'weekly';
      /** 0 is Sunday. */
      readonly days: ReadonlySet<number>;
      /** Minutes from midnight, 0 to 1440; where `to` is not later than `from`, it is that of the next day. */
      readonly from: number;
      readonly to: number;
    }
);

/** A freeze that holds. */
export interface Freeze {
  readonly window: FreezeWindow;
  /** The first moment without any freeze, ms since the epoch; undefined where there is none for a year. */
  readonly until: number | undefined;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const YEAR = 366 * DAY;

/**
 * The window that holds at a moment. Where clocks are put back, an hour that comes twice belongs to a window in both;
 * where they are put forward over the beginning or the end of one, it begins or ends then.
 *
 * @param now ms since the epoch
 */
export function freezeAt(windows: readonly FreezeWindow[], now: number): Freeze | undefined {
  const held = holding(windows, now);
  if (!held) return undefined;
  let until = held.end;
  for (let next = holding(windows, until); next; next = holding(windows, until)) {
    until = next.end;
    if (until - now > YEAR) return { window: held.window, until: undefined };
  }
  return { window: held.window, until };
}

interface Held {
  readonly window: FreezeWindow;
  readonly end: number;
}

/** Of several, the one that holds longest. */
function holding(windows: readonly FreezeWindow[], now: number): Held | undefined {
  return windows
    .flatMap((window) => {
      const end = endOf(window, now);
      return end === undefined ? [] : [{ window, end }];
    })
    .toSorted((a, b) => b.end - a.end)[0];
}

function endOf(window: FreezeWindow, now: number): number | undefined {
  if (window.kind === 'once') return window.from <= now && now < window.to ? window.to : undefined;
  const { timezone, days, from, to } = window;
  const wall = wallTime(now, timezone);
  const today = asUtc({ ...wall, hour: 0, minute: 0, second: 0 });
  const ends = [today - DAY, today].flatMap((midnight) => {
    if (!days.has(new Date(midnight).getUTCDay())) return [];
    const begin = instantsOf(midnight + from * MINUTE, timezone).first;
    const end = instantsOf(midnight + (to > from ? 0 : DAY) + to * MINUTE, timezone).last;
    return begin <= now && now < end ? [end] : [];
  });
  return ends.length > 0 ? Math.max(...ends) : undefined;
}
