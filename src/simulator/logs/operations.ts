import type {
  CreateLogGroupCommandInput,
  CreateLogStreamCommandInput,
  DeleteLogGroupCommandInput,
  DescribeLogGroupsCommandInput,
  DescribeLogGroupsCommandOutput,
  DescribeLogStreamsCommandInput,
  DescribeLogStreamsCommandOutput,
  FilterLogEventsCommandInput,
  FilterLogEventsCommandOutput,
  GetLogEventsCommandInput,
  GetLogEventsCommandOutput,
  LogStream as LogStreamDescription,
  PutLogEventsCommandInput,
  PutLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { filterOf } from './filter.ts';
import { readPage } from './pages.ts';
import { type LogGroup, type LogStore, type LogStream, streamNotFound } from './store.ts';

const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);
const alreadyExists = (what: string): AwsError =>
  new AwsError('ResourceAlreadyExistsException', `The specified ${what} already exists`);
const badToken = (): AwsError => invalidParameter('The specified nextToken is invalid.');

/** The name in a group's ARN, with or without `:*` at its end, or the name itself. */
export const groupNameOf = (identifier: string): string =>
  /^arn:[^:]+:logs:[^:]*:[^:]*:log-group:([^:]+)/.exec(identifier)?.[1] ?? identifier;

/** What a caller may write at once: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const MOST_WRITTEN = { events: 10_000, bytes: 1_048_576 };
const PER_EVENT = 26;

/** Amazon CloudWatch Logs: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/ */
export function logOperations(store: LogStore): Operations {
  const groupOf = (
    input: { readonly logGroupName?: string | undefined; readonly logGroupIdentifier?: string | undefined },
    call: Call,
  ): LogGroup => {
    const { logGroupName: name, logGroupIdentifier: identifier } = input;
    if ((name === undefined) === (identifier === undefined)) {
      throw invalidParameter('Either logGroupName or logGroupIdentifier must be specified, and not both.');
    }
    return store.group(call.region, groupNameOf(name ?? identifier ?? ''));
  };

  const streamOf = (group: LogGroup, name: string | undefined): LogStream => {
    const stream = group.streams.get(name ?? '');
    if (stream === undefined) throw streamNotFound();
    return stream;
  };

  return {
    CreateLogGroup(input: CreateLogGroupCommandInput, call: Call): object {
      const name = input.logGroupName ?? '';
      if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) {
        throw invalidParameter(
          `1 validation error detected: Value '${name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+`,
        );
      }
      if (store.findGroup(call.region, name) !== undefined) throw alreadyExists('log group');
      store.createGroup(call.region, name);
      return {};
    },

    DeleteLogGroup(input: DeleteLogGroupCommandInput, call: Call): object {
      store.deleteGroup(store.group(call.region, input.logGroupName ?? ''));
      return {};
    },

    CreateLogStream(input: CreateLogStreamCommandInput, call: Call): object {
      const group = store.group(call.region, input.logGroupName ?? '');
      const name = input.logStreamName ?? '';
      if (name === '' || /[:*]/.test(name)) {
        throw invalidParameter(
          `1 validation error detected: Value '${name}' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*`,
        );
      }
      if (group.streams.has(name)) throw alreadyExists('log stream');
      store.openStream(group, name);
      return {};
    },

    PutLogEvents(input: PutLogEventsCommandInput, call: Call): Answer<PutLogEventsCommandOutput> {
      const stream = streamOf(store.group(call.region, input.logGroupName ?? ''), input.logStreamName);
      const lines = (input.logEvents ?? []).map(({ timestamp = 0, message = '' }) => ({
        at: timestamp,
        message,
      }));
      if (lines.length === 0 || lines.length > MOST_WRITTEN.events) {
        throw invalidParameter(
          `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and ${MOST_WRITTEN.events}`,
        );
      }
      const bytes = lines.reduce((sum, { message }) => sum + Buffer.byteLength(message) + PER_EVENT, 0);
      if (bytes > MOST_WRITTEN.bytes) {
        throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${MOST_WRITTEN.bytes}`);
      }
      if (lines.some(({ at }, i) => at < (lines[i - 1]?.at ?? 0))) {
        throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
      }
      store.takeIn(stream, lines);
      return { nextSequenceToken: '49590302371338' };
    },

    GetLogEvents(input: GetLogEventsCommandInput, call: Call): Answer<GetLogEventsCommandOutput> {
      const stream = streamOf(groupOf(input, call), input.logStreamName);
      const { startTime = 0, endTime = Number.POSITIVE_INFINITY, limit, nextToken } = input;
      const events = stream.events.filter(({ at }) => at >= startTime && at < endTime);
      const read = readPage(events, { limit, nextToken, fromHead: input.startFromHead === true }, badToken);
      return {
        events: read.events.map(({ at, message, takenInAt }) => ({
          timestamp: at,
          message,
          ingestionTime: takenInAt,
        })),
        nextForwardToken: read.forward,
        nextBackwardToken: read.backward,
      };
    },

    FilterLogEvents(input: FilterLogEventsCommandInput, call: Call): Answer<FilterLogEventsCommandOutput> {
      const group = groupOf(input, call);
      const { logStreamNames: names, logStreamNamePrefix: prefix = '' } = input;
      if (names !== undefined && prefix !== '') {
        throw invalidParameter(
          'The request can include either logStreamNames or logStreamNamePrefix, but not both.',
        );
      }
      for (const name of names ?? []) streamOf(group, name);
      const { startTime = 0, endTime = Number.POSITIVE_INFINITY } = input;
      const matches = filterOf(input.filterPattern);
      const events = [...group.streams.values()]
        .filter(({ name }) => (names === undefined ? name.startsWith(prefix) : names.includes(name)))
        .flatMap((stream) => stream.events.map((event) => ({ ...event, stream: stream.name })))
        .filter(({ at, message }) => at >= startTime && at <= endTime && matches(message))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const { items, next } = page(events, input.nextToken, input.limit ?? MOST_WRITTEN.events, badToken);
      return {
        events: items.map(({ id, at, message, takenInAt, stream }) => ({
          logStreamName: stream,
          timestamp: at,
          message,
          ingestionTime: takenInAt,
          eventId: id,
        })),
        searchedLogStreams: [],
        ...(next === undefined ? {} : { nextToken: next }),
      };
    },

    DescribeLogGroups(
      input: DescribeLogGroupsCommandInput,
      call: Call,
    ): Answer<DescribeLogGroupsCommandOutput> {
      const { logGroupNamePrefix: prefix = '', logGroupNamePattern: part = '' } = input;
      const named = store.findGroup(call.region, prefix);
      const groups = [...new Set([...store.groups(call.region), ...(named ? [named] : [])])]
        .filter(({ name }) => name.startsWith(prefix) && name.includes(part))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = page(groups, input.nextToken, input.limit ?? 50, badToken);
      return {
        logGroups: items.map((group) => ({
          logGroupName: group.name,
          creationTime: group.createdAt,
          metricFilterCount: 0,
          arn: `${group.arn}:*`,
          storedBytes: 0,
          logGroupClass: 'STANDARD',
          logGroupArn: group.arn,
        })),
        ...(next === undefined ? {} : { nextToken: next }),
      };
    },

    DescribeLogStreams(
      input: DescribeLogStreamsCommandInput,
      call: Call,
    ): Answer<DescribeLogStreamsCommandOutput> {
      const group = groupOf(input, call);
      const { logStreamNamePrefix: prefix = '', orderBy = 'LogStreamName', descending = false } = input;
      if (prefix !== '' && orderBy === 'LastEventTime') {
        throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
      }
      const order = (stream: LogStream): string =>
        orderBy === 'LogStreamName' ? stream.name : String(stream.events.at(-1)?.at ?? 0).padStart(15, '0');
      const streams = [...group.streams.values()]
        .filter(({ name }) => name.startsWith(prefix))
        .sort((a, b) => (order(a) < order(b) ? -1 : 1));
      if (descending) streams.reverse();
      const { items, next } = page(streams, input.nextToken, input.limit ?? 50, badToken);
      return {
        logStreams: items.map(describeStream),
        ...(next === undefined ? {} : { nextToken: next }),
      };
    },
  };
}

function describeStream({ name, group, createdAt, events }: LogStream): LogStreamDescription {
  const [first] = events;
  const last = events.at(-1);
  return {
    logStreamName: name,
    creationTime: createdAt,
    arn: `${group.arn}:log-stream:${name}`,
    storedBytes: 0,
    ...(first && last
      ? {
          firstEventTimestamp: first.at,
          lastEventTimestamp: last.at,
          lastIngestionTime: last.takenInAt,
          uploadSequenceToken: '49590302371338',
        }
      : {}),
  };
}
