import type { Kind } from './cells.ts';
import type { Contestant } from './contestant.ts';
import { ours } from './ours.ts';
import { alarm } from './rivals/alarm.ts';
import { argo } from './rivals/argo.ts';
import { documents } from './rivals/documents.ts';
import { flagger } from './rivals/flagger.ts';
import { kayenta } from './rivals/kayenta.ts';
import type { Subject } from './rivals/subject.ts';

export const OURS = 'ours';
export const UNTIL_CONFIDENT = 'ours, until-confident';
export const NAMES = [
  OURS,
  UNTIL_CONFIDENT,
  'fixed thresholds',
  'Flagger',
  'Argo Rollouts',
  'Kayenta',
  'CloudWatch alarm',
] as const;
export type Name = (typeof NAMES)[number];

export const OWN: readonly Name[] = [OURS, UNTIL_CONFIDENT];
export const RIVALS: readonly Name[] = NAMES.filter((name) => !OWN.includes(name));

/** Every judge, as it judges that kind of release; the rivals watch only what goes wrong in it. */
export function contestantsFor(kind: Kind): Readonly<Record<Name, Contestant>> {
  const subject: Subject = kind === 'slow' ? 'slow' : 'errors';
  return {
    [OURS]: ours(false),
    [UNTIL_CONFIDENT]: ours(true),
    'fixed thresholds': documents(subject),
    Flagger: flagger(subject),
    'Argo Rollouts': argo(subject),
    Kayenta: kayenta(subject),
    'CloudWatch alarm': alarm(subject),
  };
}
