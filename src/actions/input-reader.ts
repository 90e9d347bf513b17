import { ConfigError, type Problem } from '../errors.ts';
import { parseDuration } from '../rollout/duration.ts';

/** Where an action's inputs come from; an input that is not set is an empty string, as GitHub hands it over. */
export type InputSource = (name: string) => string;

/**
 * Reads all inputs of an action and collects every problem, so that the user sees them all at once.
 * Each reading method answers something even when its input is wrong; `finish` then throws.
 */
export class InputReader {
  readonly #source: InputSource;
  readonly #label: string;
  readonly #problems: Problem[] = [];

  /** @param label stands before every input in problems, where the inputs are those of one item of a list */
  constructor(source: InputSource, label = '') {
    this.#source = source;
    this.#label = label;
  }

  /** The trimmed text, or `undefined` when the input is empty. */
  optional(name: string): string | undefined {
    const text = this.#source(name).trim();
    return text === '' ? undefined : text;
  }

  /** The text as given, line ends and blanks kept, or `undefined` when there is nothing but blanks. */
  verbatim(name: string): string | undefined {
    const text = this.#source(name);
    return text.trim() === '' ? undefined : text;
  }

  /** Entries on lines of their own, or with commas or blanks between them; none when the input is empty. */
  list(name: string, between = /[\s,]+/): readonly string[] {
    const entries = this.optional(name)?.split(between) ?? [];
    return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
  }

  required(name: string, example: string): string {
    const text = this.optional(name);
    if (text === undefined)
      this.problem(name, `is required and was not given; for example ${name}: ${example}`);
    return text ?? '';
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const text = this.optional(name);
    if (text === undefined) return fallback;
    const found = values.find((value) => value === text);
    if (found === undefined) this.problem(name, `"${text}" is not one of ${values.join(', ')}`);
    return found ?? fallback;
  }

  /** YAML's booleans, in the three spellings that GitHub's own toolkit takes. */
  boolean(name: string, fallback: boolean): boolean {
    const text = this.optional(name);
    if (text === undefined) return fallback;
    if (['true', 'True', 'TRUE'].includes(text)) return true;
    if (['false', 'False', 'FALSE'].includes(text)) return false;
    this.problem(name, `"${text}" is not a boolean; write true or false`);
    return fallback;
  }

  integer(name: string, fallback: number, range: { min: number; max: number }): number {
    const text = this.optional(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= range.min && value <= range.max) return value;
    this.problem(name, `"${text}" is not a whole number from ${range.min} to ${range.max}`);
    return fallback;
  }

  /** A duration such as `15m`, in milliseconds. */
  duration(name: string, fallback: number): number {
    return this.parse(name, (text) => parseDuration(text, name), fallback);
  }

  /** Hands the trimmed text to `parse`, whose ConfigError joins the collected problems. */
  parse<T>(name: string, parse: (text: string) => T, fallback: T): T {
    const text = this.optional(name);
    if (text === undefined) return fallback;
    return this.attempt(() => parse(text), fallback);
  }

  /** Runs any check that throws ConfigError and collects its problems. */
  attempt<T>(check: () => T, fallback: T): T {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#problems.push(...error.problems);
      return fallback;
    }
  }

  /** As `attempt`, for a check that loads a library or a file. */
  async attemptLater<T>(check: () => Promise<T>, fallback: T): Promise<T> {
    const outcome = await check().then(
      (value) => () => value,
      (error: unknown) => (): T => {
        throw error;
      },
    );
    return this.attempt(outcome, fallback);
  }

  problem(input: string, message: string): void {
    this.#problems.push({ input, message });
  }

  /** @throws ConfigError with all problems of all inputs, when there is any */
  finish(): void {
    if (this.#problems.length === 0) return;
    const label = this.#label === '' ? '' : `${this.#label}: `;
    throw new ConfigError(
      this.#problems.map((problem) => ({ ...problem, input: `${label}${problem.input}` })),
    );
  }
}
