const CUT = '…';

/**
 * A text in no more characters than the limit, counted as it is written: cut, with an ellipsis, between two characters
 * and never inside of what `writtenAs` gives for one.
 *
 * @param writtenAs what a single character is written as
 */
export function bounded(text: string, limit: number, writtenAs = (character: string) => character): string {
  let whole = '';
  // The longest beginning that leaves room for the ellipsis.
  let beginning = '';
  for (const character of text) {
    whole += writtenAs(character);
    if (whole.length + CUT.length <= limit) beginning = whole;
    if (whole.length > limit) return `${beginning}${CUT}`;
  }
  return whole;
}

/** The first of a list, and how many the rest are. */
export function first<T>(
  list: readonly T[],
  most: number,
): { readonly shown: readonly T[]; readonly left: number } {
  return list.length <= most
    ? { shown: list, left: 0 }
    : { shown: list.slice(0, most), left: list.length - most };
}

/** How long each text of a message may be, tried one after the other. */
const LENGTHS = [10_000, 4_000, 2_000, 1_000, 500, 200, 100, 50, 20];

/**
 * A message whose size is limited as a whole: the longest texts that fit are kept.
 *
 * @param build makes the message with texts of up to so many characters
 * @param bytes in UTF-8
 */
export function fitting(build: (longest: number) => string, bytes: number): string {
  let built = '';
  for (const length of LENGTHS) {
    built = build(length);
    if (Buffer.byteLength(built) <= bytes) return built;
  }
  return built;
}
