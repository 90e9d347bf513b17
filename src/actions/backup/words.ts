import { DeployError, isOutage, isRefusal } from '../../errors.ts';

/** What AWS refuses a snapshot for that a person can mend. */
const FIXES: readonly (readonly [RegExp, string])[] = [
  [
    /SnapshotQuotaExceeded|StorageQuotaExceeded/,
    'Delete snapshots that nobody needs, let this action keep fewer of its own (keep: N), or have the quota raised in Service Quotas.',
  ],
  [
    /KMSKeyNotAccessible|InvalidKMSKey/,
    'Check that the key is in the region of the snapshot, is enabled, and that its policy lets this role use it (kms:DescribeKey, kms:CreateGrant, and for copies kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*). The key aws/rds cannot be used by other accounts.',
  ],
  [
    /SnapshotFeatureNotSupported/,
    'ElastiCache takes no snapshots of Memcached and of nodes of the type cache.t1.micro; leave this one out.',
  ],
  [/TagQuotaPerResourceExceeded/, 'A resource takes 50 tags; give fewer by tags.'],
];

/** What went wrong with one database, and what to do, in words for the person who reads it. */
export interface Trouble {
  readonly message: string;
  readonly next?: string;
  /** Not of a kind that a user could mend: a defect of this action, for all that is known. */
  readonly defect?: unknown;
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof DeployError) {
    return { message: error.message, ...(error.next !== undefined && { next: error.next }) };
  }
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const fix = FIXES.find(([pattern]) => pattern.test(name))?.[1];
  if (fix !== undefined) return { message: `AWS refused: ${message} (${name})`, next: fix };
  if (isOutage(error)) {
    return {
      message: `AWS did not answer, although it was asked again for a while (${name}: ${message})`,
      next: 'Run this step again once AWS answers; it goes on with what was begun.',
    };
  }
  if (isRefusal(error)) {
    return {
      message: `AWS refused: ${message} (${name})`,
      next: 'Mend what AWS says, and run this step again.',
    };
  }
  return { message: `${name}: ${message}`, defect: error };
}
