import type {
  DescribeImageScanFindingsCommandInput,
  DescribeImageScanFindingsCommandOutput,
  EnhancedImageScanFinding,
  FindingSeverity,
  ImageDetail,
  ImageIdentifier,
  ImageScanFinding,
  ImageScanFindingsSummary,
  ImageScanStatus,
  StartImageScanCommandInput,
  StartImageScanCommandOutput,
} from '@aws-sdk/client-ecr';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { scanNotFound } from './errors.ts';
import { fits, type Repository, type ScenarioFinding, type StoredImage, tagsOf } from './model.ts';
import type { Registries } from './registries.ts';
import { badToken, pageSize, registryOf } from './repositories.ts';
import type { PrivateRegistry } from './state.ts';

/** An image may be scanned once in so many milliseconds. */
const SCAN_INTERVAL = 24 * 3_600_000;
/** A scan waits for this share of its time before it runs. */
const WAITING = 0.25;

/** A scan as it is at some time. */
interface Scan {
  readonly state: ImageScanStatus;
  /** When there is a result, in ms since the epoch. */
  readonly completedAt?: number;
}

const state = (status: NonNullable<ImageScanStatus['status']>, description: string): Scan => ({
  state: { status, description },
});

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html */
function scanOf(repository: Repository, { facts, scanAskedAt }: StoredImage, now: number): Scan | undefined {
  const { scanning, scanTime, scannedFor } = repository;
  if (scanAskedAt === undefined) return undefined;
  const isEnhanced = scanning === 'enhanced';
  if (facts?.kind === 'artifact' || (isEnhanced && facts?.kind === 'index')) {
    return state('UNSUPPORTED_IMAGE', 'The image type is not supported for scanning.');
  }
  if (facts?.kind === 'index') return undefined;
  const age = now - scanAskedAt;
  if (scanning === 'never' || (age < scanTime && (isEnhanced || age < scanTime * WAITING))) {
    return state('PENDING', 'The scan is pending.');
  }
  if (age < scanTime) return state('IN_PROGRESS', 'The scan is in progress.');
  if (scanning === 'failing') {
    return state(
      'FAILED',
      'UnsupportedImageError: The operating system and/or package manager are not supported.',
    );
  }
  const completedAt = scanAskedAt + scanTime;
  if (!isEnhanced) return { ...state('COMPLETE', 'The scan was completed successfully.'), completedAt };
  if (age >= scannedFor) {
    return {
      ...state('SCAN_ELIGIBILITY_EXPIRED', 'The eligibility of the image for scanning has expired.'),
      completedAt,
    };
  }
  return { ...state('ACTIVE', 'Continuous scan is selected for image.'), completedAt };
}

function findingsOf(repository: Repository, { digest }: StoredImage): ScenarioFinding[] {
  const tags = tagsOf(repository, digest);
  return repository.findings.filter(({ tag }) => tag === undefined || tags.some((each) => fits(tag, each)));
}

function summaryOf(findings: readonly ScenarioFinding[], completedAt: number): ImageScanFindingsSummary {
  const counts: Partial<Record<FindingSeverity, number>> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return {
    imageScanCompletedAt: new Date(completedAt),
    vulnerabilitySourceUpdatedAt: new Date(completedAt),
    findingSeverityCounts: counts,
  };
}

/** What DescribeImages tells of an image's scan. */
export function scanDetail(
  repository: Repository,
  image: StoredImage,
  now: number,
): Pick<ImageDetail, 'imageScanStatus' | 'imageScanFindingsSummary'> {
  const scan = scanOf(repository, image, now);
  if (!scan) return {};
  const { state: imageScanStatus, completedAt } = scan;
  if (completedAt === undefined) return { imageScanStatus };
  return { imageScanStatus, imageScanFindingsSummary: summaryOf(findingsOf(repository, image), completedAt) };
}

const descriptionOf = (finding: ScenarioFinding): string =>
  finding.description ?? `A vulnerability in ${finding.package} ${finding.version}.`;

const uriOf = ({ name, uri }: ScenarioFinding): string => uri ?? `https://www.cve.org/CVERecord?id=${name}`;

const basicFinding = (finding: ScenarioFinding): ImageScanFinding => ({
  name: finding.name,
  description: descriptionOf(finding),
  uri: uriOf(finding),
  severity: finding.severity,
  attributes: [
    { key: 'package_version', value: finding.version },
    { key: 'package_name', value: finding.package },
  ],
});

/** As Amazon Inspector tells it. */
function enhancedFinding(
  registry: PrivateRegistry,
  repository: Repository,
  image: StoredImage,
  finding: ScenarioFinding,
  seenAt: number,
): EnhancedImageScanFinding {
  const { accountId, region } = registry;
  const seen = new Date(seenAt);
  return {
    awsAccountId: accountId,
    description: descriptionOf(finding),
    findingArn: `arn:aws:inspector2:${region}:${accountId}:finding/${finding.name}`,
    firstObservedAt: seen,
    lastObservedAt: seen,
    updatedAt: seen,
    fixAvailable: finding.fixedIn === undefined ? 'NO' : 'YES',
    packageVulnerabilityDetails: {
      source: 'NVD',
      sourceUrl: uriOf(finding),
      vulnerabilityId: finding.name,
      referenceUrls: [uriOf(finding)],
      relatedVulnerabilities: [],
      vulnerablePackages: [
        {
          name: finding.package,
          version: finding.version,
          packageManager: 'OS',
          ...(finding.fixedIn !== undefined && { fixedInVersion: finding.fixedIn }),
        },
      ],
    },
    remediation: { recommendation: { text: 'None Provided' } },
    resources: [
      {
        type: 'AWS_ECR_CONTAINER_IMAGE',
        id: `${repository.arn}/${image.digest}`,
        details: {
          awsEcrContainerImage: {
            imageHash: image.digest,
            imageTags: tagsOf(repository, image.digest),
            pushedAt: new Date(image.pushedAt),
            registry: accountId,
            repositoryName: repository.name,
          },
        },
      },
    ],
    severity: finding.severity,
    status: 'ACTIVE',
    title: `${finding.name} - ${finding.package}`,
    type: 'PACKAGE_VULNERABILITY',
  };
}

/** Operations on scans: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html */
export const scanOperations = (registries: Registries): Operations => ({
  StartImageScan(input: StartImageScanCommandInput, call: Call): Answer<StartImageScanCommandOutput> {
    const registry = registryOf(registries, input, call);
    const repository = registry.repository(input.repositoryName);
    const image = registry.image(repository, input.imageId ?? {});
    if (repository.scanning === 'enhanced')
      throw new AwsError('ValidationException', 'This feature is disabled');
    if (image.facts !== undefined && image.facts.kind !== 'image') {
      throw new AwsError(
        'UnsupportedImageTypeException',
        `The image of type '${image.mediaType ?? ''}' is of a type that cannot be scanned.`,
      );
    }
    if (image.scanAskedAt !== undefined && call.now - image.scanAskedAt < SCAN_INTERVAL) {
      throw new AwsError(
        'LimitExceededException',
        'The scan quota per image has been exceeded. Wait and try again.',
      );
    }
    image.scanAskedAt = call.now;
    return {
      registryId: registry.accountId,
      repositoryName: repository.name,
      imageId: namedAs(image, input.imageId),
      imageScanStatus: scanOf(repository, image, call.now)?.state,
    };
  },

  DescribeImageScanFindings(
    input: DescribeImageScanFindingsCommandInput,
    call: Call,
  ): Answer<DescribeImageScanFindingsCommandOutput> {
    const registry = registryOf(registries, input, call);
    const repository = registry.repository(input.repositoryName);
    const image = registry.image(repository, input.imageId ?? {});
    const imageId = namedAs(image, input.imageId);
    const scan = scanOf(repository, image, call.now);
    if (!scan) throw scanNotFound(imageId, registry.place(repository.name));
    const about = { registryId: registry.accountId, repositoryName: repository.name, imageId };
    const { state: imageScanStatus, completedAt } = scan;
    if (completedAt === undefined) return { ...about, imageScanStatus };
    const all = findingsOf(repository, image);
    const { items, next } = page(all, input.nextToken, pageSize(input.maxResults), badToken);
    return {
      ...about,
      imageScanStatus,
      imageScanFindings: {
        ...summaryOf(all, completedAt),
        ...(repository.scanning === 'enhanced'
          ? {
              enhancedFindings: items.map((each) =>
                enhancedFinding(registry, repository, image, each, completedAt),
              ),
            }
          : { findings: items.map(basicFinding) }),
      },
      ...(next !== undefined && { nextToken: next }),
    };
  },
});

const namedAs = ({ digest }: StoredImage, asked: ImageIdentifier | undefined): ImageIdentifier => ({
  imageDigest: digest,
  ...(asked?.imageTag !== undefined && { imageTag: asked.imageTag }),
});
