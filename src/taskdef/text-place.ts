/** A place in a text; lines and columns count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxFault extends TextPlace {
  /** What is wrong, without a word of the text itself: it may hold secrets. */
  readonly message: string;
  /** The text can be read, but is not taken: a key stands twice, of which readers would take either. */
  readonly readable?: true;
}

export function placeAt(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
