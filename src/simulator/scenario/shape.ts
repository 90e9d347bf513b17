import type { Problem } from '../../errors.ts';

/** Everything that is wrong with a value. */
export class ShapeError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ input, message }) => `${input}: ${message}`).join('\n'));
    this.name = 'ShapeError';
    this.problems = problems;
  }
}

/** Turns a parsed YAML value into a typed one; `path` names its place, such as `services[0].name`. */
export type Reader<T> = (value: unknown, path: string) => T;

/** A member of an object: whether it may be left out, and what it is then. */
export interface Field<T> {
  readonly read: Reader<T>;
  readonly kind: 'required' | 'optional' | 'default';
  readonly fallback?: T;
}

export const required = <T>(read: Reader<T>): Field<T> => ({ read, kind: 'required' });
export const optional = <T>(read: Reader<T>): Field<T> => ({ read, kind: 'optional' });
export const withDefault = <T>(read: Reader<T>, fallback: T): Field<T> => ({
  read,
  kind: 'default',
  fallback,
});

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** The complaint about a value that is not what its place takes. */
export const wrong = (path: string, expected: string, value: unknown): ShapeError =>
  new ShapeError([{ input: path || 'scenario', message: `${expected} expected, got ${show(value)}` }]);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Collects the problems of several parts instead of stopping at the first. */
function collect(parts: readonly (() => void)[]): void {
  const problems: Problem[] = [];
  for (const part of parts) {
    try {
      part();
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ShapeError(problems);
}

/** An object with these members and no others. */
export function object<T>(fields: { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> }): Reader<T> {
  const entries = Object.entries<Field<unknown>>(fields);
  return (value, path) => {
    if (!isRecord(value)) throw wrong(path, 'an object', value);
    const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
    const result: Record<string, unknown> = {};
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
    collect([
      () => {
        if (unknown.length === 0) return;
        const known = entries.map(([key]) => key).join(', ');
        throw new ShapeError(
          unknown.map((key) => ({ input: at(key), message: `unknown key; known are ${known}` })),
        );
      },
      ...entries.map(([key, field]) => () => {
        const given = value[key];
        if (given !== undefined && given !== null) result[key] = field.read(given, at(key));
        else if (field.kind === 'default') result[key] = field.fallback;
        else if (field.kind === 'required') throw new ShapeError([{ input: at(key), message: 'missing' }]);
      }),
    ]);
    return result as T;
  };
}

export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'a list', value);
    const items: T[] = [];
    collect(value.map((item: unknown, index) => () => void items.push(read(item, `${path}[${index}]`))));
    return items;
  };
}

/** An object with any keys. */
export function record<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isRecord(value)) throw wrong(path, 'an object', value);
    const result: Record<string, T> = {};
    collect(
      Object.entries(value).map(([key, item]) => () => {
        result[key] = read(item, `${path}.${key}`);
      }),
    );
    return result;
  };
}

/** An object that someone else checks. */
export const passedOn = (value: unknown, path: string): Record<string, unknown> => {
  if (!isRecord(value)) throw wrong(path, 'an object', value);
  return value;
};

export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string' || value === '') throw wrong(path, 'a text', value);
  return value;
};

/** A text that YAML may have read as a number, such as `512`. */
export const textOrNumber: Reader<string> = (value, path) =>
  typeof value === 'number' ? String(value) : text(value, path);

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw wrong(path, 'true or false', value);
  return value;
};

export const oneOf =
  <T extends string>(...choices: readonly T[]): Reader<T> =>
  (value, path) => {
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw wrong(path, `one of ${choices.join(', ')}`, value);
    return chosen;
  };

export const number =
  (min: number, max = Number.POSITIVE_INFINITY): Reader<number> =>
  (value, path) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      const range = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`;
      throw wrong(path, `a number ${range}`, value);
    }
    return value;
  };

export const whole =
  (min: number, max = Number.POSITIVE_INFINITY): Reader<number> =>
  (value, path) => {
    const read = number(min, max)(value, path);
    if (!Number.isInteger(read)) throw wrong(path, 'a whole number', value);
    return read;
  };

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `80ms`, `25s`, `10m`, `2h`, `7d`; a bare number is in milliseconds. */
export const duration: Reader<number> = (value, path) => {
  if (typeof value === 'number' && value >= 0) return value;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(String(value)) ?? [];
  const factor = UNITS[unit ?? ''];
  if (digits === undefined || factor === undefined)
    throw wrong(path, 'a duration such as 80ms, 25s or 10m', value);
  return Number(digits) * factor;
};

/** `5%` or 0.05. */
export const share: Reader<number> = (value, path) => {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(String(value))?.[1];
  const read = percent === undefined ? value : Number(percent) / 100;
  if (typeof read !== 'number' || !(read >= 0 && read <= 1))
    throw wrong(path, 'a share such as 5% or 0.05', value);
  return read;
};

/** `08:30` as milliseconds since midnight. */
export const timeOfDay: Reader<number> = (value, path) => {
  const [, hours, minutes] = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(String(value)) ?? [];
  if (hours === undefined || minutes === undefined) throw wrong(path, 'a time of day such as "08:30"', value);
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
};

/** A date with a time, as ISO 8601 writes it; ms since the epoch. */
export const moment: Reader<number> = (value, path) => {
  const at = value instanceof Date ? value.getTime() : Date.parse(String(value));
  if (Number.isNaN(at)) throw wrong(path, 'a time such as 2026-11-02T09:00:00Z', value);
  return at;
};
