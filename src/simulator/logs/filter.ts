import { AwsError } from '../operation.ts';
import { jsonFilter, PatternError } from './json-filter.ts';

/**
 * Reads a filter pattern: words, quoted or not, that all have to be there; `-word` must not; of `?word`s one is enough,
 * and beside others they count for nothing; `%regular expression%`; `{ $.conditions on JSON }`. Patterns of columns,
 * `[a, b, ...]`, are not simulated.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 *
 * @returns whether a message matches
 * @throws AwsError for a pattern that CloudWatch does not take
 */
export function filterOf(pattern: string | undefined): (message: string) => boolean {
  const text = (pattern ?? '').trim();
  const invalid = (why: string) => new AwsError('InvalidParameterException', why);
  if (text.startsWith('{')) {
    if (!text.endsWith('}')) throw invalid('Invalid filter pattern');
    try {
      return jsonFilter(text.slice(1, -1));
    } catch (error) {
      if (error instanceof PatternError || error instanceof SyntaxError)
        throw invalid('Invalid filter pattern');
      throw error;
    }
  }
  if (text.startsWith('[')) throw invalid('Patterns of columns are not simulated.');
  const [, regex] = /^%(.*)%$/.exec(text) ?? [];
  if (regex !== undefined) {
    const matcher = new RegExp(regex);
    return (message) => matcher.test(message);
  }
  const terms = [...text.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(
    ([, sign = '', quoted, word]) => {
      // Whatever is not a letter, a digit or an underscore has to be quoted.
      if (word !== undefined && !/^[\p{L}\p{N}_]+$/u.test(word)) {
        throw invalid(`Invalid character(s) in term '${word}'`);
      }
      return { sign, text: quoted?.replace(/\\(.)/g, '$1') ?? word ?? '' };
    },
  );
  const wanted = terms.filter(({ sign }) => sign === '');
  const unwanted = terms.filter(({ sign }) => sign === '-');
  const either = wanted.length + unwanted.length > 0 ? [] : terms.filter(({ sign }) => sign === '?');
  return (message) =>
    wanted.every((term) => message.includes(term.text)) &&
    !unwanted.some((term) => message.includes(term.text)) &&
    (either.length === 0 || either.some((term) => message.includes(term.text)));
}
