/** One page of a listing and the token that asks for the next one. */
export interface Page<Item> {
  readonly items: Item[];
  readonly next?: string;
}

const TOKEN = /^page-(\d+)$/;

/**
 * Cuts a listing into pages. The token is opaque to callers, base64 like AWS's.
 *
 * @param refuse what to throw for a token that this listing never gave
 */
export function page<Item>(
  all: readonly Item[],
  token: string | undefined,
  size: number,
  refuse: () => Error,
): Page<Item> {
  let start = 0;
  if (token !== undefined && token !== '') {
    const match = TOKEN.exec(Buffer.from(token, 'base64').toString('utf8'));
    if (match?.[1] === undefined) throw refuse();
    start = Number(match[1]);
  }
  const end = start + size;
  const items = all.slice(start, end);
  return end < all.length ? { items, next: Buffer.from(`page-${end}`).toString('base64') } : { items };
}
