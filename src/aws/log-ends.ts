import {
  CloudWatchLogsClient,
  GetLogEventsCommand,
  type GetLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogEnds, LogLine } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** A page may be empty though there are lines before it. */
const MOST_PAGES = 5;

/** The ends of logs in CloudWatch Logs. Permission: logs:GetLogEvents. */
export function logEnds(connection: Connection): LogEnds {
  const clients = new Map<string, CloudWatchLogsClient>();
  return {
    async last({ region, group, stream }, count, until) {
      const client =
        clients.get(region) ?? new CloudWatchLogsClient({ ...clientSettings(connection), region });
      clients.set(region, client);
      let lines: readonly LogLine[] = [];
      let token: string | undefined;
      try {
        for (let page = 0; page < MOST_PAGES && lines.length < count; page++) {
          const output: GetLogEventsCommandOutput = await call(
            connection,
            'logs',
            client,
            new GetLogEventsCommand({
              logGroupName: group,
              logStreamName: stream,
              startFromHead: false,
              limit: count,
              // Lines of that very millisecond are wanted.
              endTime: until + 1,
              ...(token !== undefined && { nextToken: token }),
            }),
          );
          const events = (output.events ?? []).map(({ timestamp = 0, ingestionTime = 0, message = '' }) => ({
            at: timestamp,
            takenInAt: ingestionTime,
            text: message,
          }));
          lines = [...events, ...lines];
          // AWS's word that there is nothing before it.
          if (output.nextBackwardToken === undefined || output.nextBackwardToken === token) break;
          token = output.nextBackwardToken;
        }
      } catch (error) {
        if (errorName(error) !== 'ResourceNotFoundException') throw error;
      }
      return lines.slice(-count);
    },
  };
}
