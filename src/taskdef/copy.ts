import type { TaskDefinition } from './definition.ts';

/** Says which run has registered a revision only to have tasks started anew. */
export const REFRESH_TAG = 'deploy-actions:refresh';

/** AWS takes no more of a tag's value. */
const LONGEST_VALUE = 256;

/**
 * The same definition, to be registered once more: its mark tells the copy from the original, and a copy that a run has
 * registered before from those of other runs.
 */
export function markedCopy(definition: TaskDefinition, mark: string): TaskDefinition {
  const tags = (definition.tags ?? []).filter(({ key }) => key !== REFRESH_TAG);
  return { ...definition, tags: [...tags, { key: REFRESH_TAG, value: mark.slice(0, LONGEST_VALUE) }] };
}
