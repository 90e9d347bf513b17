import { quote } from 'shell-quote';

/** Commands for a POSIX shell with the AWS CLI, of either version, as people paste them into a terminal. */

type Value = string | number | boolean | readonly string[] | undefined;
/** Options by their names; undefined and empty ones are left out, booleans are `--x` and `--no-x`. */
export type Options = Readonly<Record<string, Value>>;

export const BREAK = ' \\\n  ';

/** Colons, commas and the like mean nothing to a shell, and escapes are hard to read in an emergency. */
const word = (text: string): string => (/^[\w.,:=/@%+-]+$/.test(text) ? text : quote([text]));

function words(options: Options): readonly string[] {
  return Object.entries(options).flatMap(([name, value]): string[] => {
    if (value === undefined || (typeof value === 'object' && value.length === 0)) return [];
    if (typeof value === 'boolean') return [value ? name : name.replace(/^--/, '--no-')];
    return [`${name} ${(typeof value === 'object' ? value : [String(value)]).map(word).join(' ')}`];
  });
}

/** One command, an option a line; every value is one word of the shell. */
export const command = (name: string, options: Options): string => [name, ...words(options)].join(BREAK);

/** The same in one line. */
const line = (name: string, options: Options): string => [name, ...words(options)].join(' ');

/**
 * Commands of which none runs when the one before has failed. No `set -e`, which would close the terminal of whoever
 * pastes them. The command line of version 2 shows answers in a pager, which would take the lines that follow for keys.
 */
export const script = (commands: readonly string[]): string =>
  ['export AWS_PAGER=', commands.join(' &&\n')].join('\n');

/**
 * Waits for a state. `aws ... wait` gives up after half an hour, which is too short for big databases; for what is not
 * there, or fails, it gives up at once, and so do these four.
 */
export const waitFor = (name: string, options: Options): string =>
  `for n in 1 2 3 4; do ${line(name, options)} && break; done`;

/** Looks for ten minutes whether something is there. It does not fail: what follows does, and says what AWS says. */
export const appear = (name: string, options: Options): string =>
  `for n in $(seq 60); do ${line(name, options)} > /dev/null 2>&1 && break; sleep 10; done`;
