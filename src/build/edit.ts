/**
 * The text of a package's file with something in it replaced.
 *
 * @throws when it is not in there: the package has changed, and what is done to it has to be thought over
 */
export function edited(file: string, text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  if (result === text)
    throw new Error(`${file} does not hold ${from} any more; look at what src/build does to it`);
  return result;
}
