import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

/** `success`, `failure` or `cancelled`, as expressions see it. */
export type Status = 'success' | 'failure' | 'cancelled';

/** What an expression may look at. */
export interface Scope {
  readonly contexts: Readonly<Record<string, unknown>>;
  /** Of the composite action, or of the job. */
  readonly status: Status;
  /** Of the job, which alone is ever cancelled for expressions. */
  readonly jobStatus: Status;
}

const STATUS_FUNCTION = /\b(success|failure|cancelled|always)\s*\(/i;

/** GitHub's own evaluator: https://github.com/actions/languageservices/tree/main/expressions */
function evaluate(text: string, { contexts, status, jobStatus }: Scope) {
  const values: Readonly<Record<string, boolean>> = {
    success: status === 'success',
    failure: status === 'failure',
    cancelled: jobStatus === 'cancelled',
    always: true,
  };
  const functions = Object.entries(values).map(([name, value]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  }));
  const context = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  const { tokens } = new Lexer(text).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  const byName = new Map(functions.map((definition) => [definition.name, definition]));
  return new Evaluator(parsed, context, byName).evaluate().coerceString();
}

/** Puts the values of its expressions into a text. */
export const interpolate = (text: string, scope: Scope): string =>
  text.replaceAll(/\$\{\{([\s\S]*?)\}\}/g, (_, inner: string) => evaluate(inner, scope));

/** Whether a step runs; without a function of the status, only after success. */
export function holds(condition: string | undefined, scope: Scope): boolean {
  const text = condition?.replace(/^\s*\$\{\{([\s\S]*)\}\}\s*$/, '$1') ?? 'success()';
  const whole = STATUS_FUNCTION.test(text) ? text : `success() && (${text})`;
  return evaluate(`!!(${whole})`, scope) === 'true';
}
