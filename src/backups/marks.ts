import { isSnapshotName, namePrefix } from './names.ts';
import type { Snapshot, Source } from './source.ts';

/** Who takes a snapshot, and what for. */
export interface Occasion {
  /** `https://github.com/org/shop`. */
  readonly repository: string;
  /** The run's URL, the same for all its attempts. */
  readonly run: string;
  /** The job and the step within the run, the same for all its attempts. */
  readonly step: string;
  readonly commit: string;
  /** Snapshots of different labels know nothing of each other. */
  readonly label: string;
}

const OF = 'deploy-actions:backup-of';
const NAME = 'deploy-actions:snapshot';
const LABEL = 'deploy-actions:label';
const REPOSITORY = 'deploy-actions:repository';
const RUN = 'deploy-actions:run';
const STEP = 'deploy-actions:step';
const COMMIT = 'deploy-actions:commit';
const COPY_OF = 'deploy-actions:copy-of';

/** What a tag's value may hold in RDS and ElastiCache; everything else becomes a dash. */
const taggable = (text: string): string => text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '-').slice(0, 256);

const markOf = ({ kind, id }: Pick<Source, 'kind' | 'id'>): string => `${kind}/${id}`;

/**
 * The tags of a snapshot that say whose it is and what of. They name the snapshot itself: a snapshot that somebody
 * else takes of a database with such tags, or copies with them, has another name and is not taken for one of ours.
 */
export function marksFor(
  name: string,
  source: Pick<Source, 'kind' | 'id'>,
  occasion: Occasion,
  copyOf?: string,
): Readonly<Record<string, string>> {
  const { repository, run, step, commit, label } = occasion;
  const marks = {
    [OF]: markOf(source),
    [NAME]: name,
    [LABEL]: label,
    [REPOSITORY]: repository,
    [RUN]: run,
    [STEP]: step,
    [COMMIT]: commit,
    ...(copyOf !== undefined && { [COPY_OF]: copyOf }),
  };
  return Object.fromEntries(
    Object.entries(marks).flatMap(([key, value]) => (value === '' ? [] : [[key, taggable(value)]])),
  );
}

/** Whether a snapshot was made by this action for this very database, in this repository, with this label. */
export function isOwn(
  snapshot: Snapshot,
  source: Pick<Source, 'kind' | 'id' | 'identity'>,
  { repository, label }: Pick<Occasion, 'repository' | 'label'>,
): boolean {
  const { tags, id, kind, manual, sourceIdentity } = snapshot;
  const otherDatabase =
    source.identity !== undefined && sourceIdentity !== undefined && source.identity !== sourceIdentity;
  return (
    manual &&
    kind === source.kind &&
    !otherDatabase &&
    isSnapshotName(id, namePrefix(source.kind, source.id, label)) &&
    tags[NAME] === id &&
    tags[OF] === taggable(markOf(source)) &&
    tags[LABEL] === label &&
    tags[REPOSITORY] === taggable(repository)
  );
}

/** Whether a snapshot of ours was made by this run, in whichever attempt. */
export const isOfRun = ({ tags }: Snapshot, { run }: Pick<Occasion, 'run'>): boolean =>
  tags[RUN] === taggable(run);

/** Whether a snapshot of ours was made by this step of this run, in whichever attempt. */
export const isOfStep = (snapshot: Snapshot, occasion: Pick<Occasion, 'run' | 'step'>): boolean =>
  isOfRun(snapshot, occasion) && snapshot.tags[STEP] === taggable(occasion.step);

/** What a snapshot of ours is a copy of, by its name; undefined for one that was taken of the database. */
export const copiedFrom = ({ tags }: Snapshot): string | undefined => tags[COPY_OF];
