/** An image as people name it: `registry/repository:tag@digest`, all but the repository optional. */
export interface ImageReference {
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const HOST = '(?:[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*|\\[[0-9a-fA-F:]+\\])(?::\\d+)?';
const TAG = '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}';
const DIGEST = 'sha256:[0-9a-f]{64}';
const REFERENCE = new RegExp(
  `^(?:(${HOST})/)?(${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`,
);

/**
 * Reads an image's name by the grammar of registries. As Docker does, the first part counts as a registry only when it
 * has a dot or a port, or is `localhost`.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 *
 * @returns undefined for what no registry could have
 */
export function parseReference(text: string): ImageReference | undefined {
  const [whole, host, path, tag, digest] = REFERENCE.exec(text) ?? [];
  if (whole === undefined || path === undefined) return undefined;
  const isRegistry = host !== undefined && (/[.:]/.test(host) || host === 'localhost');
  const repository = host === undefined || isRegistry ? path : `${host}/${path}`;
  if (!new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`).test(repository)) return undefined;
  return {
    ...(isRegistry && { registry: host }),
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** What happened to a name that was put together of pieces which GitHub keeps to itself. */
export function lostPiece(text: string): string | undefined {
  if (text.includes('***')) {
    return 'the log shows *** in the place of a masked value, such as an account id, but it is not that value; write the name of the repository without the registry';
  }
  if (!text.startsWith('.')) return undefined;
  return 'the account id before the first dot is missing: GitHub drops a job output that holds a masked value; write the name of the repository without the registry';
}

export const isTag = (text: string): boolean => new RegExp(`^${TAG}$`).test(text);
export const isDigest = (text: string): boolean => new RegExp(`^${DIGEST}$`).test(text);

const ECR_NAME = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * Narrower than the grammar of registries: one sign between letters.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
export const isRepositoryName = (text: string): boolean =>
  text.length >= 2 && text.length <= 256 && ECR_NAME.test(text);

/** Where an ECR registry is: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, in any partition and over IPv6 too. */
export interface EcrHost {
  readonly account: string;
  readonly region: string;
}

export function parseEcrHost(host: string): EcrHost | undefined {
  const [, account, region] = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z0-9.-]+$/.exec(host) ?? [];
  return account === undefined || region === undefined ? undefined : { account, region };
}

/** Whether two hosts are one registry: ECR has several names for each, such as those for IPv6 and FIPS. */
export function isSameRegistry(one: string, other: string): boolean {
  const [a, b] = [parseEcrHost(one), parseEcrHost(other)];
  return one === other || (a !== undefined && a.account === b?.account && a.region === b.region);
}

/** What stands before a repository whose registry is found where it is used: `ecr:shop@sha256:...`. */
export const PORTABLE = 'ecr:';

/**
 * An image without its registry, whose address holds the account id. GitHub drops a job output that contains a masked
 * value, and many teams mask that one, so this is the form that reaches the next job.
 */
export const portable = (repository: string, digest: string): string => `${PORTABLE}${repository}@${digest}`;
