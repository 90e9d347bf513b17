import { ConfigError } from '../errors.ts';

/**
 * The words of a command: a JSON array of texts, or words as a shell would split them, quotes and backslashes included.
 * ECS starts no shell, so what only a shell can do is refused.
 *
 * @throws ConfigError naming `input`; the command itself, which may hold secrets, is not repeated
 */
export async function parseWords(text: string, input: string): Promise<readonly string[]> {
  const wrong = (message: string): never => {
    throw new ConfigError({ input, message });
  };
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) return jsonWords(trimmed) ?? wrong(NO_ARRAY);
  // What no shell would change needs no library.
  if (/^[\w./:=,@%+\- \t]+$/.test(trimmed)) return trimmed.split(/[ \t]+/);

  if (/\\$/.test(trimmed) || /['"]/.test(trimmed.replace(QUOTED, ''))) {
    return wrong(`a quote or a backslash at its end is not closed; ${ARRAY}`);
  }
  // Not the library's part: it passes over what stands in backticks, and takes a line's end for a blank.
  if (trimmed.replace(/\\.|'[^']*'/gs, '').includes('`')) return wrong(`\`...\` ${SHELL}`);
  if (/(?:^|\s)~/.test(trimmed.replace(QUOTED, '"'))) return wrong(`~ at the start of a word ${SHELL}`);
  const { parse } = await import('shell-quote');
  // An object in the place of a variable keeps it from becoming an empty text.
  const words = parse(trimmed, (name) => ({ variable: name }));
  const problems = words.flatMap((word) => (typeof word === 'string' ? [] : [told(word)]));
  if (problems.length > 0) {
    return wrong(`${[...new Set(problems)].join(', ')} ${SHELL}`);
  }
  const texts = words.filter((word) => typeof word === 'string');
  if (texts.every((word) => word === ''))
    return wrong(`holds nothing but empty words; ${ARRAY}, or [""] if it is meant`);
  return texts;
}

const QUOTED = /\\.|'[^']*'|"(?:\\.|[^"\\])*"/gs;
const ARRAY = 'write the words as a JSON array, such as ["node", "server.js"]';
const NO_ARRAY = `starts with "[" and is not a JSON array of texts; ${ARRAY}`;
const SHELL =
  'is for a shell, and ECS starts none; put it in single quotes to have it as it is, or call the shell: ["sh", "-c", "..."]';

function told(word: object): string {
  if ('variable' in word) return word.variable === '' ? '$' : `$${word.variable}`;
  if ('comment' in word) return '#';
  if ('pattern' in word) return 'a pattern with * or ?';
  return 'op' in word ? String(word.op) : 'this';
}

function jsonWords(text: string): readonly string[] | undefined {
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
