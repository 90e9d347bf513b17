/** A moment as clocks on the wall of a time zone show it. */
export interface WallTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, made);
  return made;
}

/** Whether it is the name of a time zone, such as `Europe/Madrid`. */
export function isZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** @param instant ms since the epoch */
export function wallTime(instant: number, zone: string): WallTime {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/** The same figures in UTC, in ms: what wall times are compared and reckoned with. */
export const asUtc = ({ year, month, day, hour, minute, second }: WallTime): number =>
  Date.UTC(year, month - 1, day, hour, minute, second);

/** How far the clocks of a zone are ahead of UTC, in ms. */
function offsetAt(instant: number, zone: string): number {
  return asUtc(wallTime(instant, zone)) - Math.floor(instant / 1000) * 1000;
}

const DAY = 86_400_000;

/**
 * When the clocks of a zone show a wall time: twice where they were put back, and where they were put forward over it,
 * the moment at which that was done.
 *
 * @param wall as `asUtc` gives it
 * @returns ms since the epoch
 */
export function instantsOf(wall: number, zone: string): { readonly first: number; readonly last: number } {
  const [before, after] = [offsetAt(wall - DAY, zone), offsetAt(wall + DAY, zone)];
  const shown = [wall - before, wall - after].filter((instant) => instant + offsetAt(instant, zone) === wall);
  if (shown.length > 0) return { first: Math.min(...shown), last: Math.max(...shown) };
  let [early, late] = [wall - Math.max(before, after), wall - Math.min(before, after)];
  while (late - early > 1000) {
    const middle = Math.floor((early + late) / 2000) * 1000;
    if (offsetAt(middle, zone) === offsetAt(early, zone)) early = middle;
    else late = middle;
  }
  return { first: late, last: late };
}
