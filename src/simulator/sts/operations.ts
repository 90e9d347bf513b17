import type { GetCallerIdentityCommandOutput } from '@aws-sdk/client-sts';
import type { Answer } from '../answer.ts';
import type { Call, Operations } from '../operation.ts';
import { callerArn } from '../refusals.ts';

export const stsOperations: Operations = {
  GetCallerIdentity(_input: never, call: Call): Answer<GetCallerIdentityCommandOutput> {
    return {
      Account: call.accountId,
      Arn: callerArn(call.accountId),
      UserId: 'AROAEXAMPLEEXAMPLE000:GitHubActions',
    };
  },
};
