import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { DeployError } from '../../errors.ts';
import { type Entry, inOrder, objectKey, versionKey } from '../../frontend/entry.ts';
import { pathsToForget } from '../../frontend/invalidation.ts';
import { type Plan, pendingOf } from '../../frontend/plan.ts';
import type { Pending, State } from '../../frontend/state.ts';
import { decodeVersion, encodeVersion, type Version } from '../../frontend/version-object.ts';
import type { Bucket, Distributions } from '../../ports.ts';
import { inParallel } from '../../registry/in-parallel.ts';
import { Hold, type HoldWorld, type Seen } from './hold.ts';

/** How many files go up side by side. */
const WIDTH = 16;
/** In bytes: so many of these would fill the memory. */
const LARGE = 16 * 1024 * 1024;
/** A version's object is small when it is written; this only keeps a foreign one from filling the memory. */
const MOST_UNPACKED = 256 * 1024 * 1024;

/** The distribution in front of the bucket. */
export interface Edge {
  readonly distributions: Distributions;
  readonly id: string;
  /** Where users find the files. */
  readonly domain: string;
  /** What the origin puts before each path: no part of what viewers ask for. */
  readonly base: string;
}

/** Where the files are. */
export interface Site extends HoldWorld {
  readonly bucketName: string;
  /** With `/` at its end, or empty. */
  readonly prefix: string;
  readonly edge: Edge | undefined;
}

/** What is to be done, and what it is done with. */
export interface Work {
  readonly plan: Plan;
  readonly seen: Seen;
  readonly pending: { readonly holder: string; readonly kind: Pending['kind']; readonly id: string };
  /** The bytes of a file of the version. */
  readonly read: (entry: Entry) => Promise<Uint8Array>;
  /** What is put aside before any file is changed, for a restore of this version. */
  readonly keep?: {
    readonly version: Version;
    readonly apart: readonly Entry[];
  };
}

/** What was done. */
export interface Done {
  readonly uploaded: number;
  readonly bytes: number;
  readonly deleted: number;
  /** What could not be deleted, and why the first of it could not. */
  readonly undeleted: number;
  readonly undeletedReason: string;
  /** As CloudFront was told them. */
  readonly invalidated: readonly string[];
  readonly wildcard: boolean;
  readonly invalidationId: string | undefined;
}

/**
 * Brings the files of a version into service: assets first, pages last. It may end anywhere; the next run knows from
 * `current.json` what is in doubt.
 *
 * @returns undefined when another run has changed the state since it was read: then nothing was changed
 */
export async function carryOut(site: Site, work: Work): Promise<Done | undefined> {
  const { plan, seen, pending } = work;
  const hold = await Hold.take(site, site.prefix, seen, pendingOf(plan, seen.state, pending));
  if (!hold) return undefined;
  const progress: Progress = { pages: 'old' };
  try {
    await putAside(site, work, hold);
    const bytes = await upload(site, work, hold, progress);
    const removed = await remove(site, plan, hold);
    const { paths, wildcard } = pathsToForget(
      plan.changed.map(({ path }) => site.prefix + path),
      site.edge?.base ?? '',
      site.prefix,
    );
    hold.check();
    const invalidationId =
      site.edge && paths.length > 0
        ? await site.edge.distributions.invalidate(site.edge.id, pending.id, paths)
        : undefined;
    await hold.commit(withKept(plan, seen.state, removed));
    return {
      uploaded: plan.uploads.length,
      bytes,
      deleted: removed.deleted,
      undeleted: removed.kept.size,
      undeletedReason: removed.reason,
      invalidated: invalidationId === undefined ? [] : paths,
      wildcard,
      invalidationId,
    };
  } catch (error) {
    hold.check(error);
    await hold.leave();
    throw error instanceof DeployError ? withState(error, progress) : error;
  }
}

/** Side by side. After a failure nothing more is begun, and what is under way comes to its end before it is told. */
async function allOrNone(entries: readonly Entry[], work: (entry: Entry) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const isLarge = ({ size }: Entry) => size > LARGE;
  const go = async (entry: Entry) => {
    if (failures.length === 0) await work(entry).catch((error: unknown) => failures.push(error));
  };
  await inParallel(
    entries.filter((entry) => !isLarge(entry)),
    WIDTH,
    go,
  );
  await inParallel(entries.filter(isLarge), 2, go);
  if (failures.length > 0) throw failures[0];
}

/** What the next versions overwrite is kept first: without it there would be no way back. */
async function putAside(site: Site, { plan, keep, read }: Work, hold: Hold): Promise<void> {
  const { bucket, prefix } = site;
  await allOrNone(plan.overwritten, async (entry) => {
    const found = await bucket.read(prefix + entry.path);
    if (!found || sha256(found.body) !== entry.sha256) return;
    hold.check();
    await bucket.write({ key: prefix + objectKey(entry.sha256), body: found.body, contentType: entry.type });
  });
  if (!keep) return;
  await allOrNone(keep.apart, async (entry) => {
    const body = await read(entry);
    hold.check();
    await bucket.write({ key: prefix + objectKey(entry.sha256), body, contentType: entry.type });
  });
  hold.check();
  await bucket.write({
    key: prefix + versionKey(keep.version.record.id),
    body: gzipSync(encodeVersion(keep.version)),
    contentType: 'application/gzip',
    cacheControl: 'no-store',
  });
}

/** @returns undefined where there is no version of that id any more */
export async function readVersion(bucket: Bucket, prefix: string, id: string): Promise<Version | undefined> {
  const found = await bucket.read(prefix + versionKey(id));
  if (!found) return undefined;
  try {
    return decodeVersion(gunzipSync(found.body, { maxOutputLength: MOST_UNPACKED }));
  } catch {
    return undefined;
  }
}

export const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

/** How often the log hears of uploads. */
const PROGRESS_MS = 5_000;

/** @returns how many bytes went up */
async function upload(site: Site, { plan, read }: Work, hold: Hold, progress: Progress): Promise<number> {
  const { bucket, prefix, clock, cancelled, say } = site;
  const total = plan.uploads.length;
  let done = 0;
  let bytes = 0;
  let told = clock.now();
  for (const group of inOrder(plan.uploads)) {
    if (group.some(({ kind }) => kind === 'page')) progress.pages = 'both';
    await allOrNone(group, async (entry) => {
      // Pages that are half of one version and half of another help nobody: those are brought to their end.
      if (cancelled.aborted && progress.pages === 'old') throw cancelledBefore(done, total);
      const body = await read(entry);
      hold.check();
      await bucket.write({
        key: prefix + entry.path,
        body,
        contentType: entry.type,
        cacheControl: entry.cache,
        ...(entry.encoding !== undefined && { contentEncoding: entry.encoding }),
      });
      done++;
      bytes += body.length;
      if (clock.now() - told < PROGRESS_MS) return;
      told = clock.now();
      say(`${done} of ${total} files are up`);
    });
  }
  progress.pages = 'new';
  return bytes;
}

const cancelledBefore = (done: number, total: number): DeployError =>
  new DeployError('The run was cancelled.', {
    state: `${done} of ${total} files are up, none of them a page: users see what they saw before.`,
    next: 'Run this step again, for this version or another; it takes over what this run had begun.',
  });

/** What users see so far. */
interface Progress {
  pages: 'old' | 'both' | 'new';
}

const SEEN: Readonly<Record<Progress['pages'], string>> = {
  old: 'No page was changed: users see what they saw before.',
  both: 'Some pages are new and some are not, each with its assets.',
  new: 'The new files are in the bucket; CloudFront may hand out older ones until they expire.',
};

/** What failed is told by whoever was asked; what it means for users is known here. */
const withState = (error: DeployError, { pages }: Progress): DeployError =>
  new DeployError(error.message, {
    state: error.state ?? SEEN[pages],
    next: error.next ?? 'Run this step again: it takes over what this run had begun.',
    cause: error,
  });

interface Removed {
  readonly deleted: number;
  /** What could not be, with the reason of the first: the next run tries again. */
  readonly kept: ReadonlySet<string>;
  readonly reason: string;
}

async function remove(site: Site, plan: Plan, hold: Hold): Promise<Removed> {
  const { bucket, prefix } = site;
  const foreign = await foreignOf(site, plan);
  const deletes = plan.deletes.filter(({ path }) => !foreign.has(path));
  const pages = deletes.filter(({ kind }) => kind === 'page').map(({ path }) => path);
  const rest = deletes.filter(({ kind }) => kind !== 'page').map(({ path }) => path);
  const kept = new Set<string>();
  let reason = '';
  const removeAll = async (paths: readonly string[]) => {
    if (paths.length === 0) return;
    hold.check();
    for (const each of await bucket.delete(paths.map((path) => prefix + path))) {
      kept.add(each.key.slice(prefix.length));
      reason ||= `${each.key}: ${each.reason}`;
    }
  };
  await removeAll(pages);
  // A page that is still there may name the others.
  const waiting = kept.size > 0 ? rest : [];
  await removeAll([...(waiting.length > 0 ? [] : rest), ...plan.forgotten]);
  for (const path of waiting) kept.add(path);
  return { deleted: deletes.filter(({ path }) => !kept.has(path)).length, kept, reason };
}

/** What interrupted runs were to overwrite or to put there, and have not: it is not there, or somebody else's. */
async function foreignOf({ bucket, prefix }: Site, { onlyIf }: Plan): Promise<ReadonlySet<string>> {
  const foreign = new Set<string>();
  await inParallel([...onlyIf], WIDTH, async ([path, hashes]) => {
    const found = await bucket.read(prefix + path);
    if (!found || !hashes.includes(sha256(found.body))) foreign.add(path);
  });
  return foreign;
}

/** What could not be deleted is remembered as it was. */
function withKept({ next, forgotten }: Plan, { retired, left }: State, { kept }: Removed): State {
  if (kept.size === 0) return next;
  return {
    ...next,
    retired: [...next.retired, ...retired.filter(({ entry }) => kept.has(entry.path))],
    left: [
      ...next.left,
      ...forgotten
        .filter((key) => kept.has(key))
        .map((key) => left.find(([other]) => other === key) ?? ([key, 0] as const)),
    ],
  };
}

/** Between looks at an invalidation: most are done within half a minute, and nearly all within a minute and a half. */
const PAUSES_MS = [15_000, 35_000, 50_000];

/**
 * @returns false when it took longer than the limit
 * @param name what the version in service is called
 * @throws DeployError when the run was cancelled meanwhile, or CloudFront cannot be asked
 */
export async function awaitInvalidation(
  { edge, cancelled }: Site,
  clock: Clock,
  name: string,
  invalidation: string,
  limitMs: number,
): Promise<boolean> {
  if (!edge) return true;
  const limit = clock.now() + limitMs;
  for (let n = 0; ; n++) {
    await clock.sleep(PAUSES_MS[n] ?? 30_000, cancelled);
    if (cancelled.aborted) {
      throw new DeployError('The run was cancelled.', {
        state: `The new files are in service. CloudFront goes on with the invalidation ${invalidation}.`,
      });
    }
    const state = await edge.distributions.state(edge.id, invalidation).catch((cause: unknown) => {
      throw notAnswered(cause, name, edge.id, invalidation);
    });
    if (state === 'completed') return true;
    if (clock.now() > limit) return false;
  }
}

function notAnswered(cause: unknown, name: string, distribution: string, invalidation: string): DeployError {
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new DeployError(`CloudFront could not be asked whether it has forgotten the old files: ${why}`, {
    state: `${name} is in service, and CloudFront has taken the invalidation ${invalidation}, with which it goes on by itself. Whether it has completed is not known: until then, it may hand out older files.`,
    next: [
      ...(cause instanceof DeployError && cause.next !== undefined ? [cause.next] : []),
      `See by aws cloudfront get-invalidation --distribution-id ${distribution} --id ${invalidation}; nothing has to be released again.`,
    ].join(' '),
    cause,
  });
}
