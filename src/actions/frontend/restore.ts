import { ConfigError, DeployError } from '../../errors.ts';
import { type Entry, objectKey } from '../../frontend/entry.ts';
import { pathsToForget } from '../../frontend/invalidation.ts';
import { isIdle, planRestore } from '../../frontend/plan.ts';
import {
  findVersion,
  nameOf,
  previousVersion,
  type State,
  type VersionRecord,
} from '../../frontend/state.ts';
import type { Version } from '../../frontend/version-object.ts';
import { holderOf, newRolloutId } from '../../github/run-identity.ts';
import { inParallel } from '../../registry/in-parallel.ts';
import type { ActionContext } from '../action.ts';
import { carryOut, readVersion, type Site, sha256 } from './carry-out.ts';
import { awaitTurn, look, type Seen } from './hold.ts';
import { counted, foresee, placeOf, summaryOf } from './report.ts';
import { finish } from './run.ts';
import { openSite } from './site.ts';
import type { SiteInputs } from './site-inputs.ts';

/** Which version of a frontend is to be brought back, and where it is. */
export interface RestoreInputs extends SiteInputs {
  /** `previous`, `last-good`, the id of a version, or what the user called it. */
  readonly to: string;
  readonly timeoutMs: number;
  readonly dryRun: boolean;
}

/** What became of it. */
export interface Restored {
  readonly outcome: 'rolled-back' | 'unchanged' | '';
  readonly version: string;
  readonly previousVersion: string;
}

/** A frontend that can be brought back. */
export interface Restorable {
  /** The version it would lead to now. */
  readonly version: string;
  /** What is in service now; undefined also in the middle of a release or a restore. */
  readonly inService: VersionRecord | undefined;
  /** @param inService hears of it before CloudFront is waited for, which may fail */
  restore(inService?: (restored: Restored) => void): Promise<Restored>;
}

/**
 * Looks whether the version is there, and changes nothing yet: where a service is rolled back as well, an error that
 * could be known before is known before.
 *
 * @throws ConfigError where there is no such version
 */
export async function lookForVersion(
  context: ActionContext,
  inputs: RestoreInputs,
  open: () => Promise<Site> = () => openSite(context, inputs),
): Promise<Restorable> {
  const site = await open();
  const { state } = await look(site.bucket, site.prefix);
  const version = nameOf(targetOf(state, inputs.to, site));
  const inService = state.pending ? undefined : state.versions.find(({ id }) => id === state.version);
  return {
    version,
    inService,
    async restore(inService = () => undefined) {
      for (;;) {
        const seen = inputs.dryRun
          ? await look(site.bucket, site.prefix)
          : await awaitTurn(site, site.prefix, holderOf(context.env), inputs.timeoutMs);
        const restored = await bringBack(context, inputs, site, seen, inService);
        if (restored) return restored;
      }
    },
  };
}

function targetOf(state: State, to: string, site: Site): VersionRecord {
  const found =
    to === 'previous'
      ? previousVersion(state)
      : to === 'last-good'
        ? state.versions.find(({ id }) => id === state.version)
        : findVersion(state, to);
  if (found) return found;
  const names = state.versions.map(nameOf).join(', ');
  const there =
    names === '' ? 'frontend has released none there' : `those that can be brought back are ${names}`;
  throw new ConfigError({
    input: 'to',
    message: `there is no ${to === 'previous' ? 'previous version' : `version "${to}"`} of the files in ${placeOf(site)}; ${there}`,
  });
}

/** @returns undefined when another run has come between */
async function bringBack(
  context: ActionContext,
  inputs: RestoreInputs,
  site: Site,
  seen: Seen,
  inService: (restored: Restored) => void,
): Promise<Restored | undefined> {
  const { reporter, clock, env } = context;
  const { state } = seen;
  const record = targetOf(state, inputs.to, site);
  const before = state.versions.find(({ id }) => id === state.version);
  const names = { version: nameOf(record), previousVersion: before ? nameOf(before) : '' };
  const version = await readVersion(site.bucket, site.prefix, record.id);
  if (!version) throw gone(names.version, 'what was kept of it is not there any more');
  const plan = planRestore(state, { record, files: version.files }, clock.now());
  if (isIdle(plan, state) && record.id === state.version) {
    reporter.notice(`${names.version} of the frontend is in service already: there is nothing to roll back.`);
    return { outcome: 'unchanged', ...names };
  }
  const bodies = await collect(site, version, plan.uploads, names.version);
  reporter.info(
    `Roll the frontend in ${placeOf(site)} back from ${names.previousVersion} to ${names.version}: ${counted(plan.uploads.length)} to bring back`,
  );
  if (inputs.dryRun) {
    const changed = plan.changed.map(({ path }) => site.prefix + path);
    foresee(reporter, site, plan, pathsToForget(changed, site.edge?.base ?? '', site.prefix).paths);
    return { outcome: '', ...names };
  }
  const done = await carryOut(site, {
    plan,
    seen,
    pending: { holder: holderOf(env), kind: 'restore', id: `back-${newRolloutId(env)}` },
    read: async ({ path }) => bodies.get(path) ?? new Uint8Array(),
  });
  if (!done) return undefined;
  const restored: Restored = { outcome: 'rolled-back', ...names };
  inService(restored);
  await finish(context, inputs, site, done, names.version);
  const line = `${names.version} of the frontend is in service again`;
  reporter.notice(line);
  await reporter.summary(summaryOf(`↩️ ${line}`, site, plan.next, done));
  return restored;
}

/** Objects that are read side by side. */
const WIDTH = 8;

/** The bytes of all files that have to be written, before the first is. */
async function collect(
  site: Site,
  version: Version,
  uploads: readonly Entry[],
  name: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = new Map(version.contents);
  const packs = new Set(
    uploads.flatMap(({ stored, sha256: hash }) =>
      stored === undefined || stored === 'object' || contents.has(hash) ? [] : [stored],
    ),
  );
  await inParallel([...packs], WIDTH, async (id) => {
    const pack = await readVersion(site.bucket, site.prefix, id);
    for (const [hash, body] of pack?.contents ?? []) contents.set(hash, body);
  });
  const bodies = new Map<string, Uint8Array>();
  await inParallel(uploads, WIDTH, async (entry) => {
    const body = contents.get(entry.sha256) ?? (await findBytes(site, entry));
    if (body && sha256(body) === entry.sha256) bodies.set(entry.path, body);
  });
  const missing = uploads.filter(({ path }) => !bodies.has(path));
  if (missing.length === 0) return bodies;
  throw gone(
    name,
    `${counted(missing.length)} of it are not there any more, such as ${missing[0]?.path}: they were deleted when the grace period was over, or by somebody else`,
  );
}

/** In an object of its own, or where it is served from, if that is still it. */
async function findBytes({ bucket, prefix }: Site, entry: Entry): Promise<Uint8Array | undefined> {
  const kept = await bucket.read(prefix + objectKey(entry.sha256));
  if (kept && sha256(kept.body) === entry.sha256) return kept.body;
  return (await bucket.read(prefix + entry.path))?.body;
}

const gone = (name: string, why: string): DeployError =>
  new DeployError(`${name} of the frontend cannot be brought back: ${why}`, {
    state: 'Nothing of the frontend was changed.',
    next: 'Roll back to a newer version, or check its commit out, build it and release it again with frontend.',
  });
