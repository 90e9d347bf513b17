import {
  AssumeRoleCommand,
  type AssumeRoleCommandOutput,
  GetCallerIdentityCommand,
  type GetCallerIdentityCommandOutput,
  STSClient,
} from '@aws-sdk/client-sts';
import { DeployError } from '../errors.ts';
import { type Connection, call, clientSettings } from './connection.ts';

/** Credentials of a role, good for an hour. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Takes on a role, as a rule in another account. Permission: sts:AssumeRole on it, and its trust in this role.
 *
 * @param region whose STS is asked; that of the job if not given
 */
export async function assumeRole(
  connection: Connection,
  roleArn: string,
  sessionName: string,
  region?: string,
): Promise<RoleCredentials> {
  const client = new STSClient({ ...clientSettings(connection), ...(region !== undefined && { region }) });
  const command = new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: sessionName });
  const { Credentials: given } = await call<AssumeRoleCommandOutput>(connection, 'sts', client, command);
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
  } = given ?? {};
  if (!accessKeyId || !secretAccessKey || !sessionToken) {
    throw new DeployError(`AWS gave no credentials for ${roleArn}`, { next: 'Run this step again.' });
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}

/**
 * The role that this job runs as. It takes no permission. A session does not tell the path of its role.
 *
 * @returns its ARN; undefined where the job runs as a user or as the account itself
 */
export async function ownRole(connection: Connection): Promise<string | undefined> {
  const client = new STSClient(clientSettings(connection));
  const command = new GetCallerIdentityCommand({});
  const { Arn = '' } = await call<GetCallerIdentityCommandOutput>(connection, 'sts', client, command);
  const [, partition, account, name] = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(Arn) ?? [];
  return name === undefined ? undefined : `arn:${partition}:iam::${account}:role/${name}`;
}
