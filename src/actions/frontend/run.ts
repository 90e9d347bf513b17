import type { Entry } from '../../frontend/entry.ts';
import { pathsToForget } from '../../frontend/invalidation.ts';
import { isIdle, isInService, planRelease, storageFor } from '../../frontend/plan.ts';
import { handlingOf } from '../../frontend/rules.ts';
import { nameOf, type State, type VersionRecord } from '../../frontend/state.ts';
import { holderOf, newRolloutId, runUrl } from '../../github/run-identity.ts';
import { printable } from '../../taskdef/shape.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { workspaceOf } from '../workspace.ts';
import { awaitInvalidation, carryOut, type Done, type Site } from './carry-out.ts';
import { awaitTurn, look, type Seen } from './hold.ts';
import { type Inputs, readInputs, STACK_INPUTS } from './inputs.ts';
import { type Inventory, readDirectory } from './read-directory.ts';
import { counted, foresee, placeOf, sized, some, summaryOf } from './report.ts';
import { openSite } from './site.ts';

/** Puts a build folder into a bucket, so that no user ever gets a page whose assets are not there. */
export async function run(context: ActionContext): Promise<void> {
  const { clock, cancelled, env } = context;
  const input = await withStackOutputs(context.input, STACK_INPUTS, () => connectToStacks(clock, cancelled));
  const inputs = readInputs(input);
  const [inventory, site] = await Promise.all([
    readDirectory(workspaceOf(env), inputs.directory, inputs.prefix),
    openSite(context, inputs),
  ]);
  tellSkipped(context, inventory);
  await publish(context, inputs, inventory, site);
}

/** Brings the files into service, when no other run is at it. */
export async function publish(
  context: ActionContext,
  inputs: Inputs,
  inventory: Inventory,
  site: Site,
): Promise<void> {
  for (;;) {
    const seen = inputs.dryRun
      ? await look(site.bucket, site.prefix)
      : await awaitTurn(site, site.prefix, holderOf(context.env), inputs.timeoutMs);
    if (await release(context, inputs, inventory, site, seen)) return;
  }
}

function tellSkipped({ reporter }: ActionContext, { skipped, secrets }: Inventory): void {
  if (skipped.length > 0) reporter.notice(`Not published, because of the dot: ${some(skipped)}`);
  if (secrets.length > 0) {
    reporter.warning(
      `Not published, because of names that secrets have: ${some(secrets)}. The build should not put them there.`,
    );
  }
}

/** @returns false when another run has come between */
async function release(
  context: ActionContext,
  inputs: Inputs,
  inventory: Inventory,
  site: Site,
  seen: Seen,
): Promise<boolean> {
  const { reporter, clock, env } = context;
  const { state } = seen;
  const handled = await entriesOf(inputs, inventory, state);
  const isKnown = isInService(state, handled.entries, inputs.version);
  const id = newId(clock.now(), env);
  const current = state.versions.find((each) => each.id === state.version);
  const record: VersionRecord = isKnown && current ? current : recordOf(inputs, id, state, context);
  const storage = storageFor(state, record.id, handled.entries);
  const plan = planRelease(state, { record, files: storage.files }, clock.now(), inputs.graceMs);
  if (isIdle(plan, state) && isKnown) {
    const result = { reason: 'all files are in service already' };
    tellOutputs(context, record, state, result);
    await conclude(context, site, record, state, result);
    return true;
  }
  if (seen.etag === undefined) await tellAdopted(context, site, handled.entries);
  if (state.pending) {
    const what = inputs.dryRun ? 'has not' : 'did not';
    reporter.info(
      `${printable(state.pending.holder)} ${what} come to its end: what it may have changed is written anew`,
    );
  }
  const hashes = new Map(storage.files.map(({ path, sha256 }) => [path, sha256]));
  const changed = plan.overwritten.filter(({ path, sha256 }) => hashes.get(path) !== sha256);
  if (changed.length > 0) {
    reporter.warning(
      `${counted(changed.length)} changed under names that look as if they never did: ${some(changed.map(({ path }) => path))}. Browsers that have them keep the old ones. Say by immutable which files never change.`,
    );
  }
  if (inputs.dryRun) {
    const keys = plan.changed.map(({ path }) => site.prefix + path);
    foresee(reporter, site, plan, pathsToForget(keys, site.edge?.base ?? '', site.prefix).paths);
    return true;
  }
  const size = plan.uploads.reduce((sum, entry) => sum + entry.size, 0);
  reporter.info(
    `${counted(storage.files.length)}, ${plan.uploads.length} of them new or changed (${sized(size)}): to ${placeOf(site)}`,
  );
  const done = await carryOut(site, {
    plan,
    seen,
    pending: { holder: holderOf(env), kind: 'release', id },
    read: handled.read,
    ...(!isKnown && {
      keep: {
        version: {
          record,
          files: storage.files,
          contents: new Map(
            await Promise.all(
              storage.packed.map(async (entry) => [entry.sha256, await handled.read(entry)] as const),
            ),
          ),
        },
        apart: storage.apart,
      },
    }),
  });
  if (!done) return false;
  const reason = `${done.uploaded.toLocaleString('en')} of ${counted(storage.files.length)} changed`;
  const result = { done, reason };
  // It is in service, whatever comes of the wait for CloudFront.
  tellOutputs(context, record, plan.next, result);
  await finish(context, inputs, site, done, nameOf(record));
  await conclude(context, site, record, plan.next, result);
  return true;
}

interface Handled {
  readonly entries: readonly Entry[];
  readonly read: (entry: Entry) => Promise<Uint8Array>;
}

/** The files as users are to get them, compressed variants included. */
async function entriesOf(inputs: Inputs, { files, read }: Inventory, state: State): Promise<Handled> {
  const readBuilt = ({ path }: Entry) => read(path);
  const entries = files.map((file): Entry => ({ ...file, ...handlingOf(file.path, inputs.rules) }));
  if (inputs.compress.length === 0) return { entries, read: readBuilt };
  const { compress } = await import('./compress.ts');
  const variants = await compress(entries, inputs.compress, state, readBuilt);
  return {
    entries: [...entries, ...variants.entries],
    read: async (entry) => variants.bodies.get(entry.path) ?? (await readBuilt(entry)),
  };
}

/** `20260105-120000-` and what leads to the run: in the order of time. */
function newId(now: number, env: NodeJS.ProcessEnv): string {
  const time = new Date(now)
    .toISOString()
    .replace(/[-:]|\.\d+Z/g, '')
    .replace('T', '-');
  return `${time}-${newRolloutId(env)}`;
}

function recordOf(inputs: Inputs, id: string, state: State, { clock, env }: ActionContext): VersionRecord {
  const url = runUrl(env);
  const commit = env['GITHUB_SHA'];
  return {
    id,
    ...(inputs.version !== undefined && { name: inputs.version }),
    at: clock.now(),
    ...(state.version !== undefined && { before: state.version }),
    ...(commit && { commit }),
    ...(url !== undefined && { run: url }),
  };
}

/** More is not looked through to tell of it. */
const MOST_LISTED = 20_000;

async function tellAdopted(
  { reporter }: ActionContext,
  { bucket, prefix }: Site,
  entries: readonly Entry[],
): Promise<void> {
  const own = new Set(entries.map(({ path }) => prefix + path));
  const there: string[] = [];
  let others = 0;
  for await (const { key } of bucket.list(prefix)) {
    if (own.has(key)) there.push(key);
    else others++;
    if (there.length + others >= MOST_LISTED) break;
  }
  if (there.length > 0) {
    reporter.notice(
      `The first release by this action. It overwrites ${counted(there.length)} that somebody else put there, and looks after them from now on: ${some(there)}`,
    );
  }
  if (others > 0)
    reporter.info(`It touches nothing else there, now or later: ${counted(others, 'other file')}`);
}

/**
 * Tells what did not go as it should, and waits for CloudFront.
 *
 * @param name what the version is called
 */
export async function finish(
  { reporter, clock }: ActionContext,
  { timeoutMs, distribution }: Pick<Inputs, 'timeoutMs' | 'distribution'>,
  site: Site,
  done: Done,
  name: string,
): Promise<void> {
  if (done.undeleted > 0) {
    reporter.warning(
      `${counted(done.undeleted, 'old file')} could not be deleted, such as ${done.undeletedReason}. The next run tries again.`,
    );
  }
  if (done.invalidationId === undefined) return;
  if (done.wildcard) {
    reporter.notice(
      `So many paths changed that CloudFront is told to forget all below ${done.invalidated.join('')}: one path for the bill`,
    );
  }
  reporter.info(
    `CloudFront forgets ${counted(done.invalidated.length, 'path')}: ${some(done.invalidated)} (${done.invalidationId})`,
  );
  if (await awaitInvalidation(site, clock, name, done.invalidationId, timeoutMs)) return;
  reporter.warning(
    `The invalidation ${done.invalidationId} of ${distribution} is still under way; CloudFront goes on with it by itself.`,
  );
}

/** What is known as soon as the version is in service. */
interface Result {
  readonly done?: Done;
  readonly reason: string;
}

function tellOutputs(
  { reporter }: ActionContext,
  record: VersionRecord,
  next: State,
  { done, reason }: Result,
): void {
  const before = next.versions.find(({ id }) => id === record.before);
  reporter.output('outcome', done ? 'deployed' : 'unchanged');
  reporter.output('reason', reason);
  reporter.output('version', nameOf(record));
  reporter.output('previous-version', before ? nameOf(before) : '');
  reporter.output('uploaded', String(done?.uploaded ?? 0));
  reporter.output('deleted', String(done?.deleted ?? 0));
  reporter.output('invalidated', String(done?.invalidated.length ?? 0));
  reporter.output('invalidation-id', done?.invalidationId ?? '');
}

async function conclude(
  { reporter }: ActionContext,
  site: Site,
  record: VersionRecord,
  next: State,
  { done, reason }: Result,
): Promise<void> {
  const line = `${nameOf(record)} is in service: ${reason}`;
  reporter.notice(line);
  const nothing: Done = {
    uploaded: 0,
    bytes: 0,
    deleted: 0,
    undeleted: 0,
    undeletedReason: '',
    invalidated: [],
    wildcard: false,
    invalidationId: undefined,
  };
  await reporter.summary(summaryOf(`✅ ${line}`, site, next, done ?? nothing));
}
