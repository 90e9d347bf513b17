import type { Entry } from './entry.ts';

/** A version of the files that can be brought back. */
export interface VersionRecord {
  readonly id: string;
  /** What the user calls it. */
  readonly name?: string;
  /** When it was released first, ms. */
  readonly at: number;
  /** Id of the version that was in service then. */
  readonly before?: string;
  /** When it went out of service; absent while it is in it. */
  readonly until?: number;
  /** SHA of the commit. */
  readonly commit?: string;
  /** Who released it. */
  readonly run?: string;
}

/** A file that no version in service has any more, and that old pages may still ask for. */
export interface Retired {
  readonly entry: Entry;
  /** Since when, ms. */
  readonly at: number;
  /** SHA-256 of all that runs may have put there, where none is known to have: anything else is somebody else's. */
  readonly mayBe?: readonly string[];
}

/** A file that a run may have written or deleted. */
export interface Touched extends Entry {
  /** Where no release has had the path: SHA-256 of what interrupted runs before it may have put there. */
  readonly mayBe?: readonly string[];
}

/** What a run is about to do, or was when it ended without having done it. */
export interface Pending {
  readonly id: string;
  readonly kind: 'release' | 'restore';
  /** Id of the version that is to be in service. */
  readonly target: string;
  readonly holder: string;
  /** Told apart by each sign of life. */
  readonly beat: number;
  /** Whether its run has said itself that it does not go on. */
  readonly ended?: true;
  /** Every file that it, or one before it that did not come to its end, may have written or deleted. */
  readonly touched: readonly Touched[];
  /** Paths of retired files that its pages, which may be there, name. */
  readonly revived: readonly string[];
  /** Keys below the prefix of what it may have put aside for restores. */
  readonly kept: readonly string[];
}

/** All that is known of the files below a prefix of a bucket; `current.json`. */
export interface State {
  readonly format: 1;
  /** Id of the version in service; absent before the first is. */
  readonly version?: string;
  /** Its files. */
  readonly files: readonly Entry[];
  /** Newest first. */
  readonly versions: readonly VersionRecord[];
  readonly retired: readonly Retired[];
  /** Since when (ms) the version in service needs nothing more of what is kept under a key below the prefix. */
  readonly left: readonly (readonly [key: string, at: number])[];
  readonly pending?: Pending;
}

export const EMPTY_STATE: State = { format: 1, files: [], versions: [], retired: [], left: [] };

export const stateText = (state: State): string => JSON.stringify(state);

/** @returns undefined where the text is not what this version of the action writes */
export function readState(text: string): State | undefined {
  let value: Partial<Record<keyof State, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const lists = [value?.files, value?.versions, value?.retired, value?.left];
  return value?.format === 1 && lists.every(Array.isArray) ? (value as State) : undefined;
}

/** What people call a version. */
export const nameOf = ({ id, name }: VersionRecord): string => name ?? id;

/** The version that a word of the user means: the newest of that name, or the one of that id. */
export const findVersion = (state: State, word: string): VersionRecord | undefined =>
  state.versions.find(({ name }) => name === word) ?? state.versions.find(({ id }) => id === word);

/**
 * The version to go back to. A release that did not come to its end is taken back to what was in service before it, and
 * a restore that did not is brought to its end. One that was only to clear up leaves in service what was.
 */
export function previousVersion({ version, versions, files, pending }: State): VersionRecord | undefined {
  const find = (wanted: string | undefined) => versions.find(({ id }) => id === wanted);
  if (pending?.kind === 'restore') return find(pending.target);
  const inService = new Set(files.map(({ path }) => path));
  const isInDoubt =
    pending && (pending.target !== version || pending.touched.some(({ path }) => inService.has(path)));
  return find(isInDoubt ? version : find(version)?.before);
}
