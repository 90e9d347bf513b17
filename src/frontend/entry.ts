/**
 * What a file is to the pages: `asset` never changes under its name, `page` names the others, and everything else is
 * overwritten in place.
 */
export type Kind = 'asset' | 'file' | 'page';

/** One file of a version, as users get it. */
export interface Entry {
  /** Below the prefix, with `/` between directories. */
  readonly path: string;
  /** Of its bytes, in hex; empty where nobody knows what is there. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
  /** `Content-Type` */
  readonly type: string;
  /** `Cache-Control` */
  readonly cache: string;
  readonly kind: Kind;
  /** `Content-Encoding` of a variant that was compressed beforehand. */
  readonly encoding?: string;
  /** SHA-256 of the file that a variant was made of. */
  readonly of?: string;
  /** Where its bytes are kept for a restore: the id of a version, or `object`; assets stay where they are. */
  readonly stored?: string;
}

/** Below the prefix: what the action keeps for itself. */
export const RESERVED = '.deploy-actions';
export const STATE_KEY = `${RESERVED}/current.json`;

export const versionKey = (id: string): string => `${RESERVED}/versions/${id}`;
export const objectKey = (sha256: string): string => `${RESERVED}/objects/${sha256}`;

/** The page that users come in by, which goes last of all. */
export const ENTRY_PAGE = 'index.html';

/** Whether users get the same. */
export const isSame = (a: Entry | undefined, b: Entry): boolean =>
  a !== undefined &&
  a.sha256 === b.sha256 &&
  a.type === b.type &&
  a.cache === b.cache &&
  a.encoding === b.encoding;

const PLACES: readonly Kind[] = ['asset', 'file', 'page'];

/**
 * In which order files go up, in groups whose files may go side by side: what is named by others before what names it,
 * so that no page is ever there without its assets. The entry page goes alone, at the end.
 */
export function inOrder(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const groups = [...PLACES.map((): Entry[] => []), []];
  for (const entry of entries) {
    const isEntry = entry.path === ENTRY_PAGE || entry.path.startsWith(`${ENTRY_PAGE}.`);
    groups[isEntry ? PLACES.length : PLACES.indexOf(entry.kind)]?.push(entry);
  }
  return groups.filter((group) => group.length > 0);
}
