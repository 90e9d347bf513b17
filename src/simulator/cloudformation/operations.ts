import type { DescribeStacksCommandInput, DescribeStacksCommandOutput } from '@aws-sdk/client-cloudformation';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';

/** Outputs by key, by stack name. */
export type StackOutputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html */
export const stackOperations = (stacks: StackOutputs): Operations => ({
  DescribeStacks({ StackName }: DescribeStacksCommandInput, call: Call): Answer<DescribeStacksCommandOutput> {
    const names = StackName === undefined ? Object.keys(stacks) : [StackName];
    return {
      Stacks: names.map((name) => {
        const outputs = stacks[name];
        if (!outputs) throw new AwsError('ValidationError', `Stack with id ${name} does not exist`);
        return {
          StackName: name,
          CreationTime: new Date(call.now - 86_400_000),
          StackStatus: 'CREATE_COMPLETE',
          Outputs: Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
        };
      }),
    };
  },
});
