import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkFreeze } from '../../src/preflight/freeze.ts';
import { readCalendar } from '../../src/preflight/freeze-calendar.ts';
import { type FreezeWindow, freezeAt } from '../../src/preflight/freeze-window.ts';
import { asUtc, instantsOf, wallTime } from '../../src/preflight/zoned-time.ts';
import type { Json } from '../../src/taskdef/definition.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ZONES = [
  'UTC',
  'Europe/Madrid',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Asia/Kolkata',
  'Pacific/Apia',
];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const zone = fc.constantFrom(...ZONES);
const moment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) });

const weekly = (timezone: string, days: readonly number[], from: number, to: number): FreezeWindow => ({
  kind: 'weekly',
  timezone,
  days: new Set(days),
  from,
  to,
  reason: undefined,
  text: '',
});

const formats = new Map<string, Intl.DateTimeFormat>();

/** What Intl itself says of a moment, in words. */
function spoken(instant: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(timeZone, format);
  const text = format.format(instant);
  const [, weekday = '', hour, minute] = /^(\w+),? (\d+):(\d+)$/.exec(text) ?? [];
  return { day: DAYS.indexOf(weekday), minute: Number(hour) * 60 + Number(minute) };
}

/** Whether clocks are changed within two days of a moment. */
const changes = (instant: number, timezone: string): boolean => {
  const offset = (at: number) => asUtc(wallTime(at, timezone)) - at;
  return offset(instant - 2 * DAY) !== offset(instant + 2 * DAY);
};

describe('the time of a zone', () => {
  test('is what its clocks show, both ways', () => {
    fc.assert(
      fc.property(moment, zone, (at, timezone) => {
        const second = Math.floor(at / 1000) * 1000;
        const { first, last } = instantsOf(asUtc(wallTime(second, timezone)), timezone);
        expect([first, last]).toContain(second);
      }),
      { numRuns: 300 },
    );
  });

  test('comes twice where clocks are put back, and is the change where they are put forward over it', () => {
    const back = instantsOf(Date.UTC(2026, 9, 25, 2, 30), 'Europe/Madrid');
    expect(back).toEqual({ first: Date.UTC(2026, 9, 25, 0, 30), last: Date.UTC(2026, 9, 25, 1, 30) });
    const over = instantsOf(Date.UTC(2026, 2, 29, 2, 30), 'Europe/Madrid');
    expect(over).toEqual({ first: Date.UTC(2026, 2, 29, 1), last: Date.UTC(2026, 2, 29, 1) });
    // A whole day was left out when the islands changed sides of the date line.
    const gone = instantsOf(Date.UTC(2011, 11, 30, 12), 'Pacific/Apia');
    expect(gone.first).toBe(Date.UTC(2011, 11, 30, 10));
  });
});

describe('a window of every week', () => {
  const minute = fc.integer({ min: 0, max: 1439 });

  test('holds exactly while clocks show a time in it, where they are not changed', () => {
    fc.assert(
      fc.property(
        moment,
        zone,
        fc.subarray([0, 1, 2, 3, 4, 5, 6], { minLength: 1 }),
        minute,
        minute,
        (now, timezone, days, from, to) => {
          fc.pre(!changes(now, timezone));
          const { day, minute: shown } = spoken(now, timezone);
          const before = (day + 6) % 7;
          const within =
            from < to
              ? days.includes(day) && shown >= from && shown < to
              : (days.includes(day) && shown >= from) || (days.includes(before) && shown < to);
          expect(freezeAt([weekly(timezone, days, from, to)], now) !== undefined).toBe(within);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('holds whenever clocks show a time in it, and at most for the hour that comes twice besides', () => {
    fc.assert(
      fc.property(
        zone,
        fc.integer({ min: 2020, max: 2034 }),
        fc.integer({ min: 0, max: 370 * 24 * 4 }),
        minute,
        minute,
        (timezone, year, quarter, from, to) => {
          const now = Date.UTC(year, 0, 1) + quarter * 900_000;
          const { minute: shown } = spoken(now, timezone);
          const within = from < to ? shown >= from && shown < to : shown >= from || shown < to;
          const held = freezeAt([weekly(timezone, [0, 1, 2, 3, 4, 5, 6], from, to)], now);
          if (within) expect(held).toBeDefined();
          else if (held) expect(changes(now, timezone)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('ends when the last of those that follow each other does', () => {
    const windows = [
      weekly('UTC', [5], 16 * 60, 1440),
      weekly('UTC', [6, 0], 0, 1440),
      weekly('UTC', [0], 1380, 360),
    ];
    const friday = Date.UTC(2026, 0, 9, 18);
    expect(freezeAt(windows, friday)?.until).toBe(Date.UTC(2026, 0, 12, 6));
    expect(freezeAt(windows, friday - 3 * HOUR)).toBe(undefined);
  });

  test('that never ends says so', () => {
    expect(freezeAt([weekly('UTC', [0, 1, 2, 3, 4, 5, 6], 0, 1440)], 0)).toMatchObject({ until: undefined });
  });

  test('goes on past midnight and past a change of clocks', () => {
    const night = [weekly('Europe/Madrid', [6], 22 * 60, 6 * 60)];
    const begin = Date.UTC(2026, 9, 24, 20);
    expect(freezeAt(night, begin - 1)).toBe(undefined);
    // Nine hours, since three o'clock comes twice.
    expect(freezeAt(night, begin)?.until).toBe(begin + 9 * HOUR);
  });
});

describe('a calendar', () => {
  const read = (value: Json) => {
    const problems: string[] = [];
    const windows = readCalendar(
      value,
      (path, message) => problems.push(`${path.join('.')}: ${message}`),
      () => undefined,
    );
    return { windows, problems };
  };

  test('takes dates with their last day, date-times with an offset or of the zone, and days', () => {
    const { windows, problems } = read({
      timezone: 'Europe/Madrid',
      windows: [
        { from: '2026-12-18', to: '2027-01-07', reason: 'Christmas' },
        { from: '2026-11-27T08:00', to: '2026-11-27T20:00+05:30' },
        { days: ['fri', 'Saturday'], from: '16:00', to: '24:00', timezone: 'UTC' },
        { days: 'sun' },
      ],
    });
    expect(problems).toEqual([]);
    expect(windows).toMatchObject([
      { from: Date.UTC(2026, 11, 17, 23), to: Date.UTC(2027, 0, 7, 23), reason: 'Christmas' },
      { from: Date.UTC(2026, 10, 27, 7), to: Date.UTC(2026, 10, 27, 14, 30) },
      { days: new Set([5, 6]), from: 960, to: 1440, timezone: 'UTC' },
      { days: new Set([0]), from: 0, to: 1440, timezone: 'Europe/Madrid' },
    ]);
  });

  test('tells all that is wrong in it at once', () => {
    const { problems } = read({
      timezone: 'Europe/Madird',
      window: [],
      windows: [
        { from: '2026-02-30', to: '2026-03-01' },
        { from: '2026-03-02', to: '2026-03-01' },
        { days: ['fry'], from: '25:00' },
        { form: '2026-01-01', to: '2026-01-02' },
        7,
      ],
    });
    expect(problems).toEqual([
      'window: is not known here; did you mean windows?',
      'timezone: "Europe/Madird" is not a time zone; write its IANA name, such as Europe/Madrid',
      'windows.0.from: "2026-02-30" is not a date or a date-time, such as 2026-12-20 or 2026-12-20T18:00',
      'windows.1.to: "2026-03-01" is not after from "2026-03-02"',
      'windows.2.days: "fry" is not a day; did you mean fri?',
      'windows.2.from: "25:00" is not a time of the day, such as "16:00"',
      'windows.3.form: is not known here; did you mean from?',
      'windows.3: has no from; give from and to, as dates such as 2026-12-20, or days with times',
      'windows.4: is a number; a window is a mapping with from and to',
    ]);
  });

  test.each([[null], ['monday'], [{}]])('of %j is none', (value) => {
    expect(read(value).problems[0]).toMatch(/a calendar is a list of windows/);
  });
});

describe('the check', () => {
  const window: FreezeWindow = {
    kind: 'once',
    from: 0,
    to: DAY,
    timezone: 'UTC',
    reason: 'stocktaking',
    text: '1970-01-01 to 1970-01-01',
  };

  test('says until when and why', () => {
    expect(checkFreeze([window], undefined, HOUR).findings).toEqual([
      {
        check: 'freeze',
        level: 'fail',
        what: 'nothing is to be deployed until Fri 1970-01-02 00:00 (1970-01-01 to 1970-01-01, UTC): stocktaking',
        fix: 'Deploy after that; what cannot wait passes with freeze-override, which says who lets it through and why.',
      },
    ]);
  });

  test('records an override, and only one that was needed', () => {
    expect(checkFreeze([window], 'me: the till is down', HOUR)).toMatchObject({
      overridden: 'me: the till is down',
      findings: [{ level: 'warn' }],
    });
    expect(checkFreeze([window], 'me: the till is down', 2 * DAY)).toMatchObject({
      overridden: '',
      findings: [{ level: 'pass' }],
    });
  });
});
