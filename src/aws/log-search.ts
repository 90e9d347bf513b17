import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { ConfigError } from '../errors.ts';
import type { FoundLine, LogSearch } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** CloudWatch Logs as it is searched. Permission: logs:FilterLogEvents. */
export function logSearch(connection: Connection): LogSearch {
  const clients = new Map<string, CloudWatchLogsClient>();
  return {
    async find({ region, group, streamPrefix, pattern, from, most }) {
      const client =
        clients.get(region) ?? new CloudWatchLogsClient({ ...clientSettings(connection), region });
      clients.set(region, client);
      const lines: FoundLine[] = [];
      let nextToken: string | undefined;
      try {
        // A page may be empty and yet be followed by others: CloudWatch answers when it has searched for long enough.
        do {
          const page: FilterLogEventsCommandOutput = await call(
            connection,
            'logs',
            client,
            new FilterLogEventsCommand({
              logGroupName: group,
              logStreamNamePrefix: streamPrefix,
              filterPattern: pattern,
              startTime: from,
              limit: Math.min(10_000, most - lines.length),
              ...(nextToken !== undefined && { nextToken }),
            }),
          );
          for (const { eventId, logStreamName, timestamp, ingestionTime, message } of page.events ?? []) {
            lines.push({
              id: eventId ?? '',
              stream: logStreamName ?? '',
              at: timestamp ?? 0,
              takenInAt: ingestionTime ?? 0,
              text: message ?? '',
            });
          }
          nextToken = page.nextToken;
        } while (nextToken !== undefined && lines.length < most);
      } catch (error) {
        if (errorName(error) === 'ResourceNotFoundException') return 'no-group';
        if (errorName(error) !== 'InvalidParameterException') throw error;
        const why = error instanceof Error ? error.message : '';
        throw new ConfigError(
          { input: 'log-patterns', message: `CloudWatch Logs does not take "${pattern}": ${why}` },
          { cause: error },
        );
      }
      return { lines: lines.sort((a, b) => a.at - b.at), more: nextToken !== undefined };
    },
  };
}
