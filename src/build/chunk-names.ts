/** Words long enough to tell what a chunk is about: names of properties, operations, parts of messages. */
const WORD = /[\w$-]{6,}/g;

/** What ncc has made of a chunk: its number in its first lines, which is its file's name too. */
const NUMBER = /^export const id = (\d+);\nexport const ids = \[\1\];\n/;
/** The file that starts has another name for what loads chunks than the chunks have. */
const LOADING = /(\b__(?:webpack|nccwpck)_require__\.e\((?:\/\* import\(\) \*\/ )?)(\d+)(?=\))/g;

/** The names of all files have the same length, so that they sort as their numbers do. */
const FIRST = 101;

/**
 * Gives the chunks of a bundle other numbers, so that files that are alike stand beside each other: a release is packed
 * in the order of names, and gzip finds again what was in the last 32 KB. That makes it 3% smaller.
 *
 * @param scripts by the name of the file, as ncc has written them: `index.js`, and `1234.index.js` for the chunk 1234
 * @returns the same by their new names
 * @throws where a chunk is written otherwise than this module knows
 */
export function inOrder(scripts: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [file, text] of scripts) {
    const id = file.match(/^(\d+)\.index\.js$/)?.[1];
    if (id === undefined) continue;
    if (NUMBER.exec(text)?.[1] !== id) throw new Error(`${file} does not begin with the number of its chunk`);
    texts.set(id, text);
  }
  const numbers = new Map(alike(texts).map((id, index) => [id, String(FIRST + index)]));
  const renamed = (id: string, where: string): string => {
    const number = numbers.get(id);
    if (number === undefined) throw new Error(`${where} loads chunk ${id}, of which there is no file`);
    return number;
  };
  return new Map(
    [...scripts].map(([file, text]) => {
      const loading = text.replace(LOADING, (_, call: string, id: string) => call + renamed(id, file));
      const id = NUMBER.exec(text)?.[1];
      if (id === undefined) return [file, loading];
      const number = renamed(id, file);
      const named = loading.replace(
        NUMBER,
        `export const id = ${number};\nexport const ids = [${number}];\n`,
      );
      return [`${number}.index.js`, named];
    }),
  );
}

/** Begins with the longest; next is always what shares the largest part of its words with the one before. */
function alike(texts: ReadonlyMap<string, string>): readonly string[] {
  const left = new Map(
    [...texts]
      .toSorted(([, one], [, other]) => other.length - one.length || (one < other ? -1 : 1))
      .map(([id, text]) => [id, new Set(text.match(WORD))]),
  );
  const order: string[] = [];
  let before: ReadonlySet<string> = new Set();
  while (left.size > 0) {
    let next: { readonly id: string; readonly words: ReadonlySet<string>; readonly part: number } | undefined;
    for (const [id, words] of left) {
      const part = likeness(before, words);
      if (next === undefined || part > next.part) next = { id, words, part };
    }
    if (next === undefined) break;
    order.push(next.id);
    left.delete(next.id);
    before = next.words;
  }
  return order;
}

/** How many of the words of both are in both, from 0 to 1. */
function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const word of one) if (other.has(word)) common++;
  return common / Math.max(1, one.size + other.size - common);
}
