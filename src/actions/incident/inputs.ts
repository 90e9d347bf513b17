import { ConfigError } from '../../errors.ts';
import { BAD_ENDS, type BadEnd } from '../../incidents/incident.ts';
import { lockParameter } from '../../migrations/lock.ts';
import { printable } from '../../taskdef/shape.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { parseRevision, revisionText } from '../revision-reference.ts';
import { readPlace, type ServicePlace } from '../service-place.ts';

/** Inputs that may be `cloudformation:STACK.OUTPUT`. */
export const STACK_INPUTS = ['cluster', 'service'];

/** Ends of a release that is good. */
const SOUND = ['promoted', 'passed', 'success'] as const;
/** Ends by which nothing was released or taken back. */
const NOTHING = ['unchanged', 'skipped', 'cancelled', 'failure'] as const;

export type Outcome = BadEnd | (typeof SOUND)[number] | (typeof NOTHING)[number];

const OUTCOMES: readonly Outcome[] = [...BAD_ENDS, ...SOUND, ...NOTHING];

export const isBad = (outcome: Outcome): outcome is BadEnd => BAD_ENDS.some((each) => each === outcome);
export const isSound = (outcome: Outcome): boolean => SOUND.some((each) => each === outcome);

/** One of the outcomes; undefined for any other word. */
export const outcomeOf = (text: string | undefined): Outcome | undefined =>
  OUTCOMES.find((each) => each === text);

export interface Inputs extends ServicePlace {
  /** The region that an ARN among the inputs names. */
  readonly region: string | undefined;
  /** Undefined where the step before has not come so far; then the record says it, if there is one. */
  readonly outcome: Outcome | undefined;
  readonly reason: string | undefined;
  /** Its path. */
  readonly record: string | undefined;
  /** `family:revision` */
  readonly failed: string | undefined;
  readonly good: string | undefined;
  readonly commitsSince: string | undefined;
  readonly environment: string | undefined;
  readonly restoreCommands: string | undefined;
  readonly runbookUrl: string | undefined;
  /** Whether the former revision works with the database, where somebody has said so. */
  readonly compatible: boolean | undefined;
  /** Of `migrate`, where it is not that of the service. */
  readonly lock: string | undefined;
  readonly logs: boolean;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
  readonly token: string;
  readonly resolve: boolean;
  readonly dryRun: boolean;
}

/** GitHub takes no longer name of a label, and no more assignees. */
const LONGEST_LABEL = 50;
const MOST_ASSIGNEES = 10;

/**
 * @param jobRegion the region of the job
 * @throws ConfigError with every problem of every input
 */
export function readInputs(input: InputSource, jobRegion: string | undefined): Inputs {
  const reader = new InputReader(input);
  const { cluster, service } = readPlace(reader, jobRegion);
  const inputs: Inputs = {
    cluster,
    service,
    region: regionIn(cluster, input('task-definition'), input('previous-task-definition')),
    outcome: reader.parse('outcome', readOutcome, undefined),
    reason: reader.optional('reason'),
    record: reader.optional('record'),
    failed: readRevision(reader, 'task-definition', jobRegion),
    good: readRevision(reader, 'previous-task-definition', jobRegion),
    commitsSince: reader.parse('commits-since', readGitReference, undefined),
    environment: reader.optional('environment'),
    restoreCommands: reader.verbatim('restore-commands'),
    runbookUrl: reader.parse('runbook-url', readUrl, undefined),
    compatible: reader.optional('compatible') === undefined ? undefined : reader.boolean('compatible', false),
    lock: reader.parse('lock', readLock, undefined),
    logs: reader.parse('logs', readSwitch, true),
    labels: readLabels(reader),
    assignees: readAssignees(reader),
    token: readToken(reader),
    resolve: reader.boolean('resolve', true),
    dryRun: reader.boolean('dry-run', false),
  };
  reader.finish();
  return inputs;
}

/** That of the first ARN. */
function regionIn(...texts: readonly string[]): string | undefined {
  for (const text of texts) {
    const [, region] = /^arn:[\w-]+:ecs:([\w-]+):/.exec(text.trim()) ?? [];
    if (region !== undefined) return region;
  }
  return undefined;
}

function readOutcome(text: string): Outcome {
  const found = outcomeOf(text);
  if (found !== undefined) return found;
  throw new ConfigError({
    input: 'outcome',
    message: `"${printable(text)}" is not one of ${OUTCOMES.join(', ')}; give it the output outcome of canary, monitor or rollback`,
  });
}

const readRevision = (reader: InputReader, input: string, jobRegion: string | undefined) =>
  reader.parse<string | undefined>(
    input,
    (text) => {
      const reference = parseRevision(text, input, jobRegion);
      if (reference.kind === 'arn' || reference.family !== undefined) return revisionText(reference);
      throw new ConfigError({ input, message: `"${text}" has no family; write FAMILY:${text}, or the ARN` });
    },
    undefined,
  );

function readGitReference(text: string): string {
  if (/^[\w][\w./@+-]{0,250}$/.test(text) && !text.includes('..')) return text;
  throw new ConfigError({
    input: 'commits-since',
    message: `"${printable(text)}" is not a commit, a tag or a branch`,
  });
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return text;
  throw new ConfigError({
    input: 'runbook-url',
    message: 'is not a URL that a browser opens, without a password in it; write https://HOST/PATH',
  });
}

function readLock(lock: string): string {
  lockParameter(lock, 'lock');
  return lock;
}

function readSwitch(text: string): boolean {
  if (/^(on|true)$/i.test(text)) return true;
  if (/^(off|false)$/i.test(text)) return false;
  throw new ConfigError({ input: 'logs', message: `"${printable(text)}" is neither on nor off` });
}

function readLabels(reader: InputReader): readonly string[] {
  // Their names may have blanks in them.
  const labels = reader.list('labels', /[\n,]+/);
  for (const label of labels.filter(({ length }) => length > LONGEST_LABEL)) {
    reader.problem('labels', `"${printable(label)}" is longer than ${LONGEST_LABEL} characters`);
  }
  return labels;
}

function readAssignees(reader: InputReader): readonly string[] {
  const people = reader.list('assignees').map((each) => each.replace(/^@/, ''));
  for (const person of people.filter((each) => !/^[A-Za-z0-9][\w-]{0,99}(\[bot\])?$/.test(each))) {
    reader.problem('assignees', `"${printable(person)}" is not the name of an account, such as octocat`);
  }
  if (people.length > MOST_ASSIGNEES)
    reader.problem('assignees', `names ${people.length}; GitHub takes up to ${MOST_ASSIGNEES}`);
  return people;
}

function readToken(reader: InputReader): string {
  const token = reader.optional('github-token');
  if (token === undefined) {
    reader.problem(
      'github-token',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
      'is empty; leave the input out, or write ${{ github.token }}',
    );
  }
  return token ?? '';
}
