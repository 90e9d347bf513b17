import { ConfigError, type Problem } from '../../errors.ts';

/**
 * The variables of an env file, in the syntax of Docker Compose: `NAME=value` lines, `export` before them allowed, what
 * starts with `#` or follows ` #` is a comment, single quotes hold anything, double quotes also the escapes `\n`, `\r`,
 * `\t`, `\"`, `\$` and `\\`, and both may span lines. Nothing is put in the place of `$NAME`. Node's own parser cuts
 * `secret#1` at the `#` and passes over lines that it does not understand.
 * https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
 *
 * @throws ConfigError naming the line of everything else, never its text: values may be secrets
 */
export function parseEnvFile(text: string, file: string, input: string): ReadonlyMap<string, string> {
  const content = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const variables = new Map<string, string>();
  const problems: Problem[] = [];
  for (let at = 0; at < content.length; ) {
    const noise = match(NOISE, content, at);
    const name = noise ? undefined : match(NAME, content, at);
    const value = name && valueAt(content, name.end);
    if (name && value) variables.set(name.text, value.text);
    const read = noise ?? value;
    if (!read) {
      problems.push({
        input: `${input} ${file} line ${content.slice(0, at).split('\n').length}`,
        message: 'is not NAME=value: blanks around the name, or a quote that is not closed, are not either',
      });
    }
    const lineEnd = content.indexOf('\n', at);
    at = read?.end ?? (lineEnd < 0 ? content.length : lineEnd + 1);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return variables;
}

interface Match {
  readonly text: string;
  /** The offset after it. */
  readonly end: number;
}

const NOISE = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const NAME = /[ \t]*(?:export[ \t]+)?([^\s='"#]+)=/y;
const SINGLE = /[ \t]*'([^']*)'[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const DOUBLE = /[ \t]*"((?:\\[\s\S]|[^"\\])*)"[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const BARE = /(?![ \t]*['"])((?:(?![ \t]#)[^\n])*)(?:[ \t]#[^\n]*)?(?:\n|$)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

function valueAt(content: string, at: number): Match | undefined {
  const double = match(DOUBLE, content, at);
  if (double) {
    const text = double.text.replace(/\\([\s\S])/g, (whole, escaped: string) => ESCAPES[escaped] ?? whole);
    return { ...double, text };
  }
  const single = match(SINGLE, content, at);
  if (single) return single;
  const bare = match(BARE, content, at);
  return bare && { ...bare, text: bare.text.trim() };
}

function match(pattern: RegExp, text: string, at: number): Match | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found ? { text: found[1] ?? '', end: pattern.lastIndex } : undefined;
}
