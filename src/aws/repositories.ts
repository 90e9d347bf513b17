import {
  CreateRepositoryCommand,
  type CreateRepositoryCommandOutput,
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsCommandOutput,
  DescribeRepositoriesCommand,
  type DescribeRepositoriesCommandOutput,
  ECRClient,
  type Repository as EcrRepository,
  type EnhancedImageScanFinding,
  GetAuthorizationTokenCommand,
  type GetAuthorizationTokenCommandOutput,
  type ImageScanFinding,
  PutLifecyclePolicyCommand,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr';
import { DeployError } from '../errors.ts';
import type { Severity, Vulnerability } from '../images/scan.ts';
import { SEVERITIES } from '../images/scan.ts';
import type { NewRepository, Repositories, Repository, ScanState } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** How long StartImageScan and CreateRepository are tried, in ms. */
const LIMIT_PATIENCE_MS = 10_000;

/** Which registry: without them, that of the credentials in AWS_REGION. */
export interface RegistryPlace {
  readonly region?: string;
  readonly registryId?: string;
  /** Credentials of a role that was taken on, instead of those of the environment. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
}

/**
 * Repositories of ECR. Permissions: ecr:DescribeRepositories, ecr:GetAuthorizationToken, ecr:CreateRepository and
 * ecr:PutLifecyclePolicy, ecr:StartImageScan, ecr:DescribeImageScanFindings; each only for the method that needs it.
 */
export function repositories(connection: Connection, place: RegistryPlace = {}): Repositories {
  const { region, credentials, registryId } = place;
  const settings = { ...(region !== undefined && { region }), ...(credentials && { credentials }) };
  const client = new ECRClient({ ...clientSettings(connection), ...settings });
  // A limit that is reached counts as throttling to the SDK, and no patience lifts it.
  const hasty = new ECRClient({
    ...clientSettings(connection, { patienceMs: LIMIT_PATIENCE_MS }),
    ...settings,
  });
  const send = <Output>(command: object, through = client): Promise<Output> =>
    call<Output>(connection, 'ecr', through, command);
  const registry = registryId === undefined ? {} : { registryId };

  async function find(name: string): Promise<Repository | undefined> {
    const command = new DescribeRepositoriesCommand({ ...registry, repositoryNames: [name] });
    try {
      const output = await send<DescribeRepositoriesCommandOutput>(command);
      const [found] = output.repositories ?? [];
      return found && repositoryOf(found);
    } catch (error) {
      if (errorName(error) === 'RepositoryNotFoundException') return undefined;
      throw error;
    }
  }

  async function create(name: string, wanted: NewRepository): Promise<Repository> {
    const command = new CreateRepositoryCommand({
      ...registry,
      repositoryName: name,
      imageTagMutability: wanted.immutableTags ? 'IMMUTABLE' : 'MUTABLE',
      imageScanningConfiguration: { scanOnPush: wanted.scanOnPush },
    });
    const made = await send<CreateRepositoryCommandOutput>(command, hasty).then(
      ({ repository }) => repository && repositoryOf(repository),
      (error: unknown) => {
        // Another job, or an answer of our own that was lost.
        if (errorName(error) === 'RepositoryAlreadyExistsException') return find(name);
        throw error;
      },
    );
    if (!made) throw new Error(`ECR neither made nor has the repository ${name}`);
    if (wanted.lifecyclePolicy !== undefined) await putPolicy(made, wanted.lifecyclePolicy);
    return made;
  }

  async function putPolicy({ name, registryId: owner }: Repository, policy: string): Promise<void> {
    const command = new PutLifecyclePolicyCommand({
      registryId: owner,
      repositoryName: name,
      lifecyclePolicyText: policy,
    });
    try {
      await send(command);
    } catch (cause) {
      // The next run finds the repository, makes none, and would never put the policy.
      throw new DeployError(
        `ECR did not take the lifecycle policy of ${name}: ${cause instanceof Error ? cause.message : ''}`,
        {
          state: `The repository ${name} is there now, without a lifecycle policy; nothing was pushed.`,
          next: `Mend what is said above (the permission is ecr:PutLifecyclePolicy), delete the repository ${name} while it is empty, and run this step again; or put the policy by hand.`,
          cause,
        },
      );
    }
  }

  async function startScan({ name, registryId: owner }: Repository, digest: string): Promise<boolean> {
    const imageId = { imageDigest: digest };
    try {
      await send(new StartImageScanCommand({ registryId: owner, repositoryName: name, imageId }), hasty);
    } catch (error) {
      if (errorName(error) === 'UnsupportedImageTypeException') return false;
      // LimitExceeded: scanned today. Validation: the registry scans by itself, continuously.
      const harmless = /^(LimitExceededException|ValidationException)$/;
      if (!harmless.test(errorName(error))) throw error;
    }
    return true;
  }

  async function scan({ name, registryId: owner }: Repository, digest: string): Promise<ScanState> {
    const found: Vulnerability[] = [];
    let nextToken: string | undefined;
    do {
      const command = new DescribeImageScanFindingsCommand({
        registryId: owner,
        repositoryName: name,
        imageId: { imageDigest: digest },
        maxResults: 1000,
        nextToken,
      });
      let page: DescribeImageScanFindingsCommandOutput;
      try {
        page = await send<DescribeImageScanFindingsCommandOutput>(command);
      } catch (error) {
        if (errorName(error) !== 'ScanNotFoundException') throw error;
        return { kind: 'none', why: 'ECR has not scanned it' };
      }
      const { status = 'PENDING', description } = page.imageScanStatus ?? {};
      if (!FINISHED.has(status)) {
        const why = description ? `${status}: ${description}` : status;
        return HOPELESS.has(status) ? { kind: 'failed', why } : { kind: 'running', status };
      }
      found.push(...(page.imageScanFindings?.findings ?? []).map(basicFinding));
      const enhanced = page.imageScanFindings?.enhancedFindings ?? [];
      found.push(...enhanced.filter(({ status = 'ACTIVE' }) => status === 'ACTIVE').map(enhancedFinding));
      nextToken = page.nextToken;
    } while (nextToken);
    return { kind: 'done', found };
  }

  return {
    find,
    create,
    startScan,
    scan,
    async login() {
      const output = await send<GetAuthorizationTokenCommandOutput>(
        new GetAuthorizationTokenCommand(registryId === undefined ? {} : { registryIds: [registryId] }),
      );
      const [data] = output.authorizationData ?? [];
      const token = Buffer.from(data?.authorizationToken ?? '', 'base64').toString();
      const colon = token.indexOf(':');
      if (!data?.proxyEndpoint || colon < 1) {
        throw new DeployError('ECR gave no password for its registry', {
          state: 'Nothing was changed.',
          next: 'Run this step again.',
        });
      }
      return {
        endpoint: data.proxyEndpoint,
        username: token.slice(0, colon),
        password: token.slice(colon + 1),
        expiresAt: data.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
      };
    },
  };
}

/** `ACTIVE` is what continuous (enhanced) scanning says once it has looked. */
const FINISHED: ReadonlySet<string> = new Set(['COMPLETE', 'ACTIVE']);
const HOPELESS: ReadonlySet<string> = new Set([
  'FAILED',
  'UNSUPPORTED_IMAGE',
  'SCAN_ELIGIBILITY_EXPIRED',
  'FINDINGS_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  'IMAGE_ARCHIVED',
]);

function repositoryOf(found: EcrRepository): Repository {
  const { repositoryName: name, repositoryArn: arn, repositoryUri: uri, registryId } = found;
  if (!name || !arn || !uri || !registryId) throw new Error('ECR answered a repository without its name');
  const filters = found.imageTagMutabilityExclusionFilters ?? [];
  return {
    name,
    arn,
    uri,
    registryId,
    mutability: {
      immutable: found.imageTagMutability?.startsWith('IMMUTABLE') ?? false,
      except: filters.flatMap(({ filter }) => (filter === undefined ? [] : [filter])),
    },
    scanOnPush: found.imageScanningConfiguration?.scanOnPush ?? false,
  };
}

const severityOf = (text: string | undefined): Severity =>
  SEVERITIES.find((severity) => severity === text?.toLowerCase()) ?? 'undefined';

/** Basic scanning keeps package and version among its attributes. */
function basicFinding({ name, severity, uri, attributes = [] }: ImageScanFinding): Vulnerability {
  const attribute = (key: string) => attributes.find((each) => each.key === key)?.value;
  return vulnerability({
    id: name ?? 'unnamed',
    severity: severityOf(severity),
    url: uri,
    packageName: attribute('package_name'),
    version: attribute('package_version'),
  });
}

function enhancedFinding(finding: EnhancedImageScanFinding): Vulnerability {
  const { packageVulnerabilityDetails: details, severity, title } = finding;
  const [affected] = details?.vulnerablePackages ?? [];
  return vulnerability({
    id: details?.vulnerabilityId ?? title ?? finding.findingArn ?? 'unnamed',
    severity: severityOf(severity),
    url: details?.sourceUrl,
    packageName: affected?.name,
    version: affected?.version,
    fixedIn: affected?.fixedInVersion === 'NotAvailable' ? undefined : affected?.fixedInVersion,
  });
}

/** Leaves out what the scanner does not say. */
const vulnerability = ({
  id,
  severity,
  packageName,
  version,
  fixedIn,
  url,
}: {
  readonly [Key in keyof Vulnerability]: Vulnerability[Key] | undefined;
} & Pick<Vulnerability, 'id' | 'severity'>): Vulnerability => ({
  id,
  severity,
  ...(packageName && { packageName }),
  ...(version && { version }),
  ...(fixedIn && { fixedIn }),
  ...(url && { url }),
});
