import { printable } from './shape.ts';

/** What rendering changed in a container; it never holds the value of a variable, which may be a secret. */
export type Change =
  | {
      readonly kind: 'image';
      readonly container: string;
      readonly from: string | undefined;
      readonly to: string;
    }
  | {
      readonly kind: 'environment' | 'secret';
      readonly container: string;
      readonly name: string;
      readonly effect: VariableEffect;
    };

/** `moved`: it was a secret and is now a plain variable, or the other way round. */
export type VariableEffect = 'added' | 'changed' | 'moved' | 'unchanged';

/** The changes as lines of a log, in the order in which they were made. */
export function describeChanges(changes: readonly Change[]): readonly string[] {
  return changes.map((change) => {
    if (change.kind === 'image') {
      const { container, from, to } = change;
      const was = from === undefined ? '' : from === to ? ' (unchanged)' : ` (was ${printable(from)})`;
      return `${container}: image ${to}${was}`;
    }
    const { container, kind, name, effect } = change;
    const how =
      effect !== 'moved'
        ? effect
        : kind === 'secret'
          ? 'takes the place of the plain variable of that name'
          : 'takes the place of the secret of that name';
    return `${container}: ${kind} ${name} ${how}`;
  });
}
