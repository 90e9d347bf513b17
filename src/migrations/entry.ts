import { printable } from '../taskdef/shape.ts';

/** What became of a migration. */
export type MigrationOutcome = 'migrated' | 'failed' | 'stopped' | 'undone' | 'nothing-to-do' | 'unknown';

const OUTCOMES: readonly string[] = [
  'migrated',
  'failed',
  'stopped',
  'undone',
  'nothing-to-do',
  'unknown',
] satisfies readonly MigrationOutcome[];

/** What a migration is, known before it runs. */
export interface MigrationPlan {
  readonly command: string;
  readonly commit?: string;
  readonly service?: string;
  readonly taskDefinition?: string;
  /** Whether the code before it works with the database after it; absent where nobody knows. */
  readonly compatible?: boolean;
  /** Ids of the backups that were made before it. */
  readonly backups: readonly string[];
}

/** A migration that has been. */
export interface MigrationRecord extends MigrationPlan {
  /** URL of the run. */
  readonly holder: string;
  readonly runKey: string;
  /** When it ended, in ms since the epoch. */
  readonly at: number;
  /** `unknown` where the run broke off without a word after it had started a task. */
  readonly outcome: MigrationOutcome;
}

/** A task that was ordered for a migration. */
export interface StepRecord {
  /** The order's client token: at most 32 letters, digits and dashes. */
  readonly token: string;
  /** ARN; absent before RunTask has answered. */
  readonly task?: string;
  readonly exitCode?: number;
}

/** One run's hold on the lock. */
export interface Hold {
  /** The id of the entry that took it. */
  readonly id: string;
  /** URL of the run. */
  readonly holder: string;
  readonly runKey: string;
  /** When it was taken, in ms since the epoch. */
  readonly since: number;
  /** The cluster's name, and what its tasks are started by. */
  readonly cluster: string;
  readonly startedBy: string;
  readonly steps: readonly StepRecord[];
  readonly plan: MigrationPlan;
}

/** What one version of the parameter says. */
export interface Entry {
  /** Chosen by its writer, unlike any other. */
  readonly id: string;
  /** Id of the entry that the writer took for the last one; empty at the beginning. */
  readonly after: string;
  /** Who holds the lock, or has held it last. */
  readonly hold: Hold;
  readonly free: boolean;
  /** How the migration of a hold that was given back has ended. */
  readonly record?: MigrationRecord;
  /** Earlier migrations, newest first, as many as have room. */
  readonly past: readonly MigrationRecord[];
  /** The end (ms) of the newest migration that had no room in `past` and was not known to be compatible. */
  readonly forgotten?: number;
}

/** Steps that an entry has room for in any case. */
export const MAX_STEPS = 30;

/** A standard parameter holds 4096 characters; some are left for what JSON escapes. */
const MAX_BYTES = 4_000;

/** Which format the entries are in: one that is not known must not be taken for nothing. */
const FORMAT = 1;

const bytes = (text: string): number => Buffer.byteLength(text);
const inJson = (text: string): number => bytes(JSON.stringify(text)) - 2;

/** At most that many bytes of JSON, in one line. */
function cut(text: string, limit: number): string {
  const line = printable(text).trim();
  if (inJson(line) <= limit) return line;
  let kept = '';
  let used = bytes('…');
  for (const character of line) {
    used += inJson(character);
    if (used > limit) break;
    kept += character;
  }
  return `${kept}…`;
}

/** How much of an entry's texts is kept. */
interface Measure {
  readonly text: number;
  readonly names: number;
  /** Whether ids of tasks are kept that have ended with 0. */
  readonly doneTasks: boolean;
  readonly backups: number;
}

const MEASURES: readonly Measure[] = [
  { text: 200, names: 255, doneTasks: true, backups: 20 },
  { text: 80, names: 255, doneTasks: false, backups: 20 },
];
/** Only when no earlier migration is left to leave out. */
const LAST_RESORTS: readonly Measure[] = [
  { text: 40, names: 128, doneTasks: false, backups: 8 },
  { text: 20, names: 64, doneTasks: false, backups: 3 },
  { text: 20, names: 32, doneTasks: false, backups: 0 },
];

/**
 * The entry as the parameter's value: JSON, a line for each field, for those who look at it in the console. Texts are
 * cut, and earlier migrations left out, until it fits; those that are known to be compatible go first.
 *
 * @throws Error when there are too many steps, or a token is none: our own mistake
 */
export function entryText(entry: Entry): string {
  const wrong = entry.hold.steps.find(({ token }) => !/^[\w-]{1,32}$/.test(token));
  if (wrong) throw new Error(`"${wrong.token}" is no token of a step`);
  if (entry.hold.steps.length > MAX_STEPS) throw new Error(`a migration has at most ${MAX_STEPS} steps`);
  let fitted: Entry = entry;
  for (const measure of MEASURES) {
    const text = written(fitted, measure);
    if (bytes(text) <= MAX_BYTES) return text;
  }
  const measure = MEASURES.at(-1) as Measure;
  while (fitted.past.length > 0) {
    fitted = withoutOne(fitted);
    const text = written(fitted, measure);
    if (bytes(text) <= MAX_BYTES) return text;
  }
  for (const resort of LAST_RESORTS) {
    const text = written(fitted, resort);
    if (bytes(text) <= MAX_BYTES) return text;
  }
  throw new Error('the entry of a lock does not fit into a parameter');
}

/** The oldest migration that is known to be compatible stops nobody and goes first. */
function withoutOne(entry: Entry): Entry {
  const harmless = entry.past.findLastIndex(({ compatible }) => compatible === true);
  const index = harmless >= 0 ? harmless : entry.past.length - 1;
  const past = entry.past.toSpliced(index, 1);
  const gone = entry.past[index];
  if (harmless >= 0 || !gone) return { ...entry, past };
  return { ...entry, past, forgotten: Math.max(gone.at, entry.forgotten ?? 0) };
}

const iso = (ms: number): string => new Date(ms).toISOString();

function written(entry: Entry, measure: Measure): string {
  const { hold, free, record, past, forgotten } = entry;
  const known = hold.steps.flatMap(({ task }) => (task === undefined ? [] : [task]));
  const prefix = known[0]?.replace(/[^/]*$/, '');
  const fields: Record<string, unknown> = {
    lock: free ? 'free' : 'held',
    by: cut(hold.holder, 300),
    since: iso(hold.since),
    ...(!free && { migration: planOf(hold.plan, measure) }),
    ...(free && record && { ended: recordOf(record, measure, hold) }),
    cluster: cut(hold.cluster, 255),
    startedBy: cut(hold.startedBy, 128),
    ...(prefix !== undefined && { tasks: prefix }),
    ...(hold.steps.length > 0 && { steps: stepTexts(hold.steps, prefix ?? '', measure) }),
    ...(past.length > 0 && { past: past.map((each) => recordOf(each, { ...measure, text: 60 })) }),
    ...(forgotten !== undefined && { forgotten: iso(forgotten) }),
    key: hold.runKey,
    hold: hold.id,
    id: entry.id,
    after: entry.after,
    format: FORMAT,
  };
  const lines = Object.entries(fields).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  // Systems Manager takes `{{` for a reference to another parameter; in JSON it stands in texts only.
  return `{\n${lines.join(',\n')}\n}`.replaceAll('{{', '{\\u007b');
}

const planOf = (plan: MigrationPlan, { text, names, backups }: Measure) => ({
  command: cut(plan.command, text),
  ...(plan.commit !== undefined && { commit: cut(plan.commit, 64) }),
  ...(plan.service !== undefined && { service: cut(plan.service, names) }),
  ...(plan.taskDefinition !== undefined && { taskDefinition: cut(plan.taskDefinition, names) }),
  ...(plan.compatible !== undefined && { compatible: plan.compatible }),
  ...(plan.backups.length > 0 &&
    backups > 0 && { backups: plan.backups.slice(0, backups).map((id) => cut(id, 255)) }),
});

/** What stands in the hold already is not said again. */
const recordOf = (record: MigrationRecord, measure: Measure, hold?: Hold) => ({
  outcome: record.outcome,
  at: iso(record.at),
  ...(record.holder !== hold?.holder && { by: cut(record.holder, 300) }),
  ...(record.runKey !== hold?.runKey && { key: record.runKey }),
  ...planOf(record, measure),
});

/** `TOKEN`, `TOKEN task ID`, `TOKEN task ID exit 1`, `TOKEN exit 0`. */
function stepTexts(steps: readonly StepRecord[], prefix: string, { doneTasks }: Measure): string[] {
  // A step that has failed is the last one, or one before a new try.
  const lately = steps.filter(({ exitCode }) => exitCode !== 0).slice(-5);
  return steps.map((step) => {
    const { token, task, exitCode } = step;
    const named = task !== undefined && (doneTasks || lately.includes(step));
    const id = task?.startsWith(prefix) ? task.slice(prefix.length) : task;
    return `${token}${named ? ` task ${id}` : ''}${exitCode === undefined ? '' : ` exit ${exitCode}`}`;
  });
}

/** What a version's text is to the lock. */
export type Reading =
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** Written by somebody else: it says nothing. */
  | { readonly kind: 'foreign' }
  /** Written by a version of deploy-actions that this one does not understand. */
  | { readonly kind: 'newer' };

const FOREIGN: Reading = { kind: 'foreign' };

/** Reads the value of one version. */
export function readEntry(text: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return FOREIGN;
  }
  const fields = fieldsOf(value);
  if (!fields || typeof fields['format'] !== 'number') return FOREIGN;
  if (fields['format'] !== FORMAT) return { kind: 'newer' };
  const id = textOf(fields['id']);
  const after = textOf(fields['after']);
  const holdId = textOf(fields['hold']);
  const holder = textOf(fields['by']);
  const runKey = textOf(fields['key']);
  const since = timeOf(fields['since']);
  const cluster = textOf(fields['cluster']);
  const startedBy = textOf(fields['startedBy']);
  const free = fields['lock'] === 'free';
  if (!id || after === undefined || !holdId || holder === undefined || runKey === undefined) return FOREIGN;
  if (since === undefined || cluster === undefined || startedBy === undefined) return FOREIGN;
  if (!free && fields['lock'] !== 'held') return FOREIGN;
  const record = readRecord(fields['ended'], { by: holder, key: runKey });
  const prefix = textOf(fields['tasks']) ?? '';
  const forgotten = timeOf(fields['forgotten']);
  const hold: Hold = {
    id: holdId,
    holder,
    runKey,
    since,
    cluster,
    startedBy,
    steps: listOf(fields['steps']).flatMap((each) => readStep(textOf(each) ?? '', prefix)),
    plan: readPlan(fieldsOf(fields['migration']) ?? fieldsOf(fields['ended']) ?? {}),
  };
  const past = listOf(fields['past']).flatMap((each) => readRecord(each) ?? []);
  return {
    kind: 'entry',
    entry: {
      id,
      after,
      hold,
      free,
      past,
      ...(free && record && { record }),
      ...(forgotten !== undefined && { forgotten }),
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
function timeOf(value: unknown): number | undefined {
  const ms = Date.parse(textOf(value) ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function readPlan(fields: Fields): MigrationPlan {
  const optional = (name: 'commit' | 'service' | 'taskDefinition') => {
    const text = textOf(fields[name]);
    return text === undefined ? {} : { [name]: text };
  };
  return {
    command: textOf(fields['command']) ?? '',
    ...optional('commit'),
    ...optional('service'),
    ...optional('taskDefinition'),
    ...(typeof fields['compatible'] === 'boolean' && { compatible: fields['compatible'] }),
    backups: listOf(fields['backups']).flatMap((id) => textOf(id) ?? []),
  };
}

function readRecord(value: unknown, hold?: { by: string; key: string }): MigrationRecord | undefined {
  const given = fieldsOf(value);
  const fields: Fields = { ...hold, ...given };
  const at = timeOf(fields['at']);
  const holder = textOf(fields['by']);
  const runKey = textOf(fields['key']);
  if (!given || at === undefined || holder === undefined || runKey === undefined) return undefined;
  const outcome = OUTCOMES.find((each) => each === fields['outcome']) as MigrationOutcome | undefined;
  return { holder, runKey, at, outcome: outcome ?? 'unknown', ...readPlan(fields) };
}

function readStep(text: string, prefix: string): StepRecord[] {
  const [, token, id, exit] = /^([\w-]+)(?: task (\S+))?(?: exit (-?\d+))?$/.exec(text) ?? [];
  if (token === undefined) return [];
  const task = id === undefined ? {} : { task: id.startsWith('arn:') ? id : `${prefix}${id}` };
  return [{ token, ...task, ...(exit !== undefined && { exitCode: Number(exit) }) }];
}
