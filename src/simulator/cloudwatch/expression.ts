/** A metric-math expression, parsed. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'id'; readonly name: string }
  | { readonly kind: 'negate'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'list'; readonly items: readonly Expression[] };

/** The expression is not one, or does not make sense; the message says where. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

// From the weakest to the strongest.
const precedence: readonly (readonly string[])[] = [
  ['OR', '||'],
  ['AND', '&&'],
  ['<', '<=', '>', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
  ['^'],
];

const token =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z][A-Za-z0-9_]*)|("[^"]*"|'[^']*')|(\|\||&&|[<>=!]=|[-+*/^()[\],<>]))/y;

/**
 * Parses a metric-math expression.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 * @throws ExpressionError
 */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text);
  let position = 0;
  const peek = () => tokens[position];
  const take = () => {
    const next = tokens[position];
    if (next === undefined) throw new ExpressionError('unexpected end');
    position += 1;
    return next;
  };
  const expect = (wanted: string) => {
    const next = take();
    if (next !== wanted) throw new ExpressionError(`"${wanted}" expected instead of "${next}"`);
  };

  const level = (strength: number): Expression => {
    const operators = precedence[strength];
    if (!operators) return unary();
    let left = level(strength + 1);
    for (let next = peek(); next !== undefined && operators.includes(next); next = peek()) {
      const operator = take();
      left = { kind: 'binary', operator, left, right: level(strength + 1) };
    }
    return left;
  };

  const unary = (): Expression => {
    if (peek() !== '-') return primary();
    take();
    return { kind: 'negate', of: unary() };
  };

  const listUntil = (end: string): Expression[] => {
    const items: Expression[] = [];
    while (peek() !== end) {
      if (items.length > 0) expect(',');
      items.push(level(0));
    }
    take();
    return items;
  };

  const primary = (): Expression => {
    const next = take();
    if (next === '(') {
      const inner = level(0);
      expect(')');
      return inner;
    }
    if (next === '[') return { kind: 'list', items: listUntil(']') };
    if (/^[\d.]/.test(next)) return { kind: 'number', value: Number(next) };
    if (/^["']/.test(next)) return { kind: 'text', value: next.slice(1, -1) };
    if (!/^[A-Za-z]/.test(next)) throw new ExpressionError(`unexpected "${next}"`);
    if (peek() !== '(') return { kind: 'id', name: next };
    take();
    return { kind: 'call', name: next.toUpperCase(), args: listUntil(')') };
  };

  const whole = level(0);
  if (peek() !== undefined) throw new ExpressionError(`unexpected "${peek()}"`);
  return whole;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < trimmed.length) {
    const from = token.lastIndex;
    const match = token.exec(trimmed);
    if (!match) throw new ExpressionError(`cannot read "${trimmed.slice(from)}"`);
    tokens.push(match[0].trimStart());
  }
  return tokens;
}

/** The ids that an expression names; `METRICS()` names them all, so it counts as the id `*`. */
export function idsIn(expression: Expression): string[] {
  switch (expression.kind) {
    case 'id':
      return [expression.name];
    case 'negate':
      return idsIn(expression.of);
    case 'binary':
      return [...idsIn(expression.left), ...idsIn(expression.right)];
    case 'call':
      return [...(expression.name === 'METRICS' ? ['*'] : []), ...expression.args.flatMap(idsIn)];
    case 'list':
      return expression.items.flatMap(idsIn);
    default:
      return [];
  }
}
