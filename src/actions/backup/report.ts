import { restoreCommands } from '../../backups/restore-commands.ts';
import { KIND_WORDS, progressOf, type Snapshot, type Source } from '../../backups/source.ts';
import type { Reporter } from '../../ports.ts';
import { codeSpan, literal } from '../../report/markdown.ts';
import { formatDuration } from '../../rollout/duration.ts';
import type { Backup } from './backup.ts';
import { type Outcome, stateOf, titleOf } from './take.ts';

/** A backup that is there, or that AWS is at and nobody waits for. */
interface There {
  readonly backup: Backup;
  readonly source: Source;
  readonly snapshot: Snapshot;
}

const isDone = ({ backup, trouble }: Outcome): boolean =>
  trouble === undefined && backup?.snapshot !== undefined;

/** Those that came to their end. */
export const backedUp = (outcomes: readonly Outcome[]): readonly There[] =>
  outcomes.flatMap((outcome) => {
    const { backup, source } = outcome;
    const snapshot = backup?.snapshot;
    return isDone(outcome) && backup && snapshot ? [{ backup, source, snapshot }] : [];
  });

/** Writes the outputs and the summary of what there is, whether or not all of it is. */
export async function reportBackups(
  reporter: Reporter,
  outcomes: readonly Outcome[],
  now: number,
): Promise<void> {
  const there = backedUp(outcomes);
  const [only, ...others] = there;
  const single = outcomes.length === 1 && only && others.length === 0;
  reporter.output('snapshot', single ? only.snapshot.id : '');
  reporter.output('snapshot-ids', there.map(({ snapshot }) => snapshot.id).join('\n'));
  reporter.output(
    'snapshots',
    jsonByName(outcomes, (backup) => backup.snapshot?.id),
  );
  reporter.output(
    'copies',
    jsonByName(outcomes, (backup) => backup.copy?.id),
  );
  reporter.output('restore-commands', there.map(script).join('\n\n'));
  for (const { backup, source, snapshot } of there) reporter.notice(sentence(backup, source, snapshot, now));
  await reporter.summary(summary(outcomes, now));
}

function sentence(backup: Backup, source: Source, snapshot: Snapshot, now: number): string {
  const title = titleOf(source);
  const copy = backup.copy ? `, and in ${backup.copy.region} as ${backup.copy.id}` : '';
  if (progressOf(snapshot) !== 'finished') {
    return `${title}: ${stateOf(backup.current)}; nothing waits for it. Until it is available there is nothing to restore from.`;
  }
  return `${title} is backed up as ${snapshot.id}${copy}${howOf(backup, snapshot, now)}`;
}

function howOf({ origin }: Backup, { beganAt }: Snapshot, now: number): string {
  const age = beganAt === undefined ? '' : `, taken ${formatDuration(Math.max(0, now - beganAt))} ago`;
  switch (origin) {
    case 'made':
      return '';
    case 'continued':
      return ' (begun by an earlier attempt)';
    case 'same-step':
      return ` (made by an earlier attempt${age})`;
    case 'newer-than':
      return ` (was there already${age})`;
  }
}

/** By the names of the databases; by kind and name where two kinds have one of a name. */
function jsonByName(outcomes: readonly Outcome[], value: (backup: Backup) => string | undefined): string {
  const shared = (id: string) => outcomes.filter(({ source }) => source.id === id).length > 1;
  const entries = outcomes.flatMap((outcome): [string, string][] => {
    const { source, backup } = outcome;
    const found = isDone(outcome) && backup ? value(backup) : undefined;
    return found === undefined
      ? []
      : [[shared(source.id) ? `${source.kind}/${source.id}` : source.id, found]];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

/** For the shell: what must not run by itself is a comment. */
function script({ backup, source, snapshot }: There): string {
  const restores = [snapshot, ...(backup.copy ? [backup.copy] : [])].map((of) => ({
    of,
    ...restoreCommands(source, of),
  }));
  const comments = (lines: readonly string[]) => lines.map((line) => `# ${line}`);
  return restores
    .map(({ of, target, commands, switchOver, notes }) =>
      [
        ...comments([`${titleOf(source)} from ${of.id} in ${of.region}, as ${target}`, ...notes]),
        commands,
        ...(switchOver === undefined
          ? []
          : comments([
              `When ${target} holds what it should, these give it the name and so the endpoint of ${source.id}.`,
              ...switchOver.notes,
              ...switchOver.commands.split('\n'),
              `When they have stopped, and nothing is called ${source.id} any more, mend what AWS says, and then:`,
              ...switchOver.last.split('\n'),
            ])),
      ].join('\n'),
    )
    .join('\n\n');
}

/** `1 of 3 backups is there`. */
export const countOf = (there: number, all: number): string =>
  `${there} of ${all} ${all === 1 ? 'backup' : 'backups'} ${there === 1 || all === 1 ? 'is' : 'are'} there`;

function summary(outcomes: readonly Outcome[], now: number): string {
  const there = backedUp(outcomes);
  const all = there.length === outcomes.length;
  const count =
    outcomes.length === 1 ? titleOf(outcomes[0]?.source as Source) : `${outcomes.length} databases`;
  const unfinished = there.some(({ snapshot }) => progressOf(snapshot) !== 'finished');
  const heading = !all
    ? `⛔ ${countOf(there.length, outcomes.length)}`
    : unfinished
      ? `⏳ Backup of ${count} is under way`
      : `💾 ${count} ${outcomes.length === 1 ? 'is' : 'are'} backed up`;
  return [
    `## ${heading}`,
    '',
    '| Database | Snapshot | |',
    '| --- | --- | --- |',
    ...outcomes.map((outcome) => row(outcome, now)),
    '',
    ...there.flatMap(restoreSection),
  ].join('\n');
}

function row(outcome: Outcome, now: number): string {
  const { source, backup, trouble } = outcome;
  const name = `${KIND_WORDS[source.kind]} ${codeSpan(source.id)}`;
  const snapshot = backup?.snapshot;
  if (trouble || !backup || !snapshot) {
    return `| ${name} | ${idsOf(backup)} | ❌ ${literal(trouble?.message ?? '')} |`;
  }
  const copy = backup.copy ? `<br>${codeSpan(backup.copy.id)} in ${backup.copy.region}` : '';
  const state =
    progressOf(snapshot) === 'finished'
      ? `✅${literal(howOf(backup, snapshot, now))}`
      : `⏳ ${snapshot.status}: not waited for`;
  return `| ${name} | ${codeSpan(snapshot.id)}${copy} | ${state} |`;
}

/** What AWS has begun, or may have, by its ids. */
const idsOf = (backup: Backup | undefined): string =>
  (backup?.parts ?? [])
    .filter(({ asked, state }) => asked || state.kind !== 'to-order')
    .map(({ id, plan }) => (plan.what === 'snapshot' ? codeSpan(id) : `${codeSpan(id)} (${plan.what})`))
    .join('<br>');

/** What a run that was cancelled leaves to AWS. */
export async function reportCancelled(reporter: Reporter, outcomes: readonly Outcome[]): Promise<void> {
  const rows = outcomes.map(({ source, backup }) => {
    const ids = idsOf(backup);
    const states = (backup?.parts ?? []).map((part) => `${stateOf(part)}.`).join(' ');
    const state = ids === '' ? 'nothing was begun' : literal(states);
    return `| ${KIND_WORDS[source.kind]} ${codeSpan(source.id)} | ${ids} | ${state} |`;
  });
  await reporter.summary(
    [
      '## ⛔ The backup was cancelled',
      '',
      'AWS goes on with what was begun; the next attempt of this run waits for the same snapshots.',
      '',
      '| Database | Snapshot | |',
      '| --- | --- | --- |',
      ...rows,
      '',
    ].join('\n'),
  );
}

function restoreSection({ backup, source, snapshot }: There): string[] {
  return [snapshot, ...(backup.copy ? [backup.copy] : [])].flatMap((of) => {
    const { target, commands, switchOver, notes } = restoreCommands(source, of);
    const fenced = (text: string) => ['````sh', text, '````', ''];
    return [
      `<details><summary>Restore ${KIND_WORDS[source.kind]} ${source.id} from ${of.id} in ${of.region}</summary>`,
      '',
      of.region === source.region
        ? `1. Make ${codeSpan(target)} beside ${codeSpan(source.id)}, with its settings as they are now:`
        : `1. Make ${codeSpan(target)} in ${of.region}, with the settings that ${codeSpan(source.id)} has now:`,
      '',
      ...fenced(commands),
      ...notes.map((note) => `- ${literal(note)}`),
      '',
      `2. See that ${codeSpan(target)} holds what it should. Stop what writes to ${codeSpan(source.id)}: what was written since the snapshot is not in there.`,
      '',
      ...(switchOver === undefined
        ? ['3. Point clients at its endpoint.', '']
        : [
            `3. Give it the name, and so the endpoint, of ${codeSpan(source.id)}. Clients connect again within minutes:`,
            '',
            ...fenced(switchOver.commands),
            ...switchOver.notes.map((note) => `- ${literal(note)}`),
            `- When they have stopped, and nothing is called ${codeSpan(source.id)} any more, mend what AWS says, and run the last of them by itself:`,
            '',
            ...fenced(switchOver.last),
          ]),
      '</details>',
      '',
    ];
  });
}
