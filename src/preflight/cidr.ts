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

const lies = (within: Block, around: Block): boolean =>
  around.bits <= within.bits &&
  within.first >= around.first &&
  within.first < around.first + 2 ** (32 - around.bits);

/** Whether a block of IPv4 addresses lies wholly in one of others, or in several of them together. */
export function contains(outer: readonly string[], inner: string): boolean {
  const within = readBlock(inner);
  const around = outer.flatMap((text) => readBlock(text) ?? []);
  return within !== undefined && covered(within, around);
}

function covered(block: Block, around: readonly Block[]): boolean {
  if (around.some((each) => lies(block, each))) return true;
  const parts = around.filter((each) => lies(each, block));
  if (parts.length === 0) return false;
  const bits = block.bits + 1;
  return [block.first, block.first + 2 ** (32 - bits)].every((first) => covered({ first, bits }, parts));
}
