import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../src/schedule/expression.ts';
import { firstDue, isUnderstood, lastDue, type Scheduled } from '../../src/schedule/occurrences.ts';

const cron = (text: string) => {
  const parsed = parseSchedule(`cron(${text})`);
  return parsed?.kind === 'cron' ? parsed.pattern : undefined;
};

describe('an expression of AWS', () => {
  it.each([
    ['0 8 * * ? *', '0 0 8 * * * *'],
    ['0/15 8-10 ? * MON-FRI *', '0 0,15,30,45 8,9,10 * * 1,2,3,4,5 *'],
    ['0 8 ? * 1,7 *', '0 0 8 * * 0,6 *'],
    ['0 8 ? * FRI-MON *', '0 0 8 * * 5,6,0,1 *'],
    ['0 8 L * ? *', '0 0 8 L * * *'],
    ['0 8 LW * ? 2026', '0 0 8 LW * * 2026'],
    ['0 8 3W JAN,jul ? 2026-2027', '0 0 8 3W 1,7 * 2026,2027'],
    ['0 8 ? * 6L *', '0 0 8 * * 5#L *'],
    ['0 8 ? * L *', '0 0 8 * * 6 *'],
    ['0 8 ? * 6#3 *', '0 0 8 * * 5#3 *'],
    ['0 8 ? * fri#3 *', '0 0 8 * * 5#3 *'],
    ['50/5 */12 1/10 * ? *', '0 50,55 0,12 1,11,21,31 * * *'],
  ])('cron(%s) becomes %s', (text, pattern) => {
    expect(cron(text)).toBe(pattern);
  });

  it.each([
    '0 8 * * ?',
    '60 8 * * ? *',
    '0 24 * * ? *',
    '0 8 0 * ? *',
    '0 8 ? * 0 *',
    '0 8 ? * 8L *',
    '0 8 ? * XYZ#1 *',
    '0 8 1-2-3 * ? *',
    '0/0 8 * * ? *',
    'a 8 * * ? *',
  ])('cron(%s) is none', (text) => {
    expect(cron(text)).toBeUndefined();
  });

  it('is a rate or one moment', () => {
    expect(parseSchedule('rate(5 minutes)')).toEqual({ kind: 'rate', everyMs: 300_000 });
    expect(parseSchedule('rate(1 day)')).toEqual({ kind: 'rate', everyMs: 86_400_000 });
    expect(parseSchedule('rate(0 days)')).toBeUndefined();
    expect(parseSchedule('at(2026-01-05T08:00:00)')).toEqual({ kind: 'at', local: '2026-01-05T08:00:00' });
    expect(parseSchedule('at(2026-13-05T08:00:00)')).toBeUndefined();
    expect(parseSchedule('every day')).toBeUndefined();
  });
});

const action = (schedule: string, more: Partial<Scheduled> = {}): Scheduled => ({
  schedule,
  createdAt: Date.UTC(2025, 0),
  ...more,
});
const utc = (text: string): number => Date.parse(`${text}Z`);
const iso = (time: number | undefined) => time && new Date(time).toISOString().slice(0, 16);

describe('what is due', () => {
  const morning = action('cron(0 8 ? * MON-FRI *)');

  it('is found from either end, the end of the time included and its beginning not', () => {
    const [monday, friday] = [utc('2026-01-05T08:00'), utc('2026-01-09T08:00')];
    expect(lastDue(morning, monday - 1, monday)).toBe(monday);
    expect(lastDue(morning, monday, monday + 3_600_000)).toBeUndefined();
    expect(lastDue(morning, monday - 86_400_000, monday - 1)).toBeUndefined();
    expect(lastDue(morning, monday, utc('2026-01-11T12:00'))).toBe(friday);
    expect(firstDue(morning, monday - 1, friday)).toBe(monday);
    expect(firstDue(morning, friday, utc('2026-01-11T12:00'))).toBeUndefined();
    expect(lastDue(morning, monday - 1, monday + 500)).toBe(monday);
  });

  it('lies between start and end', () => {
    const bounded = { ...morning, startsAt: utc('2026-01-06T00:00'), endsAt: utc('2026-01-07T09:00') };
    expect(iso(firstDue(bounded, utc('2026-01-01T00:00'), utc('2027-01-01T00:00')))).toBe('2026-01-06T08:00');
    expect(iso(lastDue(bounded, utc('2026-01-01T00:00'), utc('2027-01-01T00:00')))).toBe('2026-01-07T08:00');
  });

  it('is told in the time zone of the schedule', () => {
    const tokyo = { ...morning, timezone: 'Asia/Tokyo' };
    expect(iso(firstDue(tokyo, utc('2026-01-05T00:00') - 7_200_000, utc('2026-01-06T00:00')))).toBe(
      '2026-01-04T23:00',
    );
    const once = action('at(2026-07-05T08:00:00)', { timezone: 'Europe/Berlin' });
    expect(iso(lastDue(once, utc('2026-07-05T00:00'), utc('2026-07-06T00:00')))).toBe('2026-07-05T06:00');
    expect(firstDue(once, utc('2026-07-05T06:00'), utc('2026-07-06T00:00'))).toBeUndefined();
  });

  it('comes right after the hour that a change to summer time leaves out, and once where an hour comes twice', () => {
    const berlin = action('cron(30 2 * * ? *)', { timezone: 'Europe/Berlin' });
    const spring = [utc('2026-03-28T12:00'), utc('2026-03-29T12:00')] as const;
    expect(iso(firstDue(berlin, ...spring))).toBe('2026-03-29T01:00');
    expect(iso(lastDue(berlin, ...spring))).toBe('2026-03-29T01:00');
    const autumn = [utc('2026-10-24T12:00'), utc('2026-10-25T12:00')] as const;
    expect(iso(firstDue(berlin, ...autumn))).toBe('2026-10-25T00:30');
    expect(iso(lastDue(berlin, ...autumn))).toBe('2026-10-25T00:30');
  });

  it('counts a rate from its start, or else from when it was made', () => {
    const from = utc('2026-01-05T08:07');
    const started = action('rate(10 minutes)', { startsAt: from });
    expect(firstDue(started, 0, from + 1)).toBe(from);
    expect(iso(lastDue(started, from, utc('2026-01-05T08:40')))).toBe('2026-01-05T08:37');
    const made = action('rate(1 hour)', { createdAt: from });
    expect(iso(firstDue(made, 0, utc('2026-01-06T00:00')))).toBe('2026-01-05T09:07');
    expect(lastDue(made, 0, from)).toBeUndefined();
  });

  it('is not known of what is not understood, and no error', () => {
    for (const strange of [action('cron(0 8 * * ?)'), { ...morning, timezone: 'Moon/Crater' }]) {
      expect(isUnderstood(strange)).toBe(false);
      expect(lastDue(strange, 0, Date.UTC(2030, 0))).toBeUndefined();
      expect(firstDue(strange, 0, Date.UTC(2030, 0))).toBeUndefined();
    }
    expect(isUnderstood(morning)).toBe(true);
  });

  it('is every minute that the fields name, and no other', () => {
    const field = (least: number, most: number) => fc.integer({ min: least, max: most });
    fc.assert(
      fc.property(
        field(0, 59),
        field(0, 23),
        field(1, 7),
        fc.integer({ min: 0, max: 365 * 24 * 60 }),
        (minute, hour, day, offset) => {
          const each = action(`cron(${minute} ${hour} ? * ${day} *)`);
          const now = Date.UTC(2026, 0) + offset * 60_000;
          const due = firstDue(each, now, now + 8 * 86_400_000);
          const date = new Date(due ?? Number.NaN);
          expect([date.getUTCMinutes(), date.getUTCHours(), date.getUTCDay() + 1]).toEqual([
            minute,
            hour,
            day,
          ]);
          expect((due ?? 0) - now).toBeGreaterThan(0);
          expect((due ?? 0) - now).toBeLessThanOrEqual(7 * 86_400_000);
          // Seen from behind it is the same one.
          expect(lastDue(each, now, due ?? 0)).toBe(due);
        },
      ),
      { numRuns: 60 },
    );
  });
});
