import { suggestion } from '../smoke-test/suggestion.ts';
import { isList, isObject, type Json, type JsonObject, type Path } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import type { FreezeWindow } from './freeze-window.ts';
import { instantsOf, isZone } from './zoned-time.ts';

/** Tells what is wrong at a place of the calendar. */
export type Complain = (path: Path, message: string) => void;

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FULL_DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const CALENDAR_KEYS = ['timezone', 'windows'];
const WINDOW_KEYS = ['from', 'to', 'days', 'timezone', 'reason'];
const DAY = 86_400_000;

/**
 * Reads a calendar: a list of windows, or a mapping with `timezone` and `windows`. A window with `days` comes every
 * week, with times of the day; one without comes once, with dates or date-times. Times are those of the time zone (UTC
 * without one); a date-time may name its own offset. A date as `to` includes that day.
 *
 * @param written how the scalar at a path is written, where YAML reads another value
 */
export function readCalendar(
  value: Json,
  complain: Complain,
  written: (path: Path) => string | undefined,
): readonly FreezeWindow[] {
  const mapping = isObject(value) ? value : undefined;
  const list = mapping ? mapping['windows'] : value;
  const at: Path = mapping ? ['windows'] : [];
  if (mapping) unknownKeys(mapping, CALENDAR_KEYS, [], complain);
  const timezone = mapping ? readZone(mapping, [], complain) : undefined;
  if (!isList(list)) {
    complain(
      at,
      `is ${list === undefined ? 'missing' : kindOf(list)}; a calendar is a list of windows, such as - { days: [fri], from: "16:00", to: "24:00" }`,
    );
    return [];
  }
  return list.flatMap((each, index) => {
    const path = [...at, index];
    if (!isObject(each)) {
      complain(path, `is ${kindOf(each)}; a window is a mapping with from and to`);
      return [];
    }
    const window = readWindow(each, path, timezone ?? 'UTC', complain, written);
    return window ? [window] : [];
  });
}

function unknownKeys(mapping: JsonObject, known: readonly string[], path: Path, complain: Complain): void {
  for (const key of Object.keys(mapping)) {
    if (known.includes(key)) continue;
    const meant = suggestion(key, known);
    complain(
      [...path, key],
      `is not known here; ${meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`}`,
    );
  }
}

function readZone(mapping: JsonObject, path: Path, complain: Complain): string | undefined {
  const zone = mapping['timezone'];
  if (zone === undefined) return undefined;
  if (typeof zone === 'string' && isZone(zone)) return zone;
  complain(
    [...path, 'timezone'],
    `${JSON.stringify(zone)} is not a time zone; write its IANA name, such as Europe/Madrid`,
  );
  return undefined;
}

function readWindow(
  entry: JsonObject,
  path: Path,
  usual: string,
  complain: Complain,
  written: (path: Path) => string | undefined,
): FreezeWindow | undefined {
  unknownKeys(entry, WINDOW_KEYS, path, complain);
  const timezone = readZone(entry, path, complain) ?? usual;
  const given = entry['reason'];
  const reason = given === undefined || given === null ? undefined : printable(String(given));
  const text = (key: string): string | undefined => {
    const value = entry[key];
    if (value === undefined || value === null) return undefined;
    // YAML 1.1 tools read 16:00 as a number of minutes; ours does not, and keeps 2026 a number.
    return typeof value === 'string' ? value.trim() : (written([...path, key]) ?? String(value));
  };
  const [from, to] = [text('from'), text('to')];
  if (entry['days'] === undefined) {
    return readOnce({ from, to, timezone, reason }, path, complain);
  }
  const days = readDays(entry['days'], path, complain);
  const [begin, end] = [minutes(from ?? '00:00'), minutes(to ?? '24:00')];
  for (const [key, value] of [
    ['from', begin],
    ['to', end],
  ] as const) {
    if (value === undefined)
      complain([...path, key], `"${text(key)}" is not a time of the day, such as "16:00"`);
  }
  if (begin === 1440) complain([...path, 'from'], 'is the end of the day; write "00:00" of the next one');
  if (!days || begin === undefined || end === undefined) return undefined;
  const label = `${[...days].map((day) => DAYS[day]).join(', ')} ${from ?? '00:00'} to ${to ?? '24:00'}`;
  return { kind: 'weekly', days, from: begin, to: end, timezone, reason, text: label };
}

function readDays(value: Json, path: Path, complain: Complain): ReadonlySet<number> | undefined {
  const names = isList(value) ? value : typeof value === 'string' ? value.split(/[\s,]+/) : [value];
  const days = names.map((name) => {
    const word = String(name).toLowerCase();
    const day = Math.max(DAYS.indexOf(word), FULL_DAYS.indexOf(word));
    if (day < 0) {
      const meant = suggestion(word, [...DAYS, ...FULL_DAYS]);
      complain(
        [...path, 'days'],
        `"${printable(String(name))}" is not a day; ${meant === undefined ? `write ${DAYS.join(', ')}` : `did you mean ${meant}?`}`,
      );
    }
    return day;
  });
  if (names.length === 0) complain([...path, 'days'], 'names no day');
  return names.length === 0 || days.includes(-1) ? undefined : new Set(days);
}

/** Minutes from midnight. */
function minutes(text: string): number | undefined {
  const [, hour, minute] = /^(\d{1,2}):(\d\d)$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  const total = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && total <= 1440 ? total : undefined;
}

function readOnce(
  {
    from,
    to,
    timezone,
    reason,
  }: { from: string | undefined; to: string | undefined; timezone: string; reason: string | undefined },
  path: Path,
  complain: Complain,
): FreezeWindow | undefined {
  const bound = (key: 'from' | 'to', text: string | undefined): number | undefined => {
    if (text === undefined) {
      complain(path, `has no ${key}; give from and to, as dates such as 2026-12-20, or days with times`);
      return undefined;
    }
    const found = instantOf(text, timezone, key);
    if (found === undefined) {
      complain(
        [...path, key],
        `"${printable(text)}" is not a date or a date-time, such as 2026-12-20 or 2026-12-20T18:00`,
      );
    }
    return found;
  };
  const [begin, end] = [bound('from', from), bound('to', to)];
  if (begin === undefined || end === undefined) return undefined;
  if (begin >= end) {
    complain([...path, 'to'], `"${to}" is not after from "${from}"`);
    return undefined;
  }
  return { kind: 'once', from: begin, to: end, timezone, reason, text: `${from} to ${to}` };
}

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i;

function instantOf(text: string, timezone: string, key: 'from' | 'to'): number | undefined {
  const [whole, year, month, day, hour, minute = '0', second = '0', offset] = DATE_TIME.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const numbers = [year, month, day].map(Number) as [number, number, number];
  const midnight = Date.UTC(numbers[0], numbers[1] - 1, numbers[2]);
  const date = new Date(midnight);
  // Date.UTC takes the 31st of every month for the next one's first day.
  if (date.getUTCMonth() !== numbers[1] - 1 || date.getUTCDate() !== numbers[2]) return undefined;
  const [h, m, s] = [Number(hour ?? 0), Number(minute), Number(second)];
  if (h > 24 || m > 59 || s > 59 || (h === 24 && m + s > 0)) return undefined;
  // A date that ends a window ends it with that day.
  const wall = midnight + (hour === undefined && key === 'to' ? DAY : 0) + ((h * 60 + m) * 60 + s) * 1000;
  if (offset === undefined) {
    const { first, last } = instantsOf(wall, timezone);
    return key === 'from' ? first : last;
  }
  if (/^z$/i.test(offset)) return wall;
  const sign = offset.startsWith('-') ? -1 : 1;
  const [, hours, rest] = /^[+-](\d\d):?(\d\d)$/.exec(offset) ?? [];
  return wall - sign * (Number(hours) * 60 + Number(rest)) * 60_000;
}
