import { isOwn, marksFor } from '../../backups/marks.ts';
import { namePrefix } from '../../backups/names.ts';
import { expendable } from '../../backups/retention.ts';
import { readiness, type Snapshot, type Source } from '../../backups/source.ts';
import { DeployError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { Backup, type Surroundings } from './backup.ts';
import { nameTaken } from './part.ts';
import { titleOf } from './take.ts';
import { type Trouble, troubleOf } from './words.ts';

/**
 * Says what a run would take, hand on, keep and delete, and changes nothing.
 *
 * @throws DeployError telling of which databases that could not be found out, or of which it would fail
 */
export async function foresee(
  sources: readonly Source[],
  surroundings: Surroundings,
  { reporter, clock, cancelled }: ActionContext,
): Promise<void> {
  const failed: { readonly source: Source; readonly trouble: Trouble }[] = [];
  for (const source of sources) {
    try {
      const backup = await Backup.begin(source, surroundings, clock.now());
      for (const line of await linesOf(backup, clock.now())) reporter.info(`${titleOf(source)}: ${line}`);
    } catch (error) {
      if (cancelled.aborted) throw error;
      failed.push({ source, trouble: troubleOf(error) });
    }
  }
  if (failed.length > 0) {
    throw new DeployError(
      failed.map(({ source, trouble }) => `${titleOf(source)}: ${trouble.message}`).join('\n'),
      {
        state: 'Dry run: nothing was changed.',
        next: [...new Set(failed.flatMap(({ trouble }) => trouble.next ?? []))].join('\n'),
        cause: failed.find(({ trouble }) => trouble.defect !== undefined)?.trouble.defect,
      },
    );
  }
  reporter.notice('Dry run: nothing was changed.');
}

async function linesOf(backup: Backup, now: number): Promise<readonly string[]> {
  const { source, surroundings, current, toCome } = backup;
  const { inputs, snapshotsOf } = surroundings;
  const lines = [
    firstLine(backup),
    ...toCome.map(({ id, of, region }) =>
      region === undefined
        ? `an encrypted copy of it, ${id}, would be made`
        : `${of} would be copied to ${region} as ${id}`,
    ),
  ];
  const elsewhere = toCome.find(({ region }) => region !== undefined);
  for (const region of [undefined, ...(elsewhere?.region === undefined ? [] : [elsewhere.region])]) {
    const snapshots = await snapshotsOf(source.kind, region);
    const there = await snapshots.list(source, namePrefix(source.kind, source.id, inputs.label));
    const made = [
      ...(region === undefined && backup.origin === 'made' ? [{ id: current.id, what: 'snapshot' }] : []),
      ...toCome
        .filter((copy) => copy.region === region)
        .map(({ id, of }) => ({
          id,
          of,
          what: region === undefined ? 'encrypted copy' : `copy in ${region}`,
        })),
    ];
    for (const { id, what } of made) {
      const foreign = there.find((each) => each.id === id && !isOwn(each, source, surroundings.occasion));
      if (foreign) throw nameTaken(id, what);
    }
    lines.push(keptLine(backup, there, made, region, now));
  }
  return lines;
}

function firstLine({ origin, current: { id }, source }: Backup): string {
  if (origin === 'continued')
    return `its snapshot ${id}, which an earlier attempt has begun, would be waited for`;
  if (origin !== 'made') return `its snapshot ${id} is there and would be handed on`;
  const waits = readiness(source) === 'ready' ? '' : `, when it is no longer ${source.status}`;
  return `a snapshot ${id} would be taken${waits}`;
}

/** What `keep` would do once the backup is there. */
function keptLine(
  { source, surroundings: { inputs, occasion }, current, toCome }: Backup,
  there: readonly Snapshot[],
  made: readonly { readonly id: string; readonly of?: string }[],
  region: string | undefined,
  now: number,
): string {
  const where = region === undefined ? '' : ` in ${region}`;
  const { keep, wait } = inputs;
  if (keep === undefined) return `without keep, none of its snapshots${where} would be deleted`;
  const known = new Set(there.map(({ id }) => id));
  // What is not waited for is not finished when older ones are deleted, and does not count among those that are kept.
  const finished = (id: string, of?: string): Snapshot => ({
    kind: source.kind,
    id,
    arn: '',
    region: region ?? source.region,
    sourceId: source.id,
    status: 'available',
    beganAt: now,
    encrypted: source.encrypted,
    manual: true,
    tags: marksFor(id, source, occasion, of),
  });
  const then = wait
    ? [
        ...there.map((each) =>
          each.id === current.id && current.state.kind === 'working'
            ? { ...each, status: 'available' }
            : each,
        ),
        ...made.filter(({ id }) => !known.has(id)).map(({ id, of }) => finished(id, of)),
      ]
    : there;
  const used = new Set([current.id, ...toCome.map(({ id }) => id)]);
  const gone = new Set(expendable(then, source, occasion, keep, used).map(({ id }) => id));
  const stay = then.filter((each) => isOwn(each, source, occasion) && !gone.has(each.id)).map(({ id }) => id);
  const list = (ids: Iterable<string>): string => [...ids].join(', ') || 'none';
  return `keep: ${keep} would keep${where} ${list(stay)}, and delete ${list(gone)}`;
}
