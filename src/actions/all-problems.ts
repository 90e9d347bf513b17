import { ConfigError } from '../errors.ts';

/**
 * Waits for all, so that what is wrong with the configuration is told at once, whichever of them has found it.
 *
 * @returns what they give, in their order
 * @throws the first error that is none of the configuration; else one ConfigError with all problems
 */
export async function withAllProblems<T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ends = await Promise.allSettled(promises);
  const errors = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  const wrong = errors.filter((error) => error instanceof ConfigError);
  const other = errors.find((error) => !(error instanceof ConfigError));
  if (other !== undefined) throw other;
  if (wrong.length > 0) throw new ConfigError(wrong.flatMap(({ problems }) => problems));
  return Promise.all(promises);
}
