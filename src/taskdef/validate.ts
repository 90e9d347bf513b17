import type { TaskDefinition } from './definition.ts';
import type { Finding } from './rules/finding.ts';
import { knownFields } from './rules/known-fields.ts';
import { subjectOf } from './rules/subject.ts';

export type { Finding } from './rules/finding.ts';

export interface ValidationOptions {
  /** Whether an image without a digest is an error. */
  readonly requireDigest: boolean;
}

/**
 * Looks for all that RegisterTaskDefinition would refuse and for what would not work or is unwise, all of it at once.
 * It judges a rendered definition, after `clean`; messages hold no value that may be a secret.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 *
 * @returns errors first, each in the order of the definition; empty when there is nothing to say
 */
export function validate(definition: TaskDefinition, _options: ValidationOptions): readonly Finding[] {
  const subject = subjectOf(definition);
  return [...knownFields(subject)];
}
