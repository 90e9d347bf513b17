import { UnreadableRequest } from './protocol.ts';

/** An element of a document: either others are in it, or text is. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: OpenElement[];
}

const PIECE = /<\?[^>]*\?>|<!--.*?-->|<(\/?)([\w:.-]+)[^<>]*?(\/?)>|([^<]+)/gsy;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads the document of a request: elements and text, as AWS's clients write them. Attributes are passed over.
 *
 * @returns its root
 * @throws UnreadableRequest
 */
export function readXml(text: string): XmlElement {
  const document: OpenElement = { name: '', text: '', children: [] };
  const open = [document];
  let end = 0;
  for (const [piece, closing, name, empty, words] of text.matchAll(PIECE)) {
    end += piece.length;
    const [parent = document] = open;
    if (words !== undefined) parent.text += decoded(words);
    else if (closing) {
      if (parent.name !== name) throw malformed();
      open.shift();
    } else if (name !== undefined) {
      const child: OpenElement = { name, text: '', children: [] };
      parent.children.push(child);
      if (!empty) open.unshift(child);
    }
  }
  const [root, ...others] = document.children;
  if (end !== text.length || open.length > 1 || root === undefined || others.length > 0) throw malformed();
  return root;
}

const malformed = () =>
  new UnreadableRequest(
    'The XML you provided was not well-formed or did not validate against our published schema',
  );

const decoded = (text: string): string =>
  text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
