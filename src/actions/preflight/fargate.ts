import type { TaskPlacement } from '../../ports.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';

/** Whether tasks run on Fargate: by what the service says, and where it says nothing, by what the definition is for. */
export function onFargate(
  { launchType, capacityProviders = [] }: TaskPlacement,
  { requiresCompatibilities }: TaskDefinition,
): boolean {
  if (capacityProviders.length > 0)
    return capacityProviders.every(({ name }) => /^FARGATE(_SPOT)?$/.test(name));
  if (launchType !== undefined) return launchType === 'FARGATE';
  return Array.isArray(requiresCompatibilities) && requiresCompatibilities.includes('FARGATE');
}

/** Whether all of them run on spare capacity, which has a quota of its own. */
export const onSpot = ({ capacityProviders = [] }: TaskPlacement): boolean =>
  capacityProviders.length > 0 && capacityProviders.every(({ name }) => name === 'FARGATE_SPOT');
