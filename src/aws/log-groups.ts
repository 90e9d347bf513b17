import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  type DescribeLogGroupsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogGroups } from '../ports.ts';
import { type Connection, call, clientSettings } from './connection.ts';

/** Log groups of CloudWatch Logs. Permission: logs:DescribeLogGroups. */
export function logGroups(connection: Connection): LogGroups {
  const clients = new Map<string, CloudWatchLogsClient>();
  return {
    async exists(group, region = '') {
      const client =
        clients.get(region) ??
        new CloudWatchLogsClient({ ...clientSettings(connection), ...(region && { region }) });
      clients.set(region, client);
      // In the order of their names, so that the prefix itself comes first.
      const command = new DescribeLogGroupsCommand({ logGroupNamePrefix: group, limit: 1 });
      const { logGroups: found = [] } = await call<DescribeLogGroupsCommandOutput>(
        connection,
        'logs',
        client,
        command,
      );
      return found.some(({ logGroupName }) => logGroupName === group);
    },
  };
}
