import { ConfigError } from '../../src/errors.ts';

/** What a parser says about its input, as `input: message`; nothing when it takes it. */
export function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ input, message }) => `${input}: ${message}`);
  }
}
