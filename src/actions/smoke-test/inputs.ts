import { ConfigError } from '../../errors.ts';
import { InputReader, type InputSource } from '../input-reader.ts';

export interface Inputs {
  readonly url: URL;
  readonly attempts: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** The inputs that may refer to the outputs of a CloudFormation stack. */
export const STACK_INPUTS = ['url', 'cluster', 'service'];

/** @throws ConfigError with every problem of every input */
export function readInputs(input: InputSource): Inputs {
  const reader = new InputReader(input);
  reader.required('url', 'https://shop.example.com/health');
  const inputs: Inputs = {
    url: reader.parse('url', parseUrl, new URL('https://localhost')),
    attempts: reader.integer('attempts', 10, { min: 1, max: 1000 }),
    intervalMs: reader.duration('interval', 30_000),
    timeoutMs: reader.duration('timeout', 10 * 60_000),
    requestTimeoutMs: reader.duration('request-timeout', 10_000),
  };
  reader.finish();
  return inputs;
}

function parseUrl(text: string): URL {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  if (!url) throw new ConfigError({ input: 'url', message: `"${text}" is not a URL` });
  return url;
}
