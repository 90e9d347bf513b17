import { ConfigError } from '../errors.ts';
import { revision } from '../report/narrate.ts';
import { foreignRegion } from './job-region.ts';

/** A task definition revision as people name it. */
export type RevisionReference =
  /** `family` is that of the service where none is given. */
  | { readonly kind: 'revision'; readonly family: string | undefined; readonly revision: number }
  | { readonly kind: 'arn'; readonly arn: string };

/**
 * Reads `42`, `web:42` or an ARN; `undefined` for any other text.
 *
 * @param region of the job
 * @throws ConfigError for what begins as an ARN and is none of a revision in that region
 */
export function readRevision(
  text: string,
  input: string,
  region: string | undefined,
): RevisionReference | undefined {
  if (text.startsWith('arn:')) {
    const isRevision = /^arn:[^:\s]+:ecs:[^:\s]+:\d{12}:task-definition\/[\w-]+:\d+$/.test(text);
    const foreign = isRevision ? foreignRegion(text, region) : undefined;
    if (isRevision && foreign === undefined) return { kind: 'arn', arn: text };
    throw new ConfigError({
      input,
      message:
        foreign ??
        `"${text}" is not the ARN of a task definition revision, such as arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION`,
    });
  }
  const [, family, number] = /^(?:([\w-]+):)?([1-9]\d*)$/.exec(text) ?? [];
  return number === undefined ? undefined : { kind: 'revision', family, revision: Number(number) };
}

/**
 * @param region of the job
 * @throws ConfigError for a text that names no revision, or one of another region
 */
export function parseRevision(text: string, input: string, region: string | undefined): RevisionReference {
  const reference = readRevision(text, input, region);
  if (reference) return reference;
  throw new ConfigError({ input, message: `"${text}" is neither a revision (42 or web:42) nor its ARN` });
}

/** Whether it is that revision which an ARN names. */
export function refersTo(reference: RevisionReference, arn: string): boolean {
  if (reference.kind === 'arn') return reference.arn === arn;
  const [family, number] = revision(arn).split(':');
  return (
    number === String(reference.revision) && (reference.family === undefined || reference.family === family)
  );
}

/**
 * The ARN of a revision that a service runs, or has run: all of them are in its account and region.
 *
 * @param runs ARN of what the service runs
 */
export function arnBeside(reference: RevisionReference, runs: string): string {
  if (reference.kind === 'arn') return reference.arn;
  const [family = ''] = revision(runs).split(':');
  return runs.replace(/[^/]*$/, `${reference.family ?? family}:${reference.revision}`);
}

/** `web:42`, `42`: as it was given, an ARN without what all ARNs have. */
export function revisionText(reference: RevisionReference): string {
  if (reference.kind === 'arn') return revision(reference.arn);
  const { family, revision: number } = reference;
  return family === undefined ? `revision ${number}` : `${family}:${number}`;
}
