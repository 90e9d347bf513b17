import { printable } from '../taskdef/shape.ts';
import { type Finding, sentenceOf } from './finding.ts';
import { isSecretHeader, type Secrets } from './secrets.ts';

/** Words about requests and answers that may stand in a log: on one line, without a secret. */
export class SafeWords {
  readonly secrets: Secrets;
  readonly #secretHeaders: readonly string[];

  /** @param secretHeaders names of headers whose values are secrets, besides those that are known for it */
  constructor(secrets: Secrets, secretHeaders: readonly string[]) {
    this.secrets = secrets;
    this.#secretHeaders = secretHeaders;
  }

  safe(text: string): string {
    return printable(this.secrets.redacted(text));
  }

  isSecretHeader(name: string): boolean {
    return isSecretHeader(name, this.#secretHeaders);
  }

  /** @param hidden the answer may hold a secret that could not be told from the rest */
  sentence(finding: Finding, hidden: boolean): string {
    const { what } = finding;
    const header = /^header (.+)$/.exec(what)?.[1];
    if (header !== undefined && this.isSecretHeader(header)) {
      return `${this.safe(what)}: is not as expected; its value is a secret, and is not shown`;
    }
    if (hidden && /^(json|text|header)\b/.test(what)) {
      return `${this.safe(what)}: is not as expected; it is not shown, because it may be the secret that was not found`;
    }
    return sentenceOf(finding, (text) => this.safe(text));
  }
}
