import type {
  AssumeRoleCommandInput,
  AssumeRoleCommandOutput,
  GetCallerIdentityCommandOutput,
} from '@aws-sdk/client-sts';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { accessDenied, callerArn } from '../refusals.ts';
import type { Credentials } from './credentials.ts';

/** Seconds. */
const SESSION = 3_600;

/** @param roles ARNs of the roles that may be assumed; any if there is no list */
export const stsOperations = (
  credentials: Credentials,
  roles: readonly string[] | undefined,
): Operations => ({
  GetCallerIdentity(_input: never, call: Call): Answer<GetCallerIdentityCommandOutput> {
    return {
      Account: call.accountId,
      Arn: callerArn(call),
      UserId: call.userId ?? 'AROAEXAMPLEEXAMPLE000:GitHubActions',
    };
  },

  AssumeRole(input: AssumeRoleCommandInput, call: Call): Answer<AssumeRoleCommandOutput> {
    const { RoleArn: arn = '', RoleSessionName: session = '', DurationSeconds: duration = SESSION } = input;
    const [, accountId, role] = /^arn:[\w-]+:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(arn) ?? [];
    if (accountId === undefined || role === undefined) {
      throw new AwsError('ValidationError', `${arn} is invalid`);
    }
    if (!/^[\w+=,.@-]{2,64}$/.test(session)) {
      throw new AwsError(
        'ValidationError',
        `1 validation error detected: Value '${session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
      );
    }
    if (duration < 900 || duration > 43_200) {
      throw new AwsError(
        'ValidationError',
        'The requested DurationSeconds is not between 900 and the MaxSessionDuration set for this role.',
      );
    }
    if (roles && !roles.includes(arn)) throw accessDenied('STS', 'AssumeRole', arn, call);
    const { accessKeyId, caller, userId } = credentials.assume(accountId, role, session);
    return {
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        SessionToken: Buffer.from(caller).toString('base64'),
        Expiration: new Date(call.now + duration * 1000),
      },
      AssumedRoleUser: { AssumedRoleId: userId, Arn: caller },
      PackedPolicySize: 1,
    };
  },
});
