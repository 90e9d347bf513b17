import type { Tags } from '../rollout/ledger.ts';

/** A service by the names of its cluster and its own. */
export interface ServiceName {
  readonly cluster: string;
  readonly service: string;
}

const SERVICE_TAG = 'deploy-actions:service';
const MADE_BY_TAG = 'deploy-actions:made-by';

/** What all of a service's alarms and its dashboard carry. */
export const tagsOf = ({ cluster, service }: ServiceName): Tags => ({
  [SERVICE_TAG]: `${cluster}/${service}`,
  [MADE_BY_TAG]: 'alarms',
});

export const isOurs = (tags: Tags | undefined, name: ServiceName): boolean =>
  Object.entries(tagsOf(name)).every(([key, value]) => tags?.[key] === value);

/** Names of alarms have at most 255 characters; 150 are left for what stands before the alarm's own. */
export const alarmPrefix = ({ cluster, service }: ServiceName): string =>
  `${fit(`${cluster}/${service}`, 150)}/`;

/** A dashboard's name has no slash in it. */
export const dashboardName = ({ cluster, service }: ServiceName): string => fit(`${cluster}_${service}`, 255);

const fit = (name: string, length: number): string =>
  name.length <= length ? name : `${name.slice(0, length - 9)}-${shortHash(name)}`;

/** FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
