import { ConfigError, type Problem } from '../errors.ts';
import type { Repositories } from '../ports.ts';
import type { InputSource } from './input-reader.ts';

/** `ecr:REPOSITORY@sha256:...` or `ecr:REPOSITORY:TAG`, alone or as a value in lines, YAML or JSON. */
const REFERENCE = /(^|[\s=:"'])ecr:([a-z0-9][a-z0-9._/-]*)(?=[:@])/gm;

/**
 * Puts the address of this account's registry before images that are named without it, as `ecr-push` hands them from job
 * to job: the address holds the account id, and GitHub drops an output that holds a masked value.
 *
 * @param names the inputs that hold images
 * @param connect opens AWS; called only when one is named like that
 * @throws ConfigError naming every repository that is not there
 */
export async function withEcrImages(
  input: InputSource,
  names: readonly string[],
  connect: () => Promise<Repositories>,
): Promise<InputSource> {
  const found = names.flatMap((name) =>
    [...input(name).matchAll(REFERENCE)].map(([, , repository = '']) => ({ name, repository })),
  );
  if (found.length === 0) return input;
  const ecr = await connect();
  const problems: Problem[] = [];
  const addresses = new Map<string, string>();
  await Promise.all(
    [...new Set(found.map(({ repository }) => repository))].map(async (repository) => {
      const uri = (await ecr.find(repository))?.uri;
      if (uri !== undefined) addresses.set(repository, uri);
      else {
        problems.push({
          input: found.find((each) => each.repository === repository)?.name ?? '',
          message: `there is no ECR repository "${repository}" in this account and region; check its name and AWS_REGION`,
        });
      }
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  const filled = (text: string) =>
    text.replace(REFERENCE, (_, before: string, repository: string) => before + addresses.get(repository));
  return (name) => (names.includes(name) ? filled(input(name)) : input(name));
}
