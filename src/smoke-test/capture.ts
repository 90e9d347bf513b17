import { isList, isObject, type Json, type Path } from '../taskdef/definition.ts';
import { kindOf } from '../taskdef/shape.ts';
import { TimeUp, TOO_SLOW, withinTime } from '../time-limit.ts';
import type { HttpAnswer } from './exchange.ts';
import type { Finding } from './finding.ts';
import { jsonPathText, lookUp } from './json-path.ts';
import { parseBody } from './judge.ts';
import type { Capture } from './request.ts';

export type Captured =
  | { readonly capture: Capture; readonly value: string | number | bigint | boolean }
  | { readonly capture: Capture; readonly finding: Finding };

/** Takes the values out of an answer that later requests use; what cannot be taken is a finding without the value. */
export function capture(answer: HttpAnswer, captures: readonly Capture[]): readonly Captured[] {
  return captures.map((each): Captured => {
    const fail = (message: string): Captured => ({
      capture: each,
      finding: { what: `capture ${each.name}`, message },
    });
    const taken = take(answer, each);
    if ('missing' in taken) return fail(taken.missing);
    if (each.matches === undefined) return { capture: each, value: taken.value };
    const pattern = new RegExp(each.matches, 'm');
    let found: RegExpExecArray | null;
    try {
      found = withinTime(() => pattern.exec(String(taken.value)));
    } catch (error) {
      if (error instanceof TimeUp) return fail(`${each.matches} ${TOO_SLOW}`);
      throw error;
    }
    const value = found?.[1] ?? found?.[0];
    if (value === undefined || value === '') return fail(`nothing matches ${each.matches}`);
    return { capture: each, value };
  });
}

function take(
  answer: HttpAnswer,
  { from }: Capture,
): { readonly value: string | number | bigint | boolean } | { readonly missing: string } {
  if (from.kind === 'text') return { value: answer.body };
  if (from.kind === 'header') {
    const value = answer.headers.get(from.header.toLowerCase())?.join('\n');
    return value === undefined ? { missing: `the answer has no header ${from.header}` } : { value };
  }
  const body = parseBody(answer);
  if ('wrong' in body) return { missing: `the body ${body.wrong}` };
  const found = lookUp(body.value, from.at);
  const path = jsonPathText(from.at);
  if (found.kind === 'missing') return { missing: `the answer has no ${path}` };
  const { value } = found;
  if (value === null || isList(value) || isObject(value)) {
    return { missing: `${path} is ${kindOf(value)}, and a text, a number or a boolean can be captured` };
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    return { value: asWritten(answer, from.at) ?? value };
  return { value };
}

/** A whole number that is larger than what a number of JavaScript holds, such as an id. */
function asWritten({ body }: HttpAnswer, at: Path): bigint | undefined {
  const whole = (_: string, value: Json, { source = '' }: { readonly source?: string }): Json =>
    typeof value === 'number' && /^-?\d{16,}$/.test(source) ? source : value;
  // https://github.com/tc39/proposal-json-parse-with-source
  const found = lookUp(JSON.parse(body, whole as Parameters<typeof JSON.parse>[1]) as Json, at);
  return found.kind === 'found' && typeof found.value === 'string' ? BigInt(found.value) : undefined;
}
