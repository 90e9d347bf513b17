/**
 * When something happens again and again, or once: what a schedule expression of AWS says.
 * https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
 */
export type Schedule =
  /** Second, minute, hour, day of the month, month, day of the week from Sunday as 0, year. */
  | { readonly kind: 'cron'; readonly pattern: string }
  | { readonly kind: 'rate'; readonly everyMs: number }
  /** ISO 8601 without a time zone. */
  | { readonly kind: 'at'; readonly local: string };

const UNITS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** @returns undefined for what is no expression of AWS */
export function parseSchedule(text: string): Schedule | undefined {
  const [, kind, body = ''] = /^\s*(cron|rate|at)\((.*)\)\s*$/.exec(text) ?? [];
  if (kind === 'cron') {
    const pattern = translateCron(body);
    return pattern === undefined ? undefined : { kind, pattern };
  }
  if (kind === 'rate') {
    const [, value, unit] = /^\s*([1-9]\d*)\s+(minute|hour|day)s?\s*$/.exec(body) ?? [];
    return unit === undefined
      ? undefined
      : { kind, everyMs: Number(value) * UNITS[unit as keyof typeof UNITS] };
  }
  const local = body.trim();
  const valid = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(local) && !Number.isNaN(Date.parse(`${local}Z`));
  return kind === 'at' && valid ? { kind, local } : undefined;
}

interface Field {
  readonly least: number;
  readonly most: number;
  /** What stands for the numbers, in order from the least one. */
  readonly names?: readonly string[];
  /** What is not a number, in the words of the pattern. */
  readonly special?: (text: string) => string | undefined;
  /** Added to a number of AWS for one of the pattern. */
  readonly shift?: number;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const;
const DAYS: readonly string[] = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const dayOfMonth = (text: string): string | undefined =>
  /^(L|LW|([1-9]|[12]\d|3[01])W)$/.test(text) ? text : undefined;

/** `L` is Saturday, the last day of AWS's week; `6L` the last Friday of the month, `6#3` its third one. */
function dayOfWeek(text: string): string | undefined {
  if (text === 'L') return '6';
  const [, day, which] = /^([1-7]|[A-Z]{3})(L|#[1-5])$/.exec(text) ?? [];
  if (day === undefined || which === undefined) return undefined;
  const index = /\d/.test(day) ? Number(day) - 1 : DAYS.indexOf(day);
  return index < 0 ? undefined : `${index}${which === 'L' ? '#L' : which}`;
}

const FIELDS: readonly Field[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31, special: dayOfMonth },
  { least: 1, most: 12, names: MONTHS },
  { least: 1, most: 7, names: DAYS, special: dayOfWeek, shift: -1 },
  { least: 1970, most: 2199 },
];

/**
 * AWS's cron has days of the week from 1 (Sunday), `?` beside `*`, and `0/15` for every quarter of an hour. All of that
 * becomes plain lists, which every reader of cron understands alike.
 */
function translateCron(body: string): string | undefined {
  const texts = body.trim().toUpperCase().split(/\s+/);
  if (texts.length !== FIELDS.length) return undefined;
  const fields = FIELDS.map((field, at) => translateField(field, texts[at] ?? ''));
  return fields.includes(undefined) ? undefined : ['0', ...fields].join(' ');
}

function translateField(field: Field, text: string): string | undefined {
  if (text === '*' || text === '?') return '*';
  const parts = text.split(',').map((part) => field.special?.(part) ?? numbersOf(field, part));
  if (parts.includes(undefined)) return undefined;
  return [...new Set(parts.flat())].join(',');
}

function numbersOf(field: Field, part: string): readonly string[] | undefined {
  const [, range = '', step] = /^([^/]+)(?:\/([1-9]\d*))?$/.exec(part) ?? [];
  const [first = '', last, ...more] = range.split('-');
  const from = range === '*' ? field.least : numberOf(field, first);
  const open = range === '*' || (last === undefined && step !== undefined);
  const to = open ? field.most : last === undefined ? from : numberOf(field, last);
  if (from === undefined || to === undefined || more.length > 0) return undefined;
  // A range may go round: FRI-MON.
  const size = field.most - field.least + 1;
  const length = ((to - from + size) % size) + 1;
  const every = Number(step ?? 1);
  return Array.from({ length: Math.ceil(length / every) }, (_, index) => {
    const number = field.least + ((from - field.least + index * every) % size);
    return String(number + (field.shift ?? 0));
  });
}

function numberOf({ least, most, names = [] }: Field, text: string): number | undefined {
  const named = names.indexOf(text);
  if (named >= 0) return least + named;
  const number = Number(text);
  return /^\d{1,4}$/.test(text) && number >= least && number <= most ? number : undefined;
}
