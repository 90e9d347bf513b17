import { ConfigError } from '../errors.ts';
import { parseDuration } from '../rollout/duration.ts';
import { isList, isObject, type Json, type JsonObject, type Path } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import { shown } from './finding.ts';
import { suggestion } from './suggestion.ts';
import { fill } from './template.ts';

/** Takes a problem with the value at a path of the document. */
export type Complain = (path: Path, message: string) => void;

/** The document that the fields are of. */
export interface Source {
  readonly complain: Complain;
  /** How a scalar is written there: `1.10`, where its value is 1.1. */
  written(path: Path): string | undefined;
}

/** Reads the fields of one mapping; what is wrong is told, and read as if it were not there. */
export class FieldReader {
  readonly path: Path;
  readonly #fields: JsonObject;
  readonly #source: Source;

  constructor(fields: JsonObject, path: Path, source: Source) {
    this.#fields = fields;
    this.path = path;
    this.#source = source;
  }

  /** @param elsewhere keys that belong somewhere else, and where */
  knows(keys: readonly string[], what: string, elsewhere: Readonly<Record<string, string>> = {}): void {
    for (const key of Object.keys(this.#fields)) {
      if (keys.includes(key)) continue;
      const near = suggestion(key, keys);
      const hint =
        (Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined) ??
        (near === undefined ? `there are ${keys.join(', ')}` : `did you mean ${near}?`);
      this.problem(key, `is no key of ${what}; ${hint}`);
    }
  }

  /** Says of each of them that has no value: what it was to expect would be expected of nothing. */
  filled(keys: readonly string[]): void {
    for (const key of keys) {
      if (!Object.hasOwn(this.#fields, key) || this.#fields[key] !== null) continue;
      this.problem(key, 'has no value; write one, in quotation marks where it begins with #');
    }
  }

  get(key: string): Json | undefined {
    const value = Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined;
    return value ?? undefined;
  }

  problem(key: string | number, message: string): undefined {
    this.#source.complain([...this.path, key], message);
    return undefined;
  }

  /** A text; numbers and booleans are taken as they are written in YAML. */
  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (isList(value) || isObject(value)) return this.problem(key, `is ${kindOf(value)}; write one text`);
    return this.#asWritten(value, [...this.path, key]);
  }

  #asWritten(value: Json, path: Path): string {
    return typeof value === 'string' ? value : (this.#source.written(path) ?? String(value));
  }

  /** A text that is right when `check` finds nothing wrong with it. */
  checkedText(key: string, check: (text: string) => string | undefined): string | undefined {
    const text = this.text(key);
    const wrong = text === undefined ? undefined : check(text);
    return wrong === undefined ? text : this.problem(key, `"${printable(text ?? '')}" ${wrong}`);
  }

  /** One text, or a list of them. */
  texts(key: string): readonly string[] {
    const value = this.get(key);
    if (value === undefined) return [];
    const items = isList(value) ? value : [value];
    return items.flatMap((item, index) => {
      const path = isList(value) ? [...this.path, key, index] : [...this.path, key];
      if (!isList(item) && !isObject(item) && item !== null) return [this.#asWritten(item, path)];
      this.#source.complain(path, `is ${kindOf(item)}; write a text`);
      return [];
    });
  }

  boolean(key: string): boolean | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.problem(key, `${shown(value)} is not a boolean; write true or false`);
  }

  integer(key: string, min: number, max: number): number | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max)
      return number;
    return this.problem(key, `${shown(value)} is not a whole number from ${min} to ${max}`);
  }

  number(key: string): number | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === 'number') return value;
    return this.problem(key, `${shown(value)} is not a number`);
  }

  /** In milliseconds, and more than none. */
  duration(key: string, orNone = false): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    try {
      const ms = parseDuration(text, key);
      if (ms > 0 || orNone) return ms;
      return this.problem(key, `"${text}" is no time at all; write a duration such as 10s`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { message } of error.problems) this.problem(key, message);
      return undefined;
    }
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const found = values.find((value) => value === text);
    return found ?? this.problem(key, `"${printable(text)}" is not one of ${values.join(', ')}`);
  }

  /**
   * The sources of regular expressions that are some.
   *
   * @param filled whether `${name}` in them is filled in later
   */
  patterns(key: string, filled = true): readonly string[] {
    return this.texts(key).filter((pattern) => {
      const wrong = patternProblem(filled ? fill(pattern, new Map(), () => 'x') : pattern);
      if (wrong !== undefined)
        this.problem(key, `"${printable(pattern)}" is not a regular expression: ${wrong}`);
      return wrong === undefined;
    });
  }

  /** A mapping of names to texts, in its order. */
  pairs(key: string, what: string): readonly (readonly [name: string, value: string])[] {
    const value = this.get(key);
    if (value === undefined) return [];
    if (!isObject(value)) {
      this.problem(key, `is ${kindOf(value)}; write a mapping of ${what} to values`);
      return [];
    }
    const inner = new FieldReader(value, [...this.path, key], this.#source);
    return Object.keys(value).flatMap((name) => {
      if (value[name] === null) inner.problem(name, 'has no value; write "" for an empty one');
      return inner.texts(name).map((text) => [name, text] as const);
    });
  }

  /** The fields of a mapping below this one. */
  below(key: string, what: string): FieldReader | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (!isObject(value)) return this.problem(key, `is ${kindOf(value)}; ${what}`);
    return new FieldReader(value, [...this.path, key], this.#source);
  }

  get keys(): readonly string[] {
    return Object.keys(this.#fields);
  }
}

function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
