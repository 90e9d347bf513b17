import { DeployError } from '../errors.ts';
import type { Repository } from '../ports.ts';
import { RegistryError } from '../registry/registry-error.ts';

export interface Refused {
  /** The image. */
  readonly name: string;
  /** Those that were spoken to. */
  readonly repositories: readonly [Repository, ...Repository[]];
  /** What they have now. */
  readonly state: string;
}

/** Tells the user what the refusal of a registry means for an image; other errors pass as they are. */
export function registryRefusal(error: unknown, { name, repositories, state }: Refused): unknown {
  if (!(error instanceof RegistryError)) return error;
  const { status, request } = error;
  const repository = repositories.find(({ uri }) => uri === request?.repository) ?? repositories[0];
  const nexts: Readonly<Record<number, string>> = {
    401: 'The registry does not take the password that ECR gave: check that region and account are those of the registry, and run this step again.',
    403: `Allow ${request?.permission ?? 'access'} on ${repository.arn} in the policy of the role that this job assumes; the README of this action has all that it needs.`,
  };
  const next = nexts[status ?? 0] ?? 'Run this step again once the registry answers, or mend what it says.';
  const verb = error.passes ? 'did not answer' : 'refused a request';
  return new DeployError(`${name}: the registry ${verb} for ${repository.uri}: ${error.message}`, {
    state,
    next,
    cause: error,
  });
}
