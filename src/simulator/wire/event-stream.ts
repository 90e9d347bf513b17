import { EventStreamCodec } from '@smithy/core/event-streams';
import type { NormalizedSchema } from '@smithy/core/schema';
import { fromUtf8, toUtf8 } from '@smithy/core/serde';
import { faultsOf } from './check.ts';
import { toJson } from './json.ts';
import { type WireResponse, WrongShape } from './protocol.ts';
import type { OperationModel } from './service.ts';

const codec = new EventStreamCodec(toUtf8, fromUtf8);

/**
 * An answer whose events come one by one, written by the SDK's own codec:
 * https://smithy.io/2.0/aws/amazon-eventstream.html. Each event is checked against the schema as it comes.
 *
 * @param member the output's member that is the stream: an async iterable of events, `{ NAME: EVENT }` each
 */
export function writeEvents(operation: OperationModel, member: string, output: object): WireResponse {
  const { [member]: events, ...rest } = Object.fromEntries(Object.entries(output));
  if (!isStream(events)) throw new WrongShape(`${operation.name} answered no stream as ${member}`);
  return {
    status: 200,
    headers: { 'content-type': 'application/vnd.amazon.eventstream' },
    body: messages(operation, operation.output.getMemberSchema(member), rest, events),
  };
}

async function* messages(
  operation: OperationModel,
  schema: NormalizedSchema,
  rest: object,
  events: AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array> {
  // Protocols of remote procedure calls begin with what the output holds beside the stream.
  yield message({ ':message-type': 'event', ':event-type': 'initial-response' }, rest);
  for await (const event of events) {
    const faults = faultsOf(schema, event);
    const [[name, content] = ['', undefined]] = Object.entries(event ?? {});
    if (faults.length > 0 || name === '') {
      throw new WrongShape(`${operation.name} sent an event of a wrong shape: ${faults.join('; ')}`);
    }
    const shape = schema.getMemberSchema(name);
    const isError = shape.getMergedTraits().error !== undefined;
    const body = toJson(shape, content);
    yield isError
      ? message({ ':message-type': 'exception', ':exception-type': name }, body)
      : message({ ':message-type': 'event', ':event-type': name }, body);
  }
}

function message(headers: Readonly<Record<string, string>>, content: unknown): Uint8Array {
  const all = { ...headers, ':content-type': 'application/json' };
  return codec.encode({
    headers: Object.fromEntries(
      Object.entries(all).map(([name, value]) => [name, { type: 'string' as const, value }]),
    ),
    body: fromUtf8(JSON.stringify(content)),
  });
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
