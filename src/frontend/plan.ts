import { type Entry, isSame, objectKey, versionKey } from './entry.ts';
import type { Pending, Retired, State, Touched, VersionRecord } from './state.ts';

/** What brings the bucket from what is in it to a version. */
export interface Plan {
  /** What has to be written, in no order. */
  readonly uploads: readonly Entry[];
  /** Pages first, so that none is there without its assets. */
  readonly deletes: readonly Entry[];
  /** SHA-256, by path, of what may be deleted there; what is not among these is somebody else's. */
  readonly onlyIf: ReadonlyMap<string, readonly string[]>;
  /** Of those, what the edge may have in an older form, or know as missing. */
  readonly changed: readonly Entry[];
  /** Assets that are overwritten, or may be from now on, although they never were to be: put aside before. */
  readonly overwritten: readonly Entry[];
  /** Keys below the prefix of what was kept for restores and is needed no more. */
  readonly forgotten: readonly string[];
  /** What the state is when all that is done. */
  readonly next: State;
  /** What an interrupted run may leave in doubt. */
  readonly touched: readonly Touched[];
  /** Paths of retired files that are in service again. */
  readonly revived: readonly string[];
}

/** A version that is to be in service. */
export interface Release {
  readonly record: VersionRecord;
  readonly files: readonly Entry[];
}

/** Whether the files are those of the version in service already, and it has that name or none is wanted. */
export function isInService(state: State, files: readonly Entry[], name: string | undefined): boolean {
  const there = byPath(state.files);
  const current = state.versions.find(({ id }) => id === state.version);
  return (
    current !== undefined &&
    (name === undefined || name === current.name) &&
    there.size === files.length &&
    files.every((entry) => {
      const old = there.get(entry.path);
      return old?.kind === entry.kind && isSame(old, entry);
    })
  );
}

/** Whether there is anything to do: nothing differs, no run was interrupted, and nothing has served its time. */
export const isIdle = ({ uploads, deletes, forgotten }: Plan, { pending }: State): boolean =>
  !pending && uploads.length + deletes.length + forgotten.length === 0;

/**
 * A new version, or, with the record of the one in service, what is left to do for it. Files that it has no more are
 * kept for a while, and those of former releases whose time is over are deleted. The version before the one in service
 * can always be brought back.
 *
 * @param now ms
 * @param graceMs how long files are kept that no version in service has any more
 */
export function planRelease(state: State, release: Release, now: number, graceMs: number): Plan {
  const { record } = release;
  const isNew = record.id !== state.version;
  const versions = isNew ? [record, ...left(state, now)] : state.versions;
  const before = versions.find(({ id }) => id === (isNew ? state.version : record.before));
  const isKept = ({ id, until }: VersionRecord) =>
    id === record.id || id === before?.id || until === undefined || until + graceMs > now;
  return arrive(state, release, now, {
    versions: versions.filter(isKept),
    dropped: versions.filter((each) => !isKept(each)),
    isDue: (at) => at + graceMs <= now && at < (before?.until ?? Infinity),
  });
}

/** A version that was in service is so again. Nothing is deleted. */
export function planRestore(state: State, release: Release, now: number): Plan {
  const { id } = release.record;
  const versions = left(state, now).map((each) => {
    if (each.id !== id) return each;
    const { until: _, ...again } = each;
    return again;
  });
  return arrive(state, release, now, { versions, dropped: [], isDue: () => false });
}

/** The version in service goes out of it. */
const left = ({ version, versions }: State, now: number): readonly VersionRecord[] =>
  versions.map((each) => (each.id === version ? { ...each, until: now } : each));

interface Keeping {
  readonly versions: readonly VersionRecord[];
  readonly dropped: readonly VersionRecord[];
  readonly isDue: (at: number) => boolean;
}

function arrive(
  state: State,
  { record, files }: Release,
  now: number,
  { versions, dropped, isDue }: Keeping,
): Plan {
  const wanted = byPath(files);
  const unsure = byPath(state.pending?.touched ?? []);
  const before = byPath([...state.retired.map(({ entry }) => entry), ...state.files]);
  const mayBe = new Map(state.retired.map((each) => [each.entry.path, each.mayBe]));
  /** Undefined where a release has had the path. */
  const mayBeAt = (path: string): readonly string[] | undefined => {
    const doubt = unsure.get(path);
    if (!doubt) return before.has(path) ? mayBe.get(path) : [];
    return doubt.mayBe && [...new Set([...doubt.mayBe, doubt.sha256])].filter((hash) => hash !== '');
  };
  const isThere = (entry: Entry) => !unsure.has(entry.path) && isSame(before.get(entry.path), entry);
  const uploads = files.filter((entry) => !isThere(entry));

  const retired: Retired[] = [];
  const deletes: Entry[] = [];
  const isGone = ({ path }: Entry) => !wanted.has(path) && !unsure.has(path);
  const revived = new Set(state.pending?.revived);
  // A page that an interrupted run was to overwrite may be as it was before, and name what has gone out of service since.
  const isOldPageThere = [...unsure.values()].some(({ kind, path }) => kind === 'page' && !wanted.has(path));
  for (const each of state.retired.filter(({ entry }) => isGone(entry))) {
    const { path, kind } = each.entry;
    if (revived.has(path) || (isOldPageThere && kind !== 'page')) retired.push({ ...each, at: now });
    else if (isDue(each.at)) deletes.push(each.entry);
    else retired.push(each);
  }
  for (const entry of state.files.filter(isGone)) retired.push({ entry, at: now });
  for (const { mayBe: _, ...entry } of unsure.values()) {
    if (wanted.has(entry.path)) continue;
    retired.push({ entry: { ...entry, sha256: '' }, at: now, ...withMayBe(mayBeAt(entry.path)) });
  }

  const overwritten = files.flatMap(({ path, sha256, kind }) => {
    const old = before.get(path);
    if (old?.kind !== 'asset' || old.sha256 === '' || old.stored !== undefined) return [];
    return old.sha256 !== sha256 || kind !== 'asset' ? [old] : [];
  });
  const touches = [...deletes, ...uploads].map(
    (entry): Touched => ({ ...entry, ...withMayBe(mayBeAt(entry.path)) }),
  );
  /** What an interrupted run may have put there may be at the edge. */
  const wasOther = ({ path, sha256 }: Entry) => unsure.has(path) && unsure.get(path)?.sha256 !== sha256;
  const { kept, forgotten } = keptFor(state, files, now, versions, dropped, isDue, overwritten);
  const { pending: _, ...rest } = state;
  return {
    uploads,
    deletes: deletes.toSorted((a, b) => Number(b.kind === 'page') - Number(a.kind === 'page')),
    onlyIf: new Map(
      deletes.flatMap(({ path }) => {
        const hashes = mayBeAt(path);
        return hashes ? [[path, hashes] as const] : [];
      }),
    ),
    changed: [
      // The edge cannot have an asset that is new, as no page has named it: it need not forget that there was none.
      ...uploads.filter((entry) => entry.kind !== 'asset' || before.has(entry.path) || wasOther(entry)),
      ...deletes.filter(({ kind }) => kind !== 'asset'),
    ],
    overwritten,
    forgotten,
    next: { ...rest, version: record.id, files, versions, retired, left: kept },
    touched: [...byPath([...unsure.values(), ...touches]).values()],
    revived: [
      ...revived,
      ...state.retired.flatMap(({ entry: { path } }) =>
        wanted.has(path) && !revived.has(path) ? [path] : [],
      ),
    ],
  };
}

/** What is kept for restores and no file in service refers to any more, and what of it can go. */
function keptFor(
  state: State,
  files: readonly Entry[],
  now: number,
  versions: readonly VersionRecord[],
  dropped: readonly VersionRecord[],
  isDue: (at: number) => boolean,
  overwritten: readonly Entry[],
): { readonly kept: State['left']; readonly forgotten: readonly string[] } {
  const needed = placesOf(files);
  const left = new Map<string, number>(dropped.map(({ id, until = now }) => [versionKey(id), until]));
  const leaving = [
    ...placesOf(state.files),
    ...(state.pending?.kept ?? []),
    ...overwritten.map(({ sha256 }) => objectKey(sha256)),
  ];
  for (const [key, at] of state.left) left.set(key, at);
  for (const key of leaving) left.set(key, now);
  const inUse = new Set(versions.map(({ id }) => versionKey(id)));
  const out = [...left].filter(([key]) => !needed.has(key));
  const goes = ([key, at]: readonly [string, number]) => isDue(at) && !inUse.has(key) && at < now;
  return {
    kept: out.filter((each) => !goes(each)),
    forgotten: out.filter(goes).map(([key]) => key),
  };
}

/** Keys below the prefix where the bytes of files are kept. */
export const placesOf = (files: readonly Entry[]): ReadonlySet<string> =>
  new Set(
    files.flatMap(({ stored, sha256 }) =>
      stored === undefined ? [] : [stored === 'object' ? objectKey(sha256) : versionKey(stored)],
    ),
  );

/** What is written down before the first change. */
export function pendingOf(
  { touched, revived, next, overwritten }: Plan,
  state: State,
  { holder, kind, id }: { readonly holder: string; readonly kind: Pending['kind']; readonly id: string },
): Pending {
  const own = [
    ...placesOf(next.files),
    ...overwritten.map(({ sha256 }) => objectKey(sha256)),
    ...(next.version === undefined ? [] : [versionKey(next.version)]),
  ];
  const known = placesOf(state.files);
  const kept = [...new Set([...(state.pending?.kept ?? []), ...own.filter((key) => !known.has(key))])];
  return { id, kind, target: next.version ?? id, holder, beat: 0, touched, revived, kept };
}

/** What the bytes of a version's files are kept in, so that it can be brought back. */
export interface Storage {
  readonly files: readonly Entry[];
  /** Those whose bytes go into the version's own object, and into objects of their own. */
  readonly packed: readonly Entry[];
  readonly apart: readonly Entry[];
}

/** A version's object is read and written at once, and stays small. */
const MOST_PACKED = 16 * 1024 * 1024;
const LARGEST_PACKED = 1024 * 1024;

/** Where the bytes of a new version's files are kept: those of the former version where it has them, its own otherwise. */
export function storageFor(state: State, id: string, files: readonly Entry[]): Storage {
  const before = byPath(state.files);
  const packed = new Map<string, Entry>();
  const apart = new Map<string, Entry>();
  let size = 0;
  const place = (entry: Entry): string => {
    const old = before.get(entry.path);
    if (old?.sha256 === entry.sha256 && old.stored !== undefined) return old.stored;
    if (packed.has(entry.sha256)) return id;
    if (apart.has(entry.sha256) || entry.size > LARGEST_PACKED || size + entry.size > MOST_PACKED) {
      apart.set(entry.sha256, entry);
      return 'object';
    }
    size += entry.size;
    packed.set(entry.sha256, entry);
    return id;
  };
  const placed = files.map((entry) => (entry.kind === 'asset' ? entry : { ...entry, stored: place(entry) }));
  return { files: placed, packed: [...packed.values()], apart: [...apart.values()] };
}

const byPath = <E extends Entry>(entries: readonly E[]): ReadonlyMap<string, E> =>
  new Map(entries.map((entry) => [entry.path, entry]));

const withMayBe = (mayBe: readonly string[] | undefined): { readonly mayBe?: readonly string[] } =>
  mayBe ? { mayBe } : {};
