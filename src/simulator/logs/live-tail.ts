import type { StartLiveTailCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { uuid } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import type { Pulse } from '../world/pulse.ts';
import { filterOf } from './filter.ts';
import { groupNameOf } from './operations.ts';
import type { LogStore, LogStream, StoredEvent } from './store.ts';

/** Events in one update; beyond them a sample is sent. */
const MOST_IN_UPDATE = 500;
const MOST_GROUPS = 10;
const BETWEEN_UPDATES = 1_000;
const LONGEST_SESSION = 3 * 3_600_000;

type Session = Pick<
  StartLiveTailCommandInput,
  'logGroupIdentifiers' | 'logStreamNames' | 'logStreamNamePrefixes' | 'logEventFilterPattern'
>;

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html */
export function liveTailOperations(kernel: Kernel, store: LogStore, pulse: Pulse): Operations {
  return {
    StartLiveTail(input: StartLiveTailCommandInput, call: Call): object {
      const groups = groupsOf(store, input, call);
      const matches = filterOf(input.logEventFilterPattern);
      const { logStreamNames: names, logStreamNamePrefixes: prefixes } = input;
      const isMeant = ({ group, name }: LogStream): boolean =>
        groups.has(group.arn) &&
        (names?.includes(name) ?? prefixes?.some((prefix) => name.startsWith(prefix)) ?? true);
      return {
        responseStream: sessionOf(kernel, store, pulse, input, (stream, { message }) =>
          isMeant(stream) ? matches(message) : false,
        ),
      };
    },
  };
}

const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);

/** The ARNs of the groups that a session is about. */
function groupsOf(store: LogStore, input: Session, call: Call): ReadonlySet<string> {
  const identifiers = input.logGroupIdentifiers ?? [];
  const { logStreamNames: names = [], logStreamNamePrefixes: prefixes = [] } = input;
  if (identifiers.length === 0 || identifiers.length > MOST_GROUPS) {
    throw invalid(`logGroupIdentifiers takes 1 to ${MOST_GROUPS} log groups.`);
  }
  for (const identifier of identifiers) {
    if (!identifier.startsWith(`arn:aws:logs:${call.region}:`) || identifier.endsWith('*')) {
      throw invalid(`The log group identifier ${identifier} is not valid: an ARN is expected.`);
    }
  }
  if (names.length > 0 && prefixes.length > 0) {
    throw invalid('logStreamNames and logStreamNamePrefixes cannot be specified at the same time.');
  }
  if (identifiers.length > 1 && names.length + prefixes.length > 0) {
    throw invalid('Log streams can only be specified with a single log group.');
  }
  const groups = identifiers.map((identifier) => store.group(call.region, groupNameOf(identifier)));
  const missing = names.find((name) => !groups[0]?.streams.has(name));
  if (missing !== undefined) {
    throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
  }
  return new Set(groups.map(({ arn }) => arn));
}

async function* sessionOf(
  kernel: Kernel,
  store: LogStore,
  pulse: Pulse,
  input: Session,
  isMeant: (stream: LogStream, event: StoredEvent) => boolean,
): AsyncGenerator<object> {
  let waiting: { readonly stream: LogStream; readonly event: StoredEvent }[] = [];
  const unfollow = store.follow((stream, events) => {
    for (const event of events) if (isMeant(stream, event)) waiting.push({ stream, event });
  });
  const release = pulse.keep();
  const began = kernel.events.now;
  try {
    const { logGroupIdentifiers, logStreamNames = [], logStreamNamePrefixes = [] } = input;
    yield {
      sessionStart: {
        requestId: uuid(kernel.random),
        sessionId: uuid(kernel.random),
        logGroupIdentifiers,
        logStreamNames,
        logStreamNamePrefixes,
        logEventFilterPattern: input.logEventFilterPattern ?? '',
      },
    };
    while (!pulse.closed) {
      await pulse.pause(BETWEEN_UPDATES);
      pulse.catchUp();
      if (kernel.events.now - began >= LONGEST_SESSION) {
        yield { SessionTimeoutException: { message: 'The session has timed out.' } };
        return;
      }
      const sampled = waiting.length > MOST_IN_UPDATE;
      const shown = sampled ? sampleOf(waiting, kernel.random) : waiting;
      waiting = [];
      yield {
        sessionUpdate: {
          sessionMetadata: { sampled },
          sessionResults: shown.map(({ stream, event }) => ({
            logStreamName: stream.name,
            logGroupIdentifier: `${kernel.accountId}:${stream.group.name}`,
            message: event.message,
            timestamp: event.at,
            ingestionTime: event.takenInAt,
          })),
        },
      };
    }
  } finally {
    unfollow();
    release();
  }
}

/** As many as an update takes, at random, in their order. */
function sampleOf<Item>(items: readonly Item[], random: () => number): Item[] {
  let needed = MOST_IN_UPDATE;
  return items.filter((_, i) => {
    if (random() * (items.length - i) >= needed) return false;
    needed -= 1;
    return true;
  });
}
