import { AssumeRoleCommand, type AssumeRoleCommandOutput, STSClient } from '@aws-sdk/client-sts';
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
