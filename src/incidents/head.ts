import { bounded } from '../report/bounded.ts';
import { formatDuration } from '../rollout/duration.ts';
import { printable } from '../taskdef/shape.ts';
import type { BadEnd, Incident, Subject } from './incident.ts';
import { dateTime, inOneLine, name, plural, quoted, sentence, timeOfDay } from './words.ts';

/** How an end is told, of a release and in a few words. */
export const ENDS: Readonly<Record<BadEnd, { readonly mark: string; readonly verb: string }>> = {
  'rolled-back': { mark: '↩️', verb: 'was rolled back' },
  'rollback-failed': { mark: '⛔', verb: 'could not be rolled back' },
  superseded: {
    mark: '⏭️',
    verb: 'was not rolled back, as another one had taken its place',
  },
  failed: { mark: '⛔', verb: 'was found bad, and was not rolled back' },
};

/** What the issue is called. It stays so whatever comes after: people know it by this name. */
export function titleOf({ cluster, service }: Subject, environment: string | undefined): string {
  const where = environment === undefined || environment === cluster ? '' : ` (${environment})`;
  return bounded(printable(`Incident: releases of ${service} in ${cluster}${where}`), 250);
}

/** What a person who was woken up reads: what happened, why, what state production is in, and what to do. */
export function headOf(incident: Incident): string {
  const { reason } = incident;
  return [
    `**What happened:** ${happened(incident)}`,
    `**Why:** ${sentence(quoted(reason === '' ? 'no reason was given' : inOneLine(reason), 1_000))}`,
    `**Production now:** ${productionNow(incident)}`,
    `**Users:** ${usersHad(incident)}`,
    `**Do next:** ${doNext(incident)}`,
  ]
    .map((line) => `- ${line}`)
    .join('\n');
}

const percent = (share: number): string => `${Number(share.toFixed(1))}%`;

const minuteOf = (ms: number): string => timeOfDay(ms).slice(0, 5);

function usersHad({ impact, production, failed }: Incident): string {
  const still = production !== undefined && (production.runs === failed || (production.share ?? 0) > 0);
  if (!impact) return `${still ? 'they still have it; ' : ''}what they had of it is not known here.`;
  const { share, ms, answers } = impact;
  const told = answers
    ? `Of ${minuteOf(answers.from)}-${minuteOf(answers.to)}, which is all that CloudWatch had told by then: ${plural(answers.requests, 'request')}, ${answers.errors5xx} answered 5xx.`
    : 'How many requests, CloudWatch had not told yet.';
  const time = still ? `more than ${formatDuration(ms)}, **and still**` : formatDuration(ms);
  return `up to ${percent(share)} of the traffic for ${time}. ${told}`;
}

function happened({ failed, subject, environment, outcome, at, atIs, backAt }: Incident): string {
  const { mark, verb } = ENDS[outcome];
  const what = failed === undefined ? `A release of ${name(subject.service)}` : name(failed);
  const where = environment === undefined ? '' : ` in ${quoted(environment, 100)}`;
  const took =
    outcome === 'rolled-back' && backAt !== undefined
      ? ` All traffic was back ${formatDuration(Math.max(0, backAt - at))} later, at ${timeOfDay(backAt)}.`
      : '';
  return `${mark} ${what} ${verb}${where}, ${WHEN[atIs]} ${dateTime(at)}.${took}`;
}

const WHEN: Readonly<Record<Incident['atIs'], string>> = {
  known: 'decided',
  about: 'decided about',
  told: 'when is not known; told',
};

function productionNow({ production, subject, failed, good, outcome, timeline }: Incident): string {
  const service = `${name(subject.service)} in ${name(subject.cluster)}`;
  if (!production) {
    const should =
      outcome === 'rolled-back' && good !== undefined ? ` It should run ${name(good)} again.` : '';
    return `❔ Nobody has looked at ${service}: see step 1 below.${should}`;
  }
  const { runs, running, desired, share, leftovers, seenAt } = production;
  const bad = runs === failed;
  const partly = share !== undefined && share > 0;
  const few = running < desired;
  const mark = bad || partly ? '⛔' : few ? '⚠️' : '✅';
  const last = timeline.at(-1)?.at ?? seenAt;
  const day = last - seenAt > 86_400_000 ? dateTime(seenAt) : `${timeOfDay(seenAt)} UTC`;
  return [
    `${mark} ${service} ${bad ? '**still runs**' : 'runs'} ${name(runs)}, ${running} of ${plural(desired, 'task')}`,
    share === undefined
      ? ''
      : partly
        ? `; **the bad release still has ${percent(share)} of the traffic**`
        : ', with all of the traffic',
    ` (seen ${day}).`,
    leftovers ? ' Parts of the canary are left; the next release or `rollback` removes them.' : '',
  ].join('');
}

function doNext({ outcome, failed, good, production, migrations, runbookUrl }: Incident): string {
  const bad = failed === undefined ? 'that release' : name(failed);
  const unsound =
    production !== undefined &&
    (production.runs === failed || (production.share ?? 0) > 0 || production.running < production.desired);
  const database =
    migrations?.compatible === false
      ? ' **Look at the database first: its migrations do not suit the former revision.**'
      : '';
  const runbook = runbookUrl === undefined ? '' : ` [Runbook](${linkTo(runbookUrl)}).`;
  const step = stepsOf();
  return `${step}${database}${runbook}`;

  function stepsOf(): string {
    switch (outcome) {
      case 'rolled-back':
        if (!production)
          return `see whether production is sound (step 1 below): nobody has looked. If it is not, bring it back by hand (step 2); do not deploy ${bad} again.`;
        return unsound
          ? 'see whether the service recovers (step 1 below); if not, bring it back by hand (step 2).'
          : `nothing is urgent while production is sound (step 1 below). Find the cause, and mend it by a new release; do not deploy ${bad} again.`;
      case 'rollback-failed':
        return `**bring the service back by hand now** (step 2 below)${good === undefined ? '' : `, to ${name(good)}`}.`;
      case 'failed':
        return `**decide now:** bring the service back (step 2 below)${good === undefined ? '' : `, to ${name(good)}`}, or go forward with a release that mends it.`;
      case 'superseded':
        return `see whether ${production ? name(production.runs) : 'what runs now'} is sound (step 1 below): somebody else has deployed it meanwhile.`;
    }
  }
}

/** An address inside of the parentheses of a link. */
export const linkTo = (url: string): string =>
  encodeURI(decodeSafely(url)).replaceAll('(', '%28').replaceAll(')', '%29');

/** What was encoded already is not encoded twice. */
function decodeSafely(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}
