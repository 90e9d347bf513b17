import { matchesGlob } from 'node:path';

/** The last pattern that names a file decides; one with `!` before it takes files out again. */
export const isMatch = (path: string, patterns: readonly string[]): boolean =>
  patterns.reduce(
    (matched, pattern) =>
      pattern.startsWith('!')
        ? matched && !matchesGlob(path, pattern.slice(1))
        : matched || matchesGlob(path, pattern),
    false,
  );

/** A pattern without a directory is meant for files in any, as in a `.gitignore`. */
export const anywhere = (pattern: string): string => {
  const [not, rest] = pattern.startsWith('!') ? ['!', pattern.slice(1)] : ['', pattern];
  return rest.includes('/') ? `${not}${rest.replace(/^\//, '')}` : `${not}**/${rest}`;
};
