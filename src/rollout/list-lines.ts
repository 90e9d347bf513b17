/**
 * The lines of a list as people write it in YAML: without the dash, without what stands behind a number sign, and
 * without those that hold nothing.
 *
 * @returns each with its number, from 1 on
 */
export function listLines(text: string): readonly (readonly [number: number, line: string])[] {
  return text
    .split('\n')
    .map((raw, index): [number, string] => [
      index + 1,
      raw
        .replace(/(^|\s)#[\s\S]*$/, '')
        .trim()
        .replace(/^- /, ''),
    ])
    .filter(([, line]) => line !== '');
}
