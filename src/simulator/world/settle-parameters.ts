import type { Scenario } from '../scenario/scenario.ts';
import type { ParameterStore } from '../ssm/state.ts';

/**
 * Writes the scenario's parameters.
 *
 * @returns the names of those that may not be read
 */
export function settleParameters(
  scenario: Scenario,
  store: ParameterStore,
  start: number,
): ReadonlySet<string> {
  const all = Object.entries(scenario.parameters ?? {}).map(
    ([name, given]) => [name, typeof given === 'string' ? { value: given } : given] as const,
  );
  for (const [name, { value, type = 'String', changedAgo }] of all) {
    store.put(name, {
      value,
      type,
      overwrite: false,
      by: `arn:aws:iam::${store.kernel.accountId}:root`,
      ...(changedAgo !== undefined && { at: start - changedAgo }),
    });
  }
  return new Set(all.flatMap(([name, { unreadable }]) => (unreadable ? [name] : [])));
}
