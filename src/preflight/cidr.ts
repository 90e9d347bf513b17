/** A block of IPv4 addresses. */
interface Block {
  readonly first: number;
  readonly bits: number;
}

/** @returns undefined for what is no block of IPv4, such as one of IPv6 */
function readBlock(text: string): Block | undefined {
  const [, address = '', length = '32'] = /^([\d.]+)(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  const parts = address.split('.').map(Number);
  const bits = Number(length);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255)) || bits > 32) return undefined;
  const value = parts.reduce((sum, part) => sum * 256 + part, 0);
  const size = 2 ** (32 - bits);
  return { first: Math.floor(value / size) * size, bits };
}

/** Whether one block of IPv4 addresses lies wholly in another. */
export function contains(outer: string, inner: string): boolean {
  const [around, within] = [readBlock(outer), readBlock(inner)];
  if (!around || !within || around.bits > within.bits) return false;
  return within.first >= around.first && within.first < around.first + 2 ** (32 - around.bits);
}
