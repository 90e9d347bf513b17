import { createHash } from 'node:crypto';

/**
 * The canary's names, always the same for the same service, so that whatever a dead run has left is found again.
 * Where the plain name would not fit, its end gives way to a short hash of the whole.
 */
export const canaryServiceName = (service: string): string => fit(`${service}-canary`, 255);

/**
 * Target group names are unique per account and region, at most 32 letters, digits and hyphens, with no hyphen at
 * either end; so the cluster and the group it stands beside are in the hash.
 */
export function canaryTargetGroupName(cluster: string, service: string, stableGroup: string): string {
  const hash = shortHash([cluster, service, stableGroup].join('/'));
  const stem = service
    .replace(/[^a-zA-Z0-9-]+/g, '-')
    .slice(0, 16)
    .replace(/^-+|-+$/g, '');
  return `canary-${stem === '' ? '' : `${stem}-`}${hash}`;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

const fit = (name: string, length: number): string =>
  name.length <= length ? name : `${name.slice(0, length - 9)}-${shortHash(name)}`;
