import { AwsError } from '../operation.ts';

/**
 * One page of a listing.
 *
 * @param token what the page before gave as `next`
 * @throws AwsError when the token is not one
 */
export function pageOf<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
): { items: T[]; next?: string } {
  const from = token === undefined ? 0 : Number(Buffer.from(token, 'base64').toString());
  if (!Number.isInteger(from) || from < 0 || (token !== undefined && from === 0)) {
    throw new AwsError('InvalidNextToken', 'The next token specified is invalid.');
  }
  const items = all.slice(from, from + size);
  const end = from + items.length;
  return end < all.length ? { items, next: Buffer.from(String(end)).toString('base64') } : { items };
}
