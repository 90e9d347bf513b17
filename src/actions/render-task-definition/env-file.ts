import { ConfigError, type Problem } from '../../errors.ts';

/** The variables of an env file. */
export interface EnvFile {
  readonly variables: ReadonlyMap<string, string>;
  /** Variables in which Docker Compose would put others in the place of `$NAME`, with the lines that they stand in. */
  readonly unfilled: readonly { readonly name: string; readonly line: number }[];
}

/**
 * Reads an env file in the syntax of Docker Compose: `NAME=value` or `NAME: value`, blanks around each allowed, and
 * `export` before it. What starts with `#` or follows ` #` is a comment, single quotes hold anything and `\'`, double
 * quotes also the escapes `\n`, `\r`, `\t`, `\"`, `\$` and `\\`, and both may span lines. Two things of Compose are not
 * done: nothing is put in the place of `$NAME`, and a name alone takes no value from this runner. Node's own parser cuts
 * `secret#1` at the `#` and passes over lines that it does not understand.
 * https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
 *
 * @throws ConfigError naming the line of everything else, never its text: values may be secrets
 */
export function parseEnvFile(text: string, file: string, input: string): EnvFile {
  const content = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const variables = new Map<string, string>();
  const unfilled = new Map<string, number>();
  const problems: Problem[] = [];
  for (let at = 0; at < content.length; ) {
    const noise = match(NOISE, content, at);
    const name = noise ? undefined : match(NAME, content, at);
    const value = name && valueAt(content, name.end);
    const line = () => content.slice(0, at).split('\n').length;
    if (name && value) {
      variables.set(name.text, value.text);
      unfilled.delete(name.text);
      if (value.unfilled) unfilled.set(name.text, line());
    }
    const read = noise ?? value;
    if (!read) {
      const message = match(ALONE, content, at)
        ? 'is a name alone, to which Docker Compose gives the value that its own surroundings have; here nothing does: write NAME=value'
        : name
          ? 'opens a quote that is not closed, or says more after its end; in quotes, write \\" or \\\' for the quote itself'
          : 'is not NAME=value';
      problems.push({ input: `${input} ${file} line ${line()}`, message });
    }
    const lineEnd = content.indexOf('\n', at);
    at = read?.end ?? (lineEnd < 0 ? content.length : lineEnd + 1);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { variables, unfilled: [...unfilled].map(([name, line]) => ({ name, line })) };
}

interface Match {
  readonly text: string;
  /** The offset after it. */
  readonly end: number;
}

interface Value extends Match {
  /** Whether it holds what Docker Compose would replace. */
  readonly unfilled: boolean;
}

const NOISE = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const NAME = /[ \t]*(?:export[ \t]+)?([^\s=:'"#]+)[ \t]*[=:]/y;
const ALONE = /[ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const SINGLE = /[ \t]*'((?:\\'|\\(?!')|[^'\\])*)'[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const DOUBLE = /[ \t]*"((?:\\[\s\S]|[^"\\])*)"[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const BARE = /(?![ \t]*['"])((?:(?![ \t]#)[^\n])*)(?:[ \t]#[^\n]*)?(?:\n|$)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };
const FILLED = /\$(?:\{|[A-Za-z_])/;

function valueAt(content: string, at: number): Value | undefined {
  const double = match(DOUBLE, content, at);
  if (double) {
    const text = double.text.replace(/\\([\s\S])/g, (whole, escaped: string) => ESCAPES[escaped] ?? whole);
    return { ...double, text, unfilled: FILLED.test(double.text.replace(/\\[\s\S]/g, '\\')) };
  }
  const single = match(SINGLE, content, at);
  if (single) return { ...single, text: single.text.replaceAll("\\'", "'"), unfilled: false };
  const bare = match(BARE, content, at);
  return bare && { ...bare, text: bare.text.trim(), unfilled: FILLED.test(bare.text) };
}

function match(pattern: RegExp, text: string, at: number): Match | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found ? { text: found[1] ?? '', end: pattern.lastIndex } : undefined;
}
