import { DeployError } from '../../errors.ts';
import { platformsOf } from '../../images/manifest.ts';
import { judgeScan, type ScanJudgement, type Vulnerability } from '../../images/scan.ts';
import type { Reporter, Repositories, ScanState } from '../../ports.ts';
import { literal } from '../../report/markdown.ts';
import { formatDuration } from '../../rollout/duration.ts';
import { printable } from '../../taskdef/shape.ts';
import type { ActionContext } from '../action.ts';
import { registryRefusal } from '../registry-refusal.ts';
import type { ScanInputs } from './inputs.ts';
import type { Published } from './publish.ts';

/** Scans take half a minute or more: asked more often, they are not over sooner. */
const LOOKS_MS = 5_000;
/** ECR begins a scan on push some time after it; one that has not begun then is asked for. */
const BEGINNING_MS = 30_000;
/** GitHub shows ten annotations of a kind for a step; the log has them all. */
const ANNOTATIONS = 9;

const STATE = 'The images are in the registry; nothing is deployed.';

interface Scanned {
  readonly image: Published;
  readonly judgement: ScanJudgement;
}

/**
 * Waits for ECR's scans of all images side by side, and tells what they found.
 *
 * @throws DeployError when a finding is too severe, or when nothing is known and that must not pass
 */
export async function requireScanned(
  published: readonly Published[],
  inputs: ScanInputs,
  ecr: Repositories,
  { reporter, clock, cancelled }: ActionContext,
): Promise<void> {
  const deadline = clock.now() + inputs.timeoutMs;
  const wait = async (
    image: Published,
  ): Promise<Scanned | { readonly image: Published; readonly why: string }> => {
    const found: Vulnerability[] = [];
    for (const digest of await scannedDigests(image)) {
      const state = await finalState(image, digest);
      if (state.kind !== 'done') return { image, why: whyOf(state, inputs) };
      found.push(...state.found);
    }
    return { image, judgement: judgeScan(unique(found), inputs.failOn, inputs.exceptions, clock.now()) };
  };
  const finalState = async (
    { name, prepared: { repository } }: Published,
    digest: string,
  ): Promise<ScanState> => {
    const begun = clock.now();
    let asked = false;
    reporter.info(`${name} | waiting for the scan of ${repository.name}@${digest}`);
    for (;;) {
      const state = await ecr.scan(repository, digest);
      const absent = state.kind === 'none';
      if (absent && !asked && (!repository.scanOnPush || clock.now() - begun > BEGINNING_MS)) {
        asked = true;
        if (!(await ecr.startScan(repository, digest))) {
          return { kind: 'failed', why: 'ECR cannot scan images of its kind' };
        }
      }
      if ((state.kind !== 'running' && !absent) || clock.now() >= deadline) return state;
      await clock.sleep(LOOKS_MS, cancelled);
      cancelled.throwIfAborted();
    }
  };

  const ends = await Promise.all(published.map(wait));
  const scanned = ends.filter((end) => 'judgement' in end);
  const unknown = ends.filter((end) => 'why' in end);
  tell(reporter, scanned, inputs);
  for (const { image, why } of unknown) {
    if (inputs.onNoScan === 'proceed')
      reporter.warning(`${image.name}: nothing is known of weaknesses in it: ${why}.`);
  }
  await reporter.summary(summaryOf(scanned, unknown, inputs));
  const failing = scanned.filter(({ judgement }) => judgement.failing.length > 0);
  if (failing.length > 0) {
    const counts = failing.map(({ image, judgement }) => `${image.name} has ${countOf(judgement.failing)}`);
    throw new DeployError(
      `The scan found what fail-on: ${inputs.failOn} does not let pass: ${counts.join('; ')}`,
      {
        state: STATE,
        next: 'Update what is named above. What does not matter here may pass until a day: allow-findings takes lines such as CVE-2024-1234 until 2026-12-31.',
      },
    );
  }
  if (unknown.length > 0 && inputs.onNoScan === 'fail') {
    throw new DeployError(
      `No scan says whether ${unknown.map(({ image, why }) => `${image.name} is sound (${why})`).join(', or ')}`,
      {
        state: STATE,
        next: 'Turn scan on push on for the repository, give scan-timeout more time, or set on-no-scan: proceed.',
      },
    );
  }
}

/** The images of several platforms have much in common, and so have their findings. */
const unique = (found: readonly Vulnerability[]): readonly Vulnerability[] => [
  ...new Map(found.map((each) => [`${each.id} ${each.packageName} ${each.version}`, each])).values(),
];

/** An index is not scanned itself, but its images. */
async function scannedDigests({ name, digest, prepared }: Published): Promise<readonly string[]> {
  const { remote, repository } = prepared;
  const manifest = await remote.manifest(digest).catch((error: unknown) => {
    throw registryRefusal(error, { name, repositories: [repository], state: STATE });
  });
  const platforms = platformsOf(manifest?.content ?? { schemaVersion: 2 });
  return platforms.length === 0 ? [digest] : platforms.map((each) => each.digest);
}

function whyOf(state: ScanState, { timeoutMs }: ScanInputs): string {
  if (state.kind === 'running') return `its scan was not over after ${formatDuration(timeoutMs)}`;
  if (state.kind === 'none') return `${state.why} in ${formatDuration(timeoutMs)}`;
  return state.kind === 'done' ? '' : state.why;
}

const titleOf = ({ id, severity, packageName, version, fixedIn }: Vulnerability): string => {
  const where =
    packageName === undefined ? '' : ` in ${packageName}${version === undefined ? '' : ` ${version}`}`;
  // What a scanner says would otherwise begin lines of its own, and perhaps commands to the runner.
  return printable(`${id} (${severity})${where}${fixedIn === undefined ? '' : `, mended in ${fixedIn}`}`);
};

function countOf(found: readonly Vulnerability[]): string {
  const counts = new Map<string, number>();
  for (const { severity } of found) counts.set(severity, (counts.get(severity) ?? 0) + 1);
  return [...counts].map(([severity, count]) => `${count} ${severity}`).join(', ');
}

function tell(reporter: Reporter, scanned: readonly Scanned[], { failOn }: ScanInputs): void {
  const failing = scanned.flatMap(({ image, judgement }) =>
    judgement.failing.map((found) => `${image.name}: ${titleOf(found)}`),
  );
  for (const line of failing.slice(0, ANNOTATIONS)) reporter.error(line);
  if (failing.length > ANNOTATIONS) {
    reporter.error(`${failing.length - ANNOTATIONS} more findings are in the log of this job.`);
    for (const line of failing.slice(ANNOTATIONS)) reporter.info(line);
  }
  for (const { image, judgement } of scanned) {
    const { below, excepted, expired, needless } = judgement;
    for (const { found, exception } of excepted) {
      reporter.info(`${image.name}: ${titleOf(found)}, let pass until ${exception.day}`);
    }
    for (const { id, day } of expired)
      reporter.warning(`${image.name}: ${id} was let pass until ${day}, which is over.`);
    for (const { id } of needless)
      reporter.info(`${image.name}: ${id} of allow-findings is not there (any more)`);
    if (judgement.failing.length === 0) {
      const rest = below.length === 0 ? 'nothing else' : countOf(below);
      reporter.info(`${image.name}: the scan found nothing at or above ${failOn}; below it ${rest}`);
    }
  }
}

const SHOWN = 200;

function summaryOf(
  scanned: readonly Scanned[],
  unknown: readonly { readonly image: Published; readonly why: string }[],
  { failOn }: ScanInputs,
): string {
  const cell = (text: string | undefined) => literal(text ?? '');
  const parts = scanned.flatMap(({ image, judgement }) => {
    const { failing, excepted, below } = judgement;
    const rows = [
      ...failing.map((found) => [found, 'fails'] as const),
      ...excepted.map(({ found, exception }) => [found, `passes until ${exception.day}`] as const),
      ...below.map((found) => [found, 'below the limit'] as const),
    ];
    const table = rows.slice(0, SHOWN).map(([found, verdict]) => {
      const id =
        found.url && /^https:\/\/[^\s()<>|]+$/.test(found.url)
          ? `[${cell(found.id)}](${found.url})`
          : cell(found.id);
      const pack = [found.packageName, found.version].filter((part) => part !== undefined).join(' ');
      return `| ${id} | ${found.severity} | ${cell(pack)} | ${cell(found.fixedIn)} | ${verdict} |`;
    });
    const head = ['| Finding | Severity | Package | Mended in | |', '| --- | --- | --- | --- | --- |'];
    const title =
      failing.length > 0
        ? `❌ ${image.name}: ${countOf(failing)}`
        : `✅ ${image.name}: nothing at or above ${failOn}`;
    const more =
      rows.length > SHOWN
        ? [`${rows.length - SHOWN} more are not shown; the log has all that fail.`, '']
        : [];
    return [`#### ${title}`, '', ...(rows.length > 0 ? [...head, ...table, ''] : []), ...more];
  });
  const rest = unknown.map(({ image, why }) => `❔ ${image.name}: no scan (${literal(why)})`);
  return ['### Scan', '', ...parts, ...rest, '', ''].join('\n');
}
