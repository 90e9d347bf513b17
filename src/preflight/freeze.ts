import { printable } from '../taskdef/shape.ts';
import { type Finding, fail, pass, warn } from './finding.ts';
import { type FreezeWindow, freezeAt } from './freeze-window.ts';
import { wallTime } from './zoned-time.ts';

/** Who lets a release through, and why; it counts only while a freeze holds. */
export type Override = string | undefined;

/**
 * @param now ms since the epoch
 * @returns with `overridden`, the reason of an override that was needed
 */
export function checkFreeze(
  windows: readonly FreezeWindow[],
  override: Override,
  now: number,
): { readonly findings: readonly Finding[]; readonly overridden: string } {
  const freeze = freezeAt(windows, now);
  const check = 'freeze';
  if (!freeze) return { findings: [pass(check, 'no freeze holds now')], overridden: '' };
  const { window, until } = freeze;
  const zone = window.timezone;
  const end = until === undefined ? 'for more than a year' : `until ${momentText(until, zone)}`;
  const why = window.reason === undefined ? '' : `: ${window.reason}`;
  const what = `nothing is to be deployed ${end} (${window.text}, ${zone})${why}`;
  if (override === undefined) {
    const fix = `${until === undefined ? 'Mend the calendar' : 'Deploy after that'}; what cannot wait passes with freeze-override, which says who lets it through and why.`;
    return { findings: [fail(check, what, fix)], overridden: '' };
  }
  const reason = printable(override);
  return {
    findings: [
      warn(
        check,
        `${what}; overridden: ${reason}`,
        'The override is on record; with freeze: fail in checks it lets nothing through.',
      ),
    ],
    overridden: reason,
  };
}

function momentText(instant: number, zone: string): string {
  const { year, month, day, hour, minute } = wallTime(instant, zone);
  const two = (value: number) => String(value).padStart(2, '0');
  const weekday = new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short' }).format(instant);
  return `${weekday} ${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}
