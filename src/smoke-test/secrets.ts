/** A piece of a text, or the variable that stands for a secret in it. */
export type Piece = string | { readonly variable: string };

/**
 * The values that nothing may print, each with the name of a shell variable that stands for it. One that is registered
 * twice keeps its first name.
 */
export class Secrets {
  readonly #variables = new Map<string, string>();

  /**
   * @param name what the secret is called: that of its header or its capture
   * @returns false when it was known, or is nothing that could be told from other texts
   */
  add(value: string, name: string): boolean {
    if (value.trim() === '' || this.#variables.has(value)) return false;
    const wanted = name.replace(/\W+/g, '_').toUpperCase();
    const taken = new Set(this.#variables.values());
    let variable = wanted;
    for (let number = 2; taken.has(variable); number++) variable = `${wanted}_${number}`;
    // As it is written in addresses, forms and JSON texts, too; URLs write one sign more in their queries.
    const encoded = encodeURIComponent(value.toWellFormed());
    const forms = [
      value,
      encoded,
      encoded.replaceAll("'", '%27'),
      new URLSearchParams({ v: value }).toString().slice(2),
      JSON.stringify(value).slice(1, -1),
    ];
    for (const form of forms) if (!this.#variables.has(form)) this.#variables.set(form, variable);
    return true;
  }

  holds(text: string): boolean {
    return this.pieces(text).some((piece) => typeof piece !== 'string');
  }

  /** The text without any secret. */
  redacted(text: string): string {
    return this.pieces(text)
      .map((piece) => (typeof piece === 'string' ? piece : '***'))
      .join('');
  }

  /** The text in pieces, with a variable where a secret was; the longest one where several fit. */
  pieces(text: string): readonly Piece[] {
    const secrets = [...this.#variables].sort(([a], [b]) => b.length - a.length);
    let pieces: readonly Piece[] = [text];
    for (const [secret, variable] of secrets) {
      pieces = pieces.flatMap((piece): readonly Piece[] => {
        if (typeof piece !== 'string' || !piece.includes(secret)) return [piece];
        return piece.split(secret).flatMap((rest, index) => (index === 0 ? [rest] : [{ variable }, rest]));
      });
    }
    return pieces.filter((piece) => piece !== '');
  }
}

const SECRET_HEADER =
  /^(authorization|proxy-authorization|cookie|set-cookie)$|(^|-)(api-?key|token|secret|password|auth|credentials?)($|-)/i;

/** Whether the values of a header are secrets by its name alone. */
export const isSecretHeader = (name: string, others: readonly string[]): boolean =>
  SECRET_HEADER.test(name) || others.some((other) => other.toLowerCase() === name.toLowerCase());

/** What of a header's value is secret: of `Bearer abc` not the scheme. */
export function secretPart(name: string, value: string): string {
  if (!/^(proxy-)?authorization$/i.test(name)) return value;
  return /^\s*[\w-]+\s+(\S.*)$/s.exec(value)?.[1] ?? value;
}
