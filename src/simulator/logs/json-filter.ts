/** A value of a message, as the selector of a condition finds it. */
type Test = (message: unknown) => boolean;

/** What could not be read of a pattern. */
export class PatternError extends Error {}

const TOKEN =
  /\s*(?:(?<selector>\$(?:\.[\w-]+|\[(?:\d+|\*|"[^"]*")\])*(?:\.\*)?)|(?<operator>&&|\|\||!=|<=|>=|=|<|>)|(?<bracket>[()])|(?<quoted>"(?:[^"\\]|\\.)*")|%(?<regex>[^%]*)%|(?<word>[^\s()&|=<>!"]+))/y;

interface Token {
  readonly kind: 'selector' | 'operator' | 'bracket' | 'quoted' | 'regex' | 'word';
  readonly text: string;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const found = TOKEN.exec(text)?.groups;
    const [kind, value] = Object.entries(found ?? {}).find(([, part]) => part !== undefined) ?? [];
    if (kind === undefined || value === undefined) throw new PatternError(text);
    tokens.push({ kind: kind as Token['kind'], text: value });
  }
  return tokens;
}

/**
 * Reads `{ ($.level = "error" || $.status >= 500) && $.path != "/health" }`: comparisons, `IS TRUE`, `IS FALSE`,
 * `IS NULL`, `NOT EXISTS`, texts with `*` and `%regular expressions%`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
 *
 * @param inner what stands between the braces
 * @throws PatternError
 */
export function jsonFilter(inner: string): (message: string) => boolean {
  const tokens = tokensOf(inner);
  const take = (kind?: Token['kind'], text?: RegExp): string | undefined => {
    const [next] = tokens;
    if (!next || (kind && next.kind !== kind) || (text && !text.test(next.text))) return undefined;
    tokens.shift();
    return next.text;
  };
  const need = (value: string | undefined): string => {
    if (value === undefined) throw new PatternError(inner);
    return value;
  };
  const any = (): Test => {
    const tests = [all()];
    while (take('operator', /^\|\|$/)) tests.push(all());
    return (message) => tests.some((test) => test(message));
  };
  const all = (): Test => {
    const tests = [one()];
    while (take('operator', /^&&$/)) tests.push(one());
    return (message) => tests.every((test) => test(message));
  };
  const one = (): Test => {
    if (take('bracket', /^\($/)) {
      const within = any();
      need(take('bracket', /^\)$/));
      return within;
    }
    const find = selectorOf(need(take('selector')));
    if (take('word', /^IS$/i)) {
      const wanted = { true: true, false: false, null: null }[
        need(take('word', /^(true|false|null)$/i)).toLowerCase()
      ];
      return (message) => find(message).some((value) => value === wanted);
    }
    if (take('word', /^NOT$/i)) {
      need(take('word', /^EXISTS$/i));
      return (message) => find(message).length === 0;
    }
    const operator = need(take('operator', /^(!=|<=|>=|=|<|>)$/));
    const [literal] = tokens;
    tokens.shift();
    if (!literal || !/^(quoted|regex|word)$/.test(literal.kind)) throw new PatternError(inner);
    const holds = comparison(operator, literal);
    return (message) => find(message).some(holds);
  };
  const test = any();
  if (tokens.length > 0) throw new PatternError(inner);
  return (message) => {
    const value = parsed(message);
    return typeof value === 'object' && value !== null && test(value);
  };
}

function parsed(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

/** Every value that `$.a.b[0]` leads to. */
function selectorOf(selector: string): (message: unknown) => unknown[] {
  const steps = [...selector.slice(1).matchAll(/\.([\w-]+|\*)|\[(?:(\d+|\*)|"([^"]*)")\]/g)].map(
    ([, name, index, quoted]) => name ?? index ?? quoted ?? '',
  );
  return (message) =>
    steps.reduce<unknown[]>(
      (values, step) =>
        values.flatMap((value) => {
          if (typeof value !== 'object' || value === null) return [];
          if (step === '*') return Object.values(value);
          return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
        }),
      [message],
    );
}

function comparison(operator: string, { kind, text }: Token): (value: unknown) => boolean {
  if (kind === 'regex') {
    const regex = new RegExp(text);
    return (value) => regex.test(String(value)) === (operator === '=');
  }
  const literal = kind === 'quoted' ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
  const number = kind === 'word' && literal.trim() !== '' ? Number(literal) : Number.NaN;
  if (operator === '=' || operator === '!=') {
    const pattern = new RegExp(
      `^${literal
        .split('*')
        .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*')}$`,
      's',
    );
    const equal = (value: unknown): boolean =>
      typeof value === 'number' && !Number.isNaN(number) ? value === number : pattern.test(String(value));
    return (value) => typeof value !== 'object' && equal(value) === (operator === '=');
  }
  if (Number.isNaN(number)) throw new PatternError(text);
  return (value) => {
    if (typeof value !== 'number') return false;
    if (operator === '<') return value < number;
    if (operator === '<=') return value <= number;
    return operator === '>' ? value > number : value >= number;
  };
}
