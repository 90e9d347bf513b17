import {
  CloudFormationClient,
  DescribeStacksCommand,
  type DescribeStacksCommandOutput,
} from '@aws-sdk/client-cloudformation';
import type { Stacks } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** CloudFormation stacks, which CDK makes too. Permission: cloudformation:DescribeStacks. */
export function stacks(connection: Connection): Stacks {
  const client = new CloudFormationClient(clientSettings(connection));
  return {
    async outputs(stack) {
      const command = new DescribeStacksCommand({ StackName: stack });
      try {
        const output: DescribeStacksCommandOutput = await call(connection, 'cloudformation', client, command);
        const pairs = (output.Stacks?.[0]?.Outputs ?? []).map(
          ({ OutputKey, OutputValue }): [string, string] => [OutputKey ?? '', OutputValue ?? ''],
        );
        return new Map(pairs);
      } catch (error) {
        // CloudFormation calls a stack that does not exist a mistake of the request.
        const text = error instanceof Error ? error.message : '';
        if (errorName(error) === 'ValidationError' && /does not exist/.test(text)) return undefined;
        throw error;
      }
    },
  };
}
