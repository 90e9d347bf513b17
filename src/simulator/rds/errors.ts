import { AwsError } from '../operation.ts';
import type { DatabaseKind } from './model.ts';

/** What Amazon RDS answers when it refuses: names and words as AWS gives them. */

export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterValue', message);

export const notAnIdentifier = (parameter: string): AwsError =>
  invalidParameter(
    `The parameter ${parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.`,
  );

export const databaseNotFound = (kind: DatabaseKind, id: string): AwsError =>
  kind === 'instance'
    ? new AwsError('DBInstanceNotFoundFault', `DBInstance ${id} not found.`, 404)
    : new AwsError('DBClusterNotFoundFault', `DBCluster ${id} not found.`, 404);

export const snapshotNotFound = (kind: DatabaseKind, id: string): AwsError =>
  kind === 'instance'
    ? new AwsError('DBSnapshotNotFoundFault', `DBSnapshot ${id} not found.`, 404)
    : new AwsError('DBClusterSnapshotNotFoundFault', `DBClusterSnapshot ${id} not found.`, 404);

export const snapshotExists = (kind: DatabaseKind, id: string): AwsError =>
  new AwsError(
    kind === 'instance' ? 'DBSnapshotAlreadyExistsFault' : 'DBClusterSnapshotAlreadyExistsFault',
    `Cannot create the snapshot because a snapshot with the identifier ${id} already exists.`,
  );

export const notAvailable = (kind: DatabaseKind, id: string): AwsError =>
  kind === 'instance'
    ? new AwsError(
        'InvalidDBInstanceStateFault',
        `Cannot create a snapshot because the database instance ${id} is not currently in the available state.`,
      )
    : new AwsError(
        'InvalidDBClusterStateFault',
        `Cannot create a snapshot because the database cluster ${id} is not currently in the available state.`,
      );

export const snapshotState = (kind: DatabaseKind, message: string): AwsError =>
  new AwsError(
    kind === 'instance' ? 'InvalidDBSnapshotStateFault' : 'InvalidDBClusterSnapshotStateFault',
    message,
  );

export const quotaExceeded = (quota: number): AwsError =>
  new AwsError('SnapshotQuotaExceededFault', `Cannot create more than ${quota} manual snapshots`);

export const keyNotAccessible = (key: string): AwsError =>
  new AwsError(
    'KMSKeyNotAccessibleFault',
    `The specified KMS key [${key}] does not exist, is not enabled or you do not have permissions to access it.`,
  );
