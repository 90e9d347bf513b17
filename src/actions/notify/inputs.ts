import { nameIn } from '../../arn.ts';
import { ConfigError } from '../../errors.ts';
import { readFields, readParts } from '../../notifications/given.ts';
import type { Field, Part } from '../../notifications/notice.ts';
import { STATUSES, type Status } from '../../notifications/status.ts';
import { parseAddress } from '../../smoke-test/address.ts';
import { InputReader, type InputSource } from '../input-reader.ts';

export interface Inputs {
  readonly status: Status;
  readonly title: string | undefined;
  readonly text: string | undefined;
  readonly reason: string | undefined;
  readonly service: string | undefined;
  readonly cluster: string | undefined;
  readonly environment: string | undefined;
  readonly version: string | undefined;
  readonly url: string | undefined;
  readonly fields: readonly Field[];
  readonly parts: readonly Part[];
  readonly slackWebhook: URL | undefined;
  readonly timeoutMs: number;
}

/** @throws ConfigError with every problem of every input; none of them repeats a secret */
export function readInputs(input: InputSource): Inputs {
  const reader = new InputReader(input);
  reader.required('status', 'success');
  const inputs: Inputs = {
    status: reader.oneOf('status', STATUSES, 'success'),
    title: reader.optional('title'),
    text: reader.optional('text'),
    reason: reader.optional('reason'),
    service: nameOf(reader, 'service'),
    cluster: nameOf(reader, 'cluster'),
    environment: reader.optional('environment'),
    version: reader.optional('version'),
    url: reader.parse('url', (text) => addressOf('url', text).href, undefined),
    fields: readList(reader, 'fields', readFields),
    parts: readList(reader, 'steps', readParts),
    slackWebhook: webhook(reader, 'slack-webhook-url'),
    timeoutMs: reader.duration('timeout', 30_000),
  };
  reader.finish();
  return inputs;
}

function nameOf(reader: InputReader, name: string): string | undefined {
  const text = reader.optional(name);
  return text === undefined ? undefined : nameIn(text);
}

function addressOf(input: string, text: string): URL {
  const url = parseAddress(text);
  if (typeof url === 'string') throw new ConfigError({ input, message: url });
  return url;
}

function readList<T>(
  reader: InputReader,
  name: string,
  read: (text: string) => { readonly found: readonly T[]; readonly problems: readonly string[] },
): readonly T[] {
  const { found, problems } = read(reader.optional(name) ?? '');
  for (const problem of problems) reader.problem(name, problem);
  return found;
}

/** The address of a webhook is a secret as a whole: who knows it may write. */
function webhook(reader: InputReader, name: string): URL | undefined {
  return reader.parse(
    name,
    (text) => {
      const url = URL.parse(text);
      if (!url || !/^https?:$/.test(url.protocol)) {
        throw new ConfigError({ input: name, message: 'is not a URL, which begins with https://' });
      }
      if (url.protocol === 'http:' && !isLoopback(url)) {
        const message = `is http:, by which everybody on the way can read it; write https://${url.host}/...`;
        throw new ConfigError({ input: name, message });
      }
      return url;
    },
    undefined,
  );
}

const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
