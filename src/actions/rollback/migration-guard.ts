import type { Clock } from '../../clock.ts';
import { DeployError, isOutage } from '../../errors.ts';
import type { MigrationRecord } from '../../migrations/entry.ts';
import { migrationsSince, readJournal } from '../../migrations/journal.ts';
import { lockParameter } from '../../migrations/lock.ts';
import type { EcsService, ParameterVersion, PastDeployment, Services } from '../../ports.ts';
import { revision } from '../../report/narrate.ts';
import { printable } from '../../taskdef/shape.ts';
import { readHistory } from './find-target.ts';
import type { ServiceInputs } from './inputs.ts';

/** A rollback cannot wait for long until Systems Manager answers, in ms. */
const PATIENCE_MS = 15_000;
const TOLD_AT_MOST = 5;

/** Whether the database lets a service go back to a revision. */
export type Verdict =
  | { readonly kind: 'go'; readonly note?: string }
  /** The journal could not be asked, through nobody's mistake. */
  | { readonly kind: 'not-known'; readonly why: string }
  | { readonly kind: 'refuse'; readonly why: string; readonly next: string };

/**
 * Looks at what `migrate` has written down since the revision was deployed last: code goes back, the database does not.
 * An outage of Systems Manager says nothing, and must not stop a rollback in an emergency; a journal that may not be
 * read, or makes no sense, is a matter that somebody has to decide.
 *
 * @param target ARN of the revision to go back to
 */
export async function judgeMigrations(
  { migrations, compatible }: Pick<ServiceInputs, 'migrations' | 'compatible'>,
  target: string,
  service: EcsService,
  { services, clock, signal }: { services: Services; clock: Clock; signal: AbortSignal },
): Promise<Verdict> {
  const to = revision(target);
  const next = `Go forward instead: mend the code, or what the migration has changed by another one, and deploy that. When you know that ${to} works with the database as it is now, run this again with compatible: true.`;
  const refuse = (why: string): Verdict => ({ kind: 'refuse', why, next });
  if (compatible === false)
    return refuse(`${to} does not work with the database as it is now (compatible: false)`);
  if (compatible === true)
    return { kind: 'go', note: `Somebody has decided that ${to} works with the database (compatible: true)` };
  if (migrations === 'none') return { kind: 'go' };
  // Where nobody has asked for it, only what is known to be wrong stands in the way.
  const named = migrations !== 'own';
  const asked = named && migrations.strict;
  const lock = named ? migrations.lock : `${service.cluster}/${service.name}`;
  const { parameters } = await import('../../aws/parameters.ts');
  const name = lockParameter(lock, asked ? 'migrations' : 'lock');
  let versions: readonly ParameterVersion[];
  try {
    versions = await parameters({ clock, signal }, { patienceMs: PATIENCE_MS }).history(name);
  } catch (error) {
    if (isOutage(error)) {
      const why = `Systems Manager does not answer (${printable(error.message)}), so nobody knows whether a migration stands against ${to}`;
      return { kind: 'not-known', why };
    }
    if (!(error instanceof DeployError)) throw error;
    const why = `the migrations cannot be looked at: ${error.message}`;
    if (named && !asked) return { kind: 'not-known', why };
    if (!asked) return { kind: 'go', note: `${why[0]?.toUpperCase()}${why.slice(1)}` };
    return { kind: 'refuse', why, next: `${error.next ?? ''} ${next}`.trim() };
  }
  if (versions.length === 0 && !named) return { kind: 'go' };
  if (versions.length === 0) {
    const why = `No migration was ever recorded as "${lock}" (there is no parameter ${name}); if there was one, the input ${asked ? 'migrations' : 'lock'} is wrong`;
    return { kind: 'not-known', why };
  }
  const history = await readHistory(services.history(service));
  return judge(readJournal(versions), lastDeployment(history, target), { to, asked }, refuse);
}

/** When it last began to go into service, and stayed there. */
const lastDeployment = (history: readonly PastDeployment[], target: string): number | undefined =>
  history.find(({ taskDefinition, status }) => taskDefinition === target && status === 'SUCCESSFUL')
    ?.startedAt;

function judge(
  journal: ReturnType<typeof readJournal>,
  since: number | undefined,
  { to, asked }: { readonly to: string; readonly asked: boolean },
  refuse: (why: string) => Verdict,
): Verdict {
  if (journal.unclear !== undefined) {
    const why = `the record of the migrations makes no sense: ${journal.unclear}`;
    return asked ? refuse(why) : { kind: 'not-known', why };
  }
  const { migrations, complete } = migrationsSince(journal, since ?? 0);
  const when = since === undefined ? 'on record' : `since ${to} was deployed (${time(since)})`;
  const unknown = migrations.filter(({ compatible }) => compatible === undefined);
  const against = migrations.filter(
    ({ compatible }) => compatible === false || (asked && compatible !== true),
  );
  const list = (records: readonly MigrationRecord[]) => {
    const told = records.slice(0, TOLD_AT_MOST).map(describe);
    const more = records.length > told.length ? [`and ${records.length - told.length} more`] : [];
    return [...told, ...more].map((line) => `  ${line}`).join('\n');
  };
  if (against.length > 0) {
    const deployed =
      since === undefined ? ` ECS does not remember when ${to} was in service, so all count.` : '';
    return refuse(
      `${to} may not work with the database: of the migrations ${when}, not all are known to be compatible.${deployed}\n${list(against)}${undone(migrations)}`,
    );
  }
  if (unknown.length > 0) {
    const why = `Nobody has said whether ${to} works with the database after these migrations:\n${list(unknown)}\n`;
    return { kind: 'not-known', why };
  }
  if (!complete && asked) {
    return refuse(
      `the record of the migrations does not reach back to ${since === undefined ? 'the first one' : time(since)}`,
    );
  }
  if (migrations.length === 0 && !asked) return { kind: 'go' };
  const failed = migrations.some(({ outcome }) => outcome !== 'migrated' && outcome !== 'undone');
  const count =
    migrations.length === 0
      ? 'none'
      : `${migrations.length}, all called compatible${failed ? ', though not all have come to their end' : ''}`;
  return { kind: 'go', note: `Migrations ${when}: ${count}` };
}

/** An undo may have taken back what stands against the revision, or a part of it. */
const undone = (migrations: readonly MigrationRecord[]): string =>
  migrations.some(({ outcome }) => outcome === 'undone')
    ? '\nAn undo is among them: where it has taken back all that stands against the revision, say so by compatible: true.'
    : '';

const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;

function describe({ command, at, holder, outcome, compatible, backups, service }: MigrationRecord): string {
  const said = compatible === false ? 'not compatible' : 'nobody has said whether it is compatible';
  const saved = backups.length === 0 ? 'no backup on record' : `backups before it: ${backups.join(', ')}`;
  const of = service === undefined ? '' : ` of ${service}`;
  return printable(`"${command}"${of}, ${OUTCOMES[outcome]} ${time(at)} by ${holder}: ${said}; ${saved}`);
}

const OUTCOMES: Readonly<Record<MigrationRecord['outcome'], string>> = {
  migrated: 'done',
  failed: 'failed',
  stopped: 'stopped',
  undone: 'an undo, done',
  'nothing-to-do': 'nothing to do',
  unknown: 'broken off or still running,',
};
