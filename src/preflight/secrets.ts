import { suggestion } from '../smoke-test/suggestion.ts';
import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen } from './finding.ts';
import type { PlacedReference, SecretReference } from './secret-reference.ts';

/** What is known of a secret or parameter that a task definition refers to; never its value. */
export interface SecretFacts {
  /** Undefined where there is none; then nothing else of it is known. */
  readonly there: Seen<
    | {
        /** When its deletion was ordered, ms since the epoch. */
        readonly deletedAt: number | undefined;
        /** Labels of each version by its id. */
        readonly versions: ReadonlyMap<string, readonly string[]>;
      }
    | undefined
  >;
  /** The names of the members of its value, where the reference takes one of them. */
  readonly keys: Seen<readonly string[] | 'not-json' | undefined>;
}

export interface CheckedReference extends PlacedReference {
  readonly facts: SecretFacts;
}

export function checkSecrets(references: readonly CheckedReference[]): readonly Finding[] {
  const check = 'secrets';
  const findings = references.map(({ place, reference, facts }) => findingOf(place, reference, facts));
  const right = findings.filter((finding) => finding === undefined).length;
  const told = findings.filter((finding) => finding !== undefined);
  if (references.length === 0) return [skip(check, 'the task definition takes none')];
  const passed = right === 1 ? '1 reference leads' : `${right} references lead`;
  return [...told, ...(right > 0 ? [pass(check, `${passed} to a value`)] : [])];
}

function findingOf(place: string, reference: SecretReference, facts: SecretFacts): Finding | undefined {
  const check = 'secrets';
  const { there, keys } = facts;
  const name = reference.kind === 'secret' ? shortName(reference.secret) : shortName(reference.name);
  const what = reference.kind === 'secret' ? `secret ${name}` : `parameter ${name}`;
  if (isUnseen(there)) return unseen(check, `${place}: the ${what}`, there);
  if (!there) {
    const fix =
      reference.kind === 'secret'
        ? 'Make the secret, or mend valueFrom: a secret is given by its whole ARN, with the six characters at its end.'
        : 'Make the parameter, or mend valueFrom: what is not the ARN of a secret is taken for a parameter of Systems Manager.';
    return fail(check, `${place}: there is no ${what}${regionOf(reference)}`, fix);
  }
  if (reference.kind === 'parameter') return undefined;
  if (there.deletedAt !== undefined) {
    return fail(
      check,
      `${place}: the ${what} is being deleted since ${new Date(there.deletedAt).toISOString().slice(0, 10)}, and cannot be read`,
      `Take it back: aws secretsmanager restore-secret --secret-id ${withoutSuffix(name)}; or refer to another one.`,
    );
  }
  const version = versionProblem(reference, there.versions);
  if (version !== undefined)
    return fail(
      check,
      `${place}: the ${what} has ${version}`,
      `Mend valueFrom, or put the value: aws secretsmanager put-secret-value --secret-id ${withoutSuffix(name)}`,
    );
  const { jsonKey } = reference;
  if (jsonKey === undefined) return undefined;
  if (isUnseen(keys)) return unseen(check, `${place}: whether the ${what} has the member ${jsonKey}`, keys);
  if (keys === undefined)
    return fail(check, `${place}: the ${what} has no text value`, 'Put the value as JSON text.');
  if (keys === 'not-json') {
    return fail(
      check,
      `${place}: the value of the ${what} is no JSON object, and the member ${jsonKey} of it is asked for`,
      'Leave the member out of valueFrom, or put the value as JSON.',
    );
  }
  if (keys.includes(jsonKey)) return undefined;
  const meant = suggestion(jsonKey, keys);
  return fail(
    check,
    `${place}: the value of the ${what} has no member ${jsonKey}`,
    meant === undefined
      ? 'Mend the member in valueFrom, or add it to the value.'
      : `Did you mean ${meant}? Mend valueFrom.`,
  );
}

function versionProblem(
  { stage, version }: Extract<SecretReference, { kind: 'secret' }>,
  versions: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const labels = [...versions.values()].flat();
  if (version !== undefined) {
    const own = versions.get(version);
    // A version without a label is not listed, and may be there all the same until AWS removes it.
    if (!own) return `no version ${version} that is in use`;
    return stage === undefined || own.includes(stage)
      ? undefined
      : `another version labelled ${stage} than ${version}`;
  }
  const wanted = stage ?? 'AWSCURRENT';
  if (labels.includes(wanted)) return undefined;
  return stage === undefined ? 'no value yet' : `no version labelled ${stage}`;
}

/** A region that is not the service's is seen at once where it is named. */
function regionOf(reference: SecretReference): string {
  const text = reference.kind === 'secret' ? reference.secret : reference.name;
  const [, region] = /^arn:[^:]*:[^:]*:([^:]+):/.exec(text) ?? [];
  return region === undefined ? '' : ` in ${region}`;
}

/** Without the part of an ARN that all of them have. */
export const shortName = (reference: string): string =>
  reference.replace(/^arn:[^:]*:(?:secretsmanager|ssm):[^:]*:\d*:(?:secret:|parameter(?=\/))?/, '');

/** What AWS has put behind the name in an ARN is no part of the name. */
const withoutSuffix = (name: string): string => name.replace(/-[A-Za-z0-9]{6}$/, '');
