import {
  CloudWatchLogsClient,
  GetLogEventsCommand,
  type GetLogEventsCommandOutput,
  type LiveTailSessionLogEvent,
  type OutputLogEvent,
  StartLiveTailCommand,
  type StartLiveTailCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogLine, LogPlace, Logs } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** A session tells something every second, if only that nothing has come: after this silence it is dead. */
const SILENCE_MS = 20_000;
/** A machine's hiccup is no silence, however fast a scaled clock runs. */
const REAL_SILENCE_MS = 3_000;
/** A session that does not open is the caller's to open again, or to do without. */
const ONE_TRY = { patienceMs: 0 } as const;

/** CloudWatch Logs. Permissions: logs:GetLogEvents for `read`, logs:StartLiveTail for `live`. */
export function logs(connection: Connection): Logs {
  const { clock } = connection;
  const readers = new Map<string, CloudWatchLogsClient>();

  return {
    async read(place, from) {
      const client =
        readers.get(place.region) ??
        new CloudWatchLogsClient({ ...clientSettings(connection), region: place.region });
      readers.set(place.region, client);
      const command = new GetLogEventsCommand({
        logGroupName: place.group,
        logStreamName: place.stream,
        startFromHead: true,
        ...(from !== undefined && { nextToken: from }),
      });
      try {
        const output = await call<GetLogEventsCommandOutput>(connection, 'logs', client, command);
        const next = output.nextForwardToken ?? from;
        return { lines: (output.events ?? []).map(lineOf), ...(next !== undefined && { next }) };
      } catch (error) {
        // Group and stream are made by the first that writes to them.
        if (errorName(error) !== 'ResourceNotFoundException') throw error;
        return { lines: [], ...(from !== undefined && { next: from }) };
      }
    },

    async *live(place, signal) {
      const client = new CloudWatchLogsClient({
        ...clientSettings(connection, ONE_TRY),
        region: place.region,
        disableHostPrefix: hasOwnEndpoint(process.env),
      });
      const ended = new AbortController();
      const within = AbortSignal.any([signal, ended.signal]);
      try {
        const command = new StartLiveTailCommand({
          logGroupIdentifiers: [groupArn(place)],
          // A prefix, as a stream may be followed before it exists.
          logStreamNamePrefixes: [place.stream],
        });
        const { responseStream } = await call<StartLiveTailCommandOutput>(
          { ...connection, signal: within },
          'logs',
          client,
          command,
        );
        if (!responseStream) return;
        const updates = responseStream[Symbol.asyncIterator]();
        for (;;) {
          const update = await nextWithin(updates, within);
          if (update === 'silence') {
            if (signal.aborted) return;
            throw new Error('CloudWatch Logs has gone silent');
          }
          if (update.done) return;
          const { sessionResults = [], sessionMetadata } = update.value.sessionUpdate ?? {};
          yield {
            lines: sessionResults.filter(({ logStreamName }) => logStreamName === place.stream).map(lineOf),
            sampled: sessionMetadata?.sampled ?? false,
          };
        }
      } catch (error) {
        // A session ends by itself after three hours, and with an error when we end it.
        if (signal.aborted || errorName(error) === 'SessionTimeoutException') return;
        throw error;
      } finally {
        ended.abort();
        client.destroy();
      }
    },
  };

  async function nextWithin<T>(
    updates: AsyncIterator<T>,
    signal: AbortSignal,
  ): Promise<IteratorResult<T> | 'silence'> {
    const came = new AbortController();
    const next = updates.next();
    // What it says after it was given up on is nobody's business.
    next.catch(() => undefined);
    const patience = Math.max(SILENCE_MS, REAL_SILENCE_MS * clock.scale);
    const silence = clock.sleep(patience, AbortSignal.any([signal, came.signal]));
    try {
      return await Promise.race([next, silence.then(() => 'silence' as const)]);
    } finally {
      came.abort();
    }
  }
}

const lineOf = ({
  timestamp,
  ingestionTime,
  message,
}: OutputLogEvent | LiveTailSessionLogEvent): LogLine => ({
  at: timestamp ?? 0,
  takenInAt: ingestionTime ?? 0,
  text: message ?? '',
});

/** StartLiveTail takes no name. */
const groupArn = ({ partition, region, account, group }: LogPlace): string =>
  `arn:${partition}:logs:${region}:${account}:log-group:${group}`;

/** AWS's own end point has a host of its own for streams; one that was set by hand has not. */
const hasOwnEndpoint = (env: NodeJS.ProcessEnv): boolean =>
  Boolean(env['AWS_ENDPOINT_URL'] || env['AWS_ENDPOINT_URL_CLOUDWATCH_LOGS']) &&
  env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] !== 'true';
