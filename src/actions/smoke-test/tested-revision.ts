import { DeployError } from '../../errors.ts';
import type { EcsService, Services } from '../../ports.ts';
import { revision } from '../../report/narrate.ts';
import { type RevisionReference, refersTo, revisionText } from '../revision-reference.ts';

/** The service is set to run another revision than the one that was to be tested. */
export class OtherRevision extends DeployError {}

/**
 * @param state what was asked of the service, in a sentence
 * @throws OtherRevision when the service is set to run another revision than the one to be tested
 */
export function requireRevision(service: EcsService, wanted: RevisionReference, state: string): void {
  const primary = service.deployments.find((deployment) => deployment.primary)?.taskDefinition;
  const other = [service.taskDefinition, primary].find(
    (runs) => runs !== undefined && !refersTo(wanted, runs),
  );
  if (other === undefined) return;
  throw new OtherRevision(
    `${service.name} runs ${revision(other)}, and ${revisionText(wanted)} was to be tested: somebody else has deployed or rolled back.`,
    {
      state,
      next: 'This says nothing about either revision. Test what runs now, or deploy again.',
    },
  );
}

/**
 * Looks at the service again after the requests: an answer counts only where nobody has put another revision there.
 *
 * @throws OtherRevision when it is set to run another one
 */
export async function requireRevisionStill(
  services: Pick<Services, 'describe'>,
  { cluster, name }: { readonly cluster: string; readonly name: string },
  wanted: RevisionReference,
): Promise<void> {
  const [service] = await services.describe(cluster, [name]);
  if (!service) throw new DeployError(`the service ${name} is gone`);
  requireRevision(service, wanted, 'The requests may have been answered by either of them.');
}
