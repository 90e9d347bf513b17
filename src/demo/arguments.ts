import { ConfigError } from '../errors.ts';

/** What the demo is asked to do. */
export type Request =
  | { readonly kind: 'play'; readonly names: readonly string[] }
  | { readonly kind: 'list' }
  | { readonly kind: 'help' };

export const USAGE = 'npm run demo -- [--story NAME]... [--list] [--help]';

/**
 * Reads the command line. Without a story all are played.
 *
 * @param known the names of all stories, in their order
 * @throws ConfigError when an argument is unknown or a story does not exist
 */
export function readArguments(given: readonly string[], known: readonly string[]): Request {
  const names: string[] = [];
  const stories = known.join(', ');
  for (let index = 0; index < given.length; index++) {
    const [flag, attached] = (given[index] ?? '').split(/=(.*)/s);
    if (flag === '--help' || flag === '-h') return { kind: 'help' };
    if (flag === '--list') return { kind: 'list' };
    if (flag !== '--story') {
      throw new ConfigError({ input: given[index] ?? '', message: `there is no such argument; ${USAGE}` });
    }
    const name = attached ?? given[++index];
    if (name === undefined)
      throw new ConfigError({ input: '--story', message: `it takes a name: ${stories}` });
    if (!known.includes(name)) {
      throw new ConfigError({ input: '--story', message: `there is no "${name}"; there are ${stories}` });
    }
    names.push(name);
  }
  return { kind: 'play', names: names.length === 0 ? known : known.filter((name) => names.includes(name)) };
}
