import { contentType } from './content-type.ts';
import type { Kind } from './entry.ts';
import { isHashedName } from './hashed-name.ts';

export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Kept, and asked about each time: an answer without a body when nothing has changed. */
export const REVALIDATED = 'no-cache';

/** What the user says of files, by patterns. */
export interface Rules {
  /** Those that go last. */
  readonly html: readonly string[];
  /** Instead of the names that bundlers give; undefined leaves it to them. */
  readonly immutable: readonly string[] | undefined;
  /** The first that fits decides. */
  readonly cacheControl: readonly { readonly glob: string; readonly value: string }[];
  readonly matches: (path: string, globs: readonly string[]) => boolean;
}

export const DEFAULT_HTML: readonly string[] = ['*.html', '*.htm'];

/** How a file is handed out. */
export interface Handling {
  readonly kind: Kind;
  readonly type: string;
  readonly cache: string;
}

/** How a file of this path is handed out, and whether it is overwritten in place. */
export function handlingOf(path: string, rules: Rules): Handling {
  const kind = kindOf(path, rules);
  const given = rules.cacheControl.find(({ glob }) => rules.matches(path, [glob]));
  return {
    kind,
    type: contentType(path),
    cache: given?.value ?? (kind === 'asset' ? IMMUTABLE : REVALIDATED),
  };
}

function kindOf(path: string, { html, immutable, matches }: Rules): Kind {
  if (immutable && matches(path, immutable)) return 'asset';
  if (matches(path, html)) return 'page';
  return immutable === undefined && isHashedName(path) ? 'asset' : 'file';
}
