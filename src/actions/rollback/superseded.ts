import { findUnfinished, type Site } from '../../engine/site.ts';
import type { EcsService } from '../../ports.ts';
import { revision } from '../../report/narrate.ts';
import { printable } from '../../taskdef/shape.ts';
import type { Adapters } from '../aws-adapters.ts';
import { type RevisionReference, refersTo, revisionText } from '../revision-reference.ts';

/** Whether a rollout's new revision may still take all traffic, or is on its way back. */
export const isUnderWay = ({ phase }: NonNullable<Site['ledger']>): boolean =>
  phase !== 'cleaning' && phase !== 'done';

/**
 * What has come between, where a rollback is wanted from one revision only; `undefined` where nothing has.
 *
 * @param alsoRuns ARN of what the service may run besides, where a rollout of the revision was taken back
 */
export function supersededBy(
  onlyFrom: RevisionReference,
  service: EcsService,
  site: Site | undefined,
  alsoRuns?: string,
): string | undefined {
  const ledger = site?.ledger;
  const { taskDefinition: runs } = service;
  if (ledger && isUnderWay(ledger)) {
    if (refersTo(onlyFrom, ledger.to)) return undefined;
    return `${service.name} runs ${revision(runs)}, and a rollout of ${revision(ledger.to)} is under way, held by ${printable(ledger.holder)}`;
  }
  if (refersTo(onlyFrom, runs) || runs === alsoRuns) return undefined;
  return `${service.name} runs ${revision(runs)}, not ${revisionText(onlyFrom)}: somebody else has deployed or rolled back meanwhile`;
}

/** Looks again at what has come between since; it only reads. */
export async function lookAgain(
  aws: Adapters,
  onlyFrom: RevisionReference,
  { cluster, name }: EcsService,
  alsoRuns: string | undefined,
): Promise<{ readonly service: EcsService; readonly why: string } | undefined> {
  const [service] = await aws.services.describe(cluster, [name]);
  if (!service) return undefined;
  const why = supersededBy(onlyFrom, service, await findUnfinished(aws, service), alsoRuns);
  return why === undefined ? undefined : { service, why };
}
