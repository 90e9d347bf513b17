import type { TaskDefinition } from './definition.ts';
import { containerRules } from './rules/containers.ts';
import { fargateLimits } from './rules/fargate.ts';
import type { Finding } from './rules/finding.ts';
import { identityRules } from './rules/identity.ts';
import { imageRules } from './rules/images.ts';
import { knownFields } from './rules/known-fields.ts';
import { loggingRules } from './rules/logging.ts';
import { networkRules } from './rules/network.ts';
import { sizes } from './rules/sizes.ts';
import { storageRules } from './rules/storage.ts';
import { subjectOf } from './rules/subject.ts';
import { variableRules } from './rules/variables.ts';

export type { Finding } from './rules/finding.ts';

export interface ValidationOptions {
  /** Whether an image without a digest is an error. */
  readonly requireDigest: boolean;
}

/**
 * Looks for all that RegisterTaskDefinition would refuse (errors), for what it takes and would not work (errors too
 * where that is certain), and for what is unwise (warnings), all of it at once. It judges a rendered definition, after
 * `clean`; messages hold no value that may be a secret.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 *
 * @returns errors first; empty when there is nothing to say
 */
export function validate(
  definition: TaskDefinition,
  { requireDigest }: ValidationOptions,
): readonly Finding[] {
  const subject = subjectOf(definition);
  const findings = [
    ...knownFields(subject),
    ...identityRules(subject),
    ...sizes(subject),
    ...containerRules(subject),
    ...imageRules(subject, requireDigest),
    ...variableRules(subject),
    ...networkRules(subject),
    ...storageRules(subject),
    ...loggingRules(subject),
    ...fargateLimits(subject),
  ];
  const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity);
  return [...of('error'), ...of('warning')];
}
