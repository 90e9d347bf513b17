import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { nameIn } from '../../arn.ts';
import type { Clock } from '../../clock.ts';
import { ConfigError, DeployError } from '../../errors.ts';
import {
  foresee,
  type IncidentIssue,
  type Kept,
  resolveIncident,
  tellIncident,
} from '../../github/incident-issue.ts';
import { repositoryUrl, runUrl } from '../../github/run-identity.ts';
import { tell } from '../../incidents/body.ts';
import { timesOf, withEcs } from '../../incidents/from-ecs.ts';
import { titleOf } from '../../incidents/head.ts';
import type { BadEnd, Incident, Production, Run } from '../../incidents/incident.ts';
import { withoutValues } from '../../incidents/log-lines.ts';
import { type Recorded, readRecord } from '../../incidents/recorded.ts';
import { withoutAccountIds } from '../../report/account-ids.ts';
import { literal } from '../../report/markdown.ts';
import { revision } from '../../report/narrate.ts';
import { printable } from '../../taskdef/shape.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { askedRegion, jobRegion } from '../job-region.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { workspaceOf } from '../workspace.ts';
import { findCommits } from './find-commits.ts';
import type { Facts } from './find-facts.ts';
import { findFacts } from './find-facts.ts';
import { type Inputs, isBad, isSound, outcomeOf, readInputs, STACK_INPUTS } from './inputs.ts';

/** So long AWS is asked what it knows, in ms; the incident is told without the rest. */
const PATIENCE_MS = 90_000;
const REAL_PATIENCE_MS = 5_000;

/** Tells of a release that was no good in an issue of its service. A deploy never fails by it. */
export async function run(context: ActionContext): Promise<void> {
  const { clock, cancelled, reporter } = context;
  const input = await withStackOutputs(context.input, STACK_INPUTS, () => connectToStacks(clock, cancelled));
  const inputs = readInputs(input, askedRegion(context.env));
  reporter.mask(inputs.token);
  try {
    await keepIssue(inputs, context);
  } catch (cause) {
    if (!cancelled.aborted) throw cause;
    throw new DeployError('The incident was not told to its end: the run was cancelled.', {
      state: 'An issue may have been opened or not; nothing in AWS was changed.',
      next: 'Run this step again: it goes on with the issue that is there.',
      cause,
    });
  }
}

async function keepIssue(inputs: Inputs, context: ActionContext): Promise<void> {
  const { reporter, env } = context;
  const recorded = await recordOf(inputs, context);
  const outcome = inputs.outcome ?? outcomeOf(recorded?.outcome);
  const subject = subjectOf(inputs, recorded, env);
  const repository = repositoryOf(env);
  const incident = repository && {
    repository,
    subject,
    title: titleOf(subject, inputs.environment),
    labels: inputs.labels,
    assignees: inputs.assignees,
  };
  // Who deploys while the one before is watched has no incident.
  const passedBy =
    outcome === 'superseded' && recorded?.outcome === 'superseded' && recorded.decidedAt === undefined;
  if (outcome !== undefined && isBad(outcome) && !passedBy) {
    return tellOf(outcome, { inputs, recorded, subject, incident }, context);
  }
  if (outcome === undefined || !isSound(outcome)) {
    const why =
      outcome === undefined
        ? 'no outcome is given: nothing was released, or the step before did not come so far'
        : passedBy
          ? 'the outcome is superseded: another release took its place before it was found bad'
          : `the outcome is ${outcome}: nothing was released or taken back`;
    reporter.info(`There is nothing to tell: ${why}.`);
    return conclude({ kind: 'none' }, why, context);
  }
  if (!inputs.resolve || !incident) {
    const why = inputs.resolve ? 'this run is not one of GitHub' : 'resolve is false';
    return conclude({ kind: 'none' }, `the release is sound, and ${why}`, context);
  }
  const access = accessOf(inputs, context);
  if (inputs.dryRun) {
    const found = await foresee(incident, access);
    reporter.notice(
      found.kind === 'updated'
        ? `Dry run: the issue ${found.url} would be closed; nothing was changed.`
        : 'Dry run: no issue is open that would be closed.',
    );
    return conclude({ kind: 'none' }, 'dry run', context);
  }
  const release = inputs.failed ?? (recorded?.failed && revision(recorded.failed));
  const kept = await resolveIncident(incident, release, runOf(env), access);
  return conclude(kept, kept.kind === 'resolved' ? 'a later release is sound' : 'no issue is open', context);
}

interface Case {
  readonly inputs: Inputs;
  readonly recorded: Recorded | undefined;
  readonly subject: Incident['subject'];
  /** Undefined outside of GitHub. */
  readonly incident: IncidentIssue | undefined;
}

async function tellOf(
  outcome: BadEnd,
  { inputs, recorded, subject, incident }: Case,
  context: ActionContext,
): Promise<void> {
  const { reporter, env, clock, cancelled } = context;
  const unknown: string[] = [];
  const gap = (what: string, error: unknown): void => {
    if (cancelled.aborted) throw error;
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const line = what === '' ? `${why}` : `${what}: ${why}`;
    if (!unknown.includes(line)) unknown.push(line);
  };
  const given = {
    failed: inputs.failed ?? (recorded?.failed && revision(recorded.failed)),
    good: inputs.good ?? (recorded?.good && revision(recorded.good)),
  };
  const now = clock.now();
  const question = { inputs, outcome, given, recorded, at: recorded?.decidedAt ?? now, clock, gap };
  const facts = await askAws(question, env, cancelled);
  const { sides } = facts;
  const access = accessOf(inputs, context);
  const commits =
    incident &&
    (await findCommits({
      inputs,
      repository: incident.repository,
      subject,
      sides,
      definitions: facts.definitions,
      access,
      gap,
    }));
  cancelled.throwIfAborted();
  const hidden = withoutValues(facts.definitions.map(({ definition }) => definition));
  const times = timesOf(outcome, facts.past, sides.failed, facts.tasks);
  const at = recorded?.decidedAt ?? times.at ?? now;
  const stops = facts.stops.map((stop) => ({
    ...stop,
    reason: hidden(stop.reason),
    containers: stop.containers.map((each) =>
      each.reason === undefined ? each : { ...each, reason: hidden(each.reason) },
    ),
  }));
  const told = tell({
    subject,
    account: accountOf(
      facts.service?.arn,
      recorded?.failed,
      ...['task-definition', 'previous-task-definition', 'service', 'cluster'].map(context.input),
    ),
    environment: inputs.environment,
    outcome,
    reason: hidden(inputs.reason ?? recorded?.reason ?? ''),
    at,
    atIs: recorded?.decidedAt !== undefined ? 'known' : times.at === undefined ? 'told' : times.atIs,
    failed: sides.failed,
    good: sides.good,
    backAt: recorded?.decidedAt === undefined ? times.backAt : recorded.backAt,
    production: productionOf(facts, recorded, outcome, now),
    impact: recorded?.impact,
    timeline: withEcs(recorded?.timeline ?? [], stops, facts.past, at).map((moment) => ({
      ...moment,
      text: hidden(moment.text),
    })),
    gates: recorded?.gates ?? [],
    stops,
    events: recorded?.events ?? [],
    logs: facts.logs,
    difference: facts.difference,
    commits,
    migrations: facts.migrations,
    restoreCommands: inputs.restoreCommands,
    runbookUrl: inputs.runbookUrl,
    run: runOf(env),
    unknown,
  });
  for (const line of unknown) reporter.info(withoutAccountIds(printable(line)));
  await reporter.summary(`${told.whole}\n`);
  if (!incident) {
    reporter.warning(
      'This run is not one of GitHub (GITHUB_REPOSITORY is not set), so there is no issue; the summary tells the incident.',
    );
    return conclude({ kind: 'none' }, 'this run is not one of GitHub', context);
  }
  if (inputs.dryRun) {
    const found = await foresee(incident, access);
    const would =
      found.kind === 'updated' ? `the issue ${found.url} would be updated` : 'an issue would be opened';
    reporter.notice(`Dry run: ${would}; nothing was changed. The summary shows what it would say.`);
    return conclude({ kind: 'none' }, 'dry run', context);
  }
  const kept = await tellIncident(incident, told, access);
  return conclude(kept, outcome, context);
}

/** @throws ConfigError where AWS says that there is no such service; else only when the run is cancelled */
async function askAws(
  question: Omit<Parameters<typeof findFacts>[0], 'signal'>,
  env: NodeJS.ProcessEnv,
  cancelled: AbortSignal,
): Promise<Facts> {
  const { recorded, given, clock, gap } = question;
  const nothing: Facts = {
    service: undefined,
    past: undefined,
    sides: given,
    definitions: [],
    difference: undefined,
    tasks: [],
    stops: recorded?.stops ?? [],
    logs: [],
    migrations: undefined,
  };
  if (jobRegion(env) === undefined) {
    gap(
      'AWS was not asked',
      new Error('the job has no AWS_REGION; run aws-actions/configure-aws-credentials before this step'),
    );
    return nothing;
  }
  const { signal, done } = deadline(clock, cancelled);
  try {
    return await findFacts({ ...question, signal });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    gap('AWS could not be asked', error);
    return nothing;
  } finally {
    done();
  }
}

/** Ends by itself, so that nobody waits for an AWS that does not answer. */
function deadline(clock: Clock, cancelled: AbortSignal) {
  const over = new AbortController();
  const done = new AbortController();
  const patience = Math.max(PATIENCE_MS, REAL_PATIENCE_MS * clock.scale);
  void clock.sleep(patience, done.signal).then(
    () => {
      if (!done.signal.aborted) over.abort(new Error('AWS has not answered in time'));
    },
    () => undefined,
  );
  return { signal: AbortSignal.any([cancelled, over.signal]), done: () => done.abort() };
}

function productionOf(
  { service }: Facts,
  recorded: Recorded | undefined,
  outcome: BadEnd,
  now: number,
): Production | undefined {
  // What ECS says now is newer than the record; only that knows the share.
  const share = outcome === 'rolled-back' ? recorded?.production?.share : undefined;
  const leftovers = recorded?.production?.leftovers ?? false;
  if (!service) return recorded?.production;
  const { taskDefinition, running, desired } = service;
  return { seenAt: now, runs: revision(taskDefinition), running, desired, share, leftovers };
}

async function recordOf(
  { record: path, cluster: reference, service }: Inputs,
  { reporter, env }: ActionContext,
): Promise<Recorded | undefined> {
  const cluster = nameIn(reference);
  if (path === undefined) return undefined;
  const text = await readFile(resolve(workspaceOf(env), path), 'utf8').catch(() => undefined);
  if (text === undefined) {
    reporter.warning(
      `The record ${printable(path)} is not there, as after the end of its job; the incident is told without it. Hand it on as an artifact, or use this action in the same job.`,
    );
    return undefined;
  }
  const recorded = readRecord(text);
  if (!recorded) {
    reporter.warning(
      `${printable(path)} is no record that is understood here; the incident is told without it.`,
    );
    return undefined;
  }
  if (recorded.cluster === cluster && recorded.service === service) return recorded;
  reporter.warning(
    `The record ${printable(path)} is one of ${printable(recorded.service)} in ${printable(recorded.cluster)}; the incident of ${service} in ${cluster} is told without it.`,
  );
  return undefined;
}

function subjectOf(
  { cluster, service, region }: Inputs,
  recorded: Recorded | undefined,
  env: NodeJS.ProcessEnv,
): Incident['subject'] {
  const [, , , ofRecord] = recorded?.failed?.split(':') ?? [];
  return {
    region: ofRecord || region || jobRegion(env) || '',
    cluster: nameIn(cluster),
    service,
  };
}

/** That of the first ARN. */
function accountOf(...arns: readonly (string | undefined)[]): string | undefined {
  for (const arn of arns) {
    const [, account] = /^arn:[\w-]+:ecs:[\w-]+:(\d{12}):/.exec(arn?.trim() ?? '') ?? [];
    if (account !== undefined) return account;
  }
  return undefined;
}

function repositoryOf({ GITHUB_REPOSITORY: full = '' }: NodeJS.ProcessEnv) {
  const [owner, repository] = full.split('/');
  return owner && repository ? { owner, repository } : undefined;
}

const runOf = (env: NodeJS.ProcessEnv): Run => ({
  id: Number(env['GITHUB_RUN_ID'] ?? 0) || 0,
  url: runUrl(env),
  repositoryUrl: repositoryUrl(env),
  workflow: env['GITHUB_WORKFLOW'] || undefined,
  actor: env['GITHUB_TRIGGERING_ACTOR'] || env['GITHUB_ACTOR'] || undefined,
});

const accessOf = ({ token }: Inputs, { env, clock, cancelled: signal }: ActionContext) => ({
  token,
  env,
  clock,
  signal,
});

const WORDS = { opened: 'was opened', updated: 'was updated', resolved: 'was closed' } as const;

/** @param reason why it ended so, in a few words */
async function conclude(kept: Kept, reason: string, { reporter }: ActionContext): Promise<void> {
  const there = 'number' in kept ? kept : undefined;
  let why = reason;
  if (kept.kind === 'refused') {
    const fix = kept.forbidden ? '; give the job "permissions: issues: write"' : '';
    why = `GitHub did not take it: ${printable(kept.why)}${fix}`;
    reporter.warning(
      `There is no issue of the incident: ${printable(kept.why)}${fix}. What it would say stands in the summary of this job.`,
    );
    await reporter.summary(`> ⚠️ This stands in no issue: ${literal(kept.why)}${fix}.\n`);
  }
  if (there) {
    for (const remark of there.remarks) reporter.warning(remark);
    reporter.notice(`The issue ${there.url} ${WORDS[there.kind]}.`);
    await reporter.summary(`[Issue #${there.number}](${there.url}) ${WORDS[there.kind]}.\n`);
  }
  reporter.output('outcome', there?.kind ?? 'none');
  reporter.output('reason', why);
  reporter.output('issue-number', there ? String(there.number) : '');
  reporter.output('issue-url', there?.url ?? '');
}
