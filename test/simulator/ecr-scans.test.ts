import {
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  type ECRClient,
  PutImageCommand,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr';
import { afterEach, describe, expect, it } from 'vitest';
import type { ScenarioFinding, ScenarioRepository } from '../../src/simulator/ecr/model.ts';
import { startRegistry } from './ecr-under-test.ts';
import { refusalOf } from './failure-of.ts';
import { START } from './moved-clock.ts';
import { pushImage } from './oci-push.ts';

const MINUTE = 60_000;
const DAY = 24 * 3_600_000;
const app = { repositoryName: 'app', imageId: { imageTag: 'v1' } };

const FINDINGS: readonly ScenarioFinding[] = [
  { name: 'CVE-2026-0001', severity: 'CRITICAL', package: 'zlib', version: '1.2', fixedIn: '1.3' },
  { name: 'CVE-2026-0002', severity: 'LOW', package: 'bash', version: '5', description: 'Loops.' },
  { name: 'CVE-2026-0003', severity: 'LOW', package: 'tar', version: '1', uri: 'https://example.com/3' },
  { name: 'CVE-2026-0004', severity: 'HIGH', package: 'curl', version: '8', tag: 'old-*' },
];

let running: Awaited<ReturnType<typeof startRegistry>> | undefined;

/** A registry whose repository `app` has the image `v1`. */
async function start(repository: ScenarioRepository) {
  running = await startRegistry({ app: { scanTime: MINUTE, findings: FINDINGS, ...repository } });
  const door = await running.login(running.ecr);
  return { ...running, door, image: await pushImage(door, 'app', 'v1', 'layer') };
}

afterEach(async () => {
  await running?.simulator.close();
  expect(running?.simulator.bugs ?? []).toEqual([]);
  running = undefined;
});

const findings = (ecr: ECRClient, more: { maxResults?: number; nextToken?: string | undefined } = {}) =>
  ecr.send(new DescribeImageScanFindingsCommand({ ...app, ...more }));

const statusOf = async (ecr: ECRClient): Promise<string | undefined> =>
  (await findings(ecr)).imageScanStatus?.status;

const pushIndex = (ecr: ECRClient, digest: string) =>
  ecr.send(
    new PutImageCommand({
      repositoryName: 'app',
      imageTag: 'index',
      imageManifestMediaType: 'application/vnd.oci.image.index.v1+json',
      imageManifest: JSON.stringify({ schemaVersion: 2, manifests: [{ digest, size: 1 }] }),
    }),
  );
const index = { repositoryName: 'app', imageId: { imageTag: 'index' } };

describe('a basic scan', () => {
  it('waits, runs and ends with findings after a push', async () => {
    const { ecr, clock, image } = await start({ scanning: 'on-push' });
    expect(await statusOf(ecr)).toBe('PENDING');
    clock.move(MINUTE / 2);
    const half = await findings(ecr);
    expect(half.imageScanStatus?.status).toBe('IN_PROGRESS');
    expect(half.imageScanFindings).toBeUndefined();
    clock.move(MINUTE / 2);
    const done = await findings(ecr);
    expect(done).toMatchObject({
      imageId: { imageDigest: image.digest, imageTag: 'v1' },
      imageScanStatus: { status: 'COMPLETE', description: 'The scan was completed successfully.' },
      imageScanFindings: {
        imageScanCompletedAt: new Date(START + MINUTE),
        findingSeverityCounts: { CRITICAL: 1, LOW: 2 },
      },
    });
    expect(done.imageScanFindings?.findings?.[0]).toEqual({
      name: 'CVE-2026-0001',
      severity: 'CRITICAL',
      description: 'A vulnerability in zlib 1.2.',
      uri: 'https://www.cve.org/CVERecord?id=CVE-2026-0001',
      attributes: [
        { key: 'package_version', value: '1.2' },
        { key: 'package_name', value: 'zlib' },
      ],
    });
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName: 'app', imageIds: [app.imageId] }),
    );
    expect(imageDetails?.[0]).toMatchObject({
      imageScanStatus: { status: 'COMPLETE' },
      imageScanFindingsSummary: { findingSeverityCounts: { CRITICAL: 1, LOW: 2 } },
    });
  });

  it('finds what belongs to the tag', async () => {
    const { ecr, clock, door } = await start({ scanning: 'on-push' });
    await pushImage(door, 'app', 'old-1', 'layer');
    clock.move(MINUTE);
    expect((await findings(ecr)).imageScanFindings?.findingSeverityCounts).toEqual({
      CRITICAL: 1,
      HIGH: 1,
      LOW: 2,
    });
  });

  it('has its findings told page by page', async () => {
    const { ecr, clock } = await start({ scanning: 'on-push' });
    clock.move(MINUTE);
    const first = await findings(ecr, { maxResults: 2 });
    const second = await findings(ecr, { maxResults: 2, nextToken: first.nextToken });
    const names = [first, second].map(({ imageScanFindings: some }) =>
      some?.findings?.map(({ name }) => name),
    );
    expect(names).toEqual([['CVE-2026-0001', 'CVE-2026-0002'], ['CVE-2026-0003']]);
    expect(second.nextToken).toBeUndefined();
    expect(second.imageScanFindings?.findingSeverityCounts).toEqual({ CRITICAL: 1, LOW: 2 });
  });

  it('by hand is asked for, once in 24 hours', async () => {
    const { ecr, clock, image } = await start({ scanning: 'manual' });
    const scan = () => ecr.send(new StartImageScanCommand(app));
    expect(await refusalOf(findings(ecr))).toBe(
      `ScanNotFoundException: Image scan does not exist for the image with '{imageDigest:'${image.digest}', ` +
        "imageTag:'v1'}' in the repository with name 'app' in the registry with id '123456789012'",
    );
    expect((await scan()).imageScanStatus?.status).toBe('PENDING');
    clock.move(MINUTE);
    expect(await statusOf(ecr)).toBe('COMPLETE');
    clock.move(DAY - MINUTE - 1);
    expect(await refusalOf(scan())).toBe(
      'LimitExceededException: The scan quota per image has been exceeded. Wait and try again.',
    );
    clock.move(1);
    expect((await scan()).imageScanStatus?.status).toBe('PENDING');
  });

  it('cannot be had of an index', async () => {
    const { ecr, image } = await start({ scanning: 'on-push' });
    await pushIndex(ecr, image.digest);
    expect(await refusalOf(ecr.send(new StartImageScanCommand(index)))).toContain(
      'UnsupportedImageTypeException',
    );
    expect(await refusalOf(ecr.send(new DescribeImageScanFindingsCommand(index)))).toContain(
      'ScanNotFoundException',
    );
  });

  it('of an image that is not there is not found', async () => {
    const { ecr } = await start({ scanning: 'on-push' });
    const none = { ...app, imageId: { imageTag: 'v9' } };
    for (const command of [new DescribeImageScanFindingsCommand(none), new StartImageScanCommand(none)]) {
      expect(await refusalOf(ecr.send(command as StartImageScanCommand))).toContain('ImageNotFoundException');
    }
  });

  it.each([
    ['stays due', 'never', 'PENDING'],
    ['fails', 'failing', 'FAILED'],
  ] as const)('%s when the scenario says so', async (_, scanning, status) => {
    const { ecr, clock } = await start({ scanning });
    clock.move(DAY);
    const told = await findings(ecr);
    expect(told.imageScanStatus?.status).toBe(status);
    expect(told.imageScanFindings).toBeUndefined();
  });
});

describe('an enhanced scan', () => {
  it('is pending, then active for as long as the image is watched', async () => {
    const { ecr, clock, image } = await start({ scanning: 'enhanced', scannedFor: DAY });
    expect(await statusOf(ecr)).toBe('PENDING');
    clock.move(MINUTE);
    const { imageScanStatus, imageScanFindings } = await findings(ecr);
    expect(imageScanStatus?.status).toBe('ACTIVE');
    expect(imageScanFindings?.findings).toBeUndefined();
    expect(imageScanFindings?.enhancedFindings).toHaveLength(3);
    expect(imageScanFindings?.enhancedFindings?.[0]).toMatchObject({
      title: 'CVE-2026-0001 - zlib',
      severity: 'CRITICAL',
      status: 'ACTIVE',
      fixAvailable: 'YES',
      packageVulnerabilityDetails: {
        vulnerabilityId: 'CVE-2026-0001',
        vulnerablePackages: [{ name: 'zlib', version: '1.2', fixedInVersion: '1.3' }],
      },
      resources: [{ details: { awsEcrContainerImage: { imageHash: image.digest, imageTags: ['v1'] } } }],
    });
    clock.move(DAY);
    expect(await statusOf(ecr)).toBe('SCAN_ELIGIBILITY_EXPIRED');
  });

  it('is not for an index, and cannot be asked for', async () => {
    const { ecr, image } = await start({ scanning: 'enhanced' });
    await pushIndex(ecr, image.digest);
    const { imageScanStatus } = await ecr.send(new DescribeImageScanFindingsCommand(index));
    expect(imageScanStatus?.status).toBe('UNSUPPORTED_IMAGE');
    expect(await refusalOf(ecr.send(new StartImageScanCommand(app)))).toBe(
      'ValidationException: This feature is disabled',
    );
  });
});
