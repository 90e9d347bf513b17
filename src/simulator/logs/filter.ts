/**
 * Reads a filter pattern: words, quoted or not, that all have to be there; `-word` must not; of `?word`s one is enough.
 * Patterns of JSON, columns and regular expressions are not simulated.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 *
 * @returns whether a message matches
 */
export function filterOf(pattern: string | undefined): (message: string) => boolean {
  const terms = [...(pattern ?? '').matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(
    ([, sign = '', quoted, word]) => ({ sign, text: quoted?.replace(/\\(.)/g, '$1') ?? word ?? '' }),
  );
  const wanted = terms.filter(({ sign }) => sign === '');
  const unwanted = terms.filter(({ sign }) => sign === '-');
  const either = terms.filter(({ sign }) => sign === '?');
  return (message) =>
    wanted.every(({ text }) => message.includes(text)) &&
    !unwanted.some(({ text }) => message.includes(text)) &&
    (either.length === 0 || wanted.length > 0 || either.some(({ text }) => message.includes(text)));
}
