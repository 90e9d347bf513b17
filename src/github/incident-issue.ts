import {
  commentBody,
  issueBody,
  type Listed,
  readTold,
  resolvedComment,
  type Told,
} from '../incidents/body.ts';
import type { Subject } from '../incidents/incident.ts';
import { issueMark, resolvedMark } from '../incidents/marks.ts';
import { type GithubAccess, patiently } from './api.ts';
import { isForbidden, statusOf, wordsOf } from './api-failure.ts';
import { type Issue, type IssueComment, type Issues, openIssues, type Repository } from './issues.ts';

/** By which the issues of incidents are found. */
export const INCIDENT_LABEL = 'deploy-incident';

/** GitHub takes no more characters in an issue. */
const LIMIT = 65_536;

export interface IncidentIssue {
  readonly repository: Repository;
  readonly subject: Subject;
  readonly title: string;
  /** Beside the one by which it is found. */
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
}

export type Kept =
  | {
      readonly kind: 'opened' | 'updated' | 'resolved';
      readonly number: number;
      readonly url: string;
      readonly remarks: readonly string[];
    }
  /** There is no issue, and none is needed. */
  | { readonly kind: 'none' }
  /** `forbidden` when it is the token that may not do it. */
  | { readonly kind: 'refused'; readonly forbidden: boolean; readonly why: string };

/**
 * Tells an incident in the issue of its service: opens one where none is open, writes a comment where one is, and keeps
 * its head and its list up to date. What this run has written before is replaced. Of two issues that two runs open at the
 * same moment, the younger one closes as a duplicate.
 *
 * @returns also when GitHub does not let us: a deploy does not fail for an issue
 */
export const tellIncident = (incident: IncidentIssue, told: Told, access: GithubAccess): Promise<Kept> =>
  attempt(incident, access, (issues, made) => tell(incident, told, issues, made));

/** What would be done with the issue of a service; nothing is. */
export const foresee = (incident: IncidentIssue, access: GithubAccess): Promise<Kept> =>
  attempt(incident, access, async (issues) => {
    const [issue] = await ours(incident.subject, issues);
    return issue ? { kind: 'updated', number: issue.number, url: issue.url, remarks: [] } : { kind: 'none' };
  });

/**
 * Closes the issue of a service with a comment, after a release that is sound.
 *
 * @param release what was released, `family:revision`
 */
export const resolveIncident = (
  incident: IncidentIssue,
  release: string | undefined,
  run: { readonly id: number; readonly url: string | undefined },
  access: GithubAccess,
): Promise<Kept> =>
  attempt(incident, access, async (issues) => {
    const open = await ours(incident.subject, issues);
    const [first] = open;
    if (!first) return { kind: 'none' };
    for (const issue of open) {
      const mark = resolvedMark(run.id);
      const said = (await issues.comments(issue.number)).some(({ body }) => body.startsWith(mark));
      if (!said) {
        const text = resolvedComment(release, run, incident.subject.service);
        await issues.comment(issue.number, `${mark}\n${text}`);
      }
      await issues.close(issue.number, 'completed');
    }
    return { kind: 'resolved', number: first.number, url: first.url, remarks: [] };
  });

/** What was done by tries whose answers were lost. */
interface Made {
  opened?: boolean;
}

async function attempt(
  { repository }: IncidentIssue,
  access: GithubAccess,
  act: (issues: Issues, made: Made) => Promise<Kept>,
): Promise<Kept> {
  const issues = openIssues(repository, access);
  const made: Made = {};
  try {
    return await patiently(access, () => act(issues, made), { lookAnew: true });
  } catch (error) {
    if (access.signal.aborted) throw error;
    const gone = statusOf(error) === 410;
    return {
      kind: 'refused',
      forbidden: isForbidden(error),
      why: gone ? 'issues are switched off in this repository' : wordsOf(error),
    };
  }
}

/** Those of the service that are open and ours, the oldest first. */
async function ours(subject: Subject, issues: Issues): Promise<readonly Issue[]> {
  const mark = issueMark(subject);
  const marked = (await issues.open(INCIDENT_LABEL)).filter(({ body }) => body.startsWith(mark));
  if (marked.length === 0) return [];
  const me = await issues.me();
  return marked.filter(({ author }) => author === me).toSorted((a, b) => a.number - b.number);
}

async function tell(incident: IncidentIssue, told: Told, issues: Issues, made: Made): Promise<Kept> {
  const { subject } = incident;
  const remarks: string[] = [];
  let [issue, ...younger] = await ours(subject, issues);
  if (!issue) {
    made.opened = true;
    const created = await open(incident, told, issues, remarks);
    // Another run may have found none either; what it opens later, it closes itself.
    const oldest = (await ours(subject, issues))[0] ?? created;
    if (oldest.number >= created.number) {
      return { kind: 'opened', number: created.number, url: created.url, remarks };
    }
    [issue, younger] = [oldest, [created]];
    made.opened = false;
  }
  for (const { number } of younger) {
    await issues.comment(number, `Duplicate of #${issue.number}`);
    await issues.close(number, 'duplicate');
  }
  const { number, url } = issue;
  const written = readTold(issue.body);
  const own = written?.entry.run === told.entry.run;
  if (!own) await addComment(issue, told, issues);
  await refresh(incident, issue, written, told, issues);
  return { kind: own && made.opened ? 'opened' : 'updated', number, url, remarks };
}

async function open(
  { subject, title, labels, assignees }: IncidentIssue,
  { entry, head, details }: Told,
  issues: Issues,
  remarks: string[],
): Promise<Issue> {
  await issues.makeLabel({
    name: INCIDENT_LABEL,
    color: 'b60205',
    description: 'A release that was no good; kept by deploy-actions',
  });
  const issue = {
    title,
    body: issueBody(subject, { head, first: entry, details, all: [] }),
    labels: [...new Set([INCIDENT_LABEL, ...labels])],
    assignees,
  };
  let created: Issue;
  try {
    created = await issues.create(issue);
  } catch (error) {
    // One of them is no person who may be assigned; which one, GitHub does not say.
    if (statusOf(error) !== 422 || assignees.length === 0) throw error;
    created = await issues.create({ ...issue, assignees: [] });
    remarks.push(
      `Nobody was assigned: GitHub takes only people who may write to the repository, and ${assignees.join(', ')} cannot all be assigned.`,
    );
  }
  if (!created.labels.includes(INCIDENT_LABEL)) {
    remarks.push(
      `GitHub has dropped the label ${INCIDENT_LABEL}, by which later runs find the issue: the token may not set labels. Use one that may write to the repository.`,
    );
  }
  return created;
}

async function addComment({ number }: Issue, told: Told, issues: Issues): Promise<void> {
  const body = commentBody(told);
  const former = (await written(number, issues)).find(({ entry }) => entry.run === told.entry.run);
  if (!former) await issues.comment(number, body);
  else if (!sameText(former.body, body)) await issues.editComment(former.id, body);
}

type Written = IssueComment & NonNullable<ReturnType<typeof readTold>>;

/** The incidents that our comments tell. */
async function written(number: number, issues: Issues): Promise<readonly Written[]> {
  const marked = (await issues.comments(number)).flatMap((comment) => {
    const told = comment.body.startsWith('<!-- deploy-actions incident-entry ')
      ? readTold(comment.body)
      : undefined;
    return told ? [{ ...comment, ...told }] : [];
  });
  if (marked.length === 0) return [];
  const me = await issues.me();
  return marked.filter(({ author }) => author === me);
}

/** The head is that of the newest incident, whichever run told it; all of them follow from what is written there. */
async function refresh(
  { subject }: IncidentIssue,
  issue: Issue,
  before: ReturnType<typeof readTold>,
  told: Told,
  issues: Issues,
): Promise<void> {
  // Somebody has rewritten the issue: it is theirs, and the comments tell the rest.
  if (!before) return;
  const kept = before.entry.run === told.entry.run ? told : before;
  const later = (await written(issue.number, issues)).filter(({ entry }) => entry.run !== kept.entry.run);
  const all: readonly Listed[] = [
    { entry: kept.entry, url: undefined },
    ...later.map(({ entry, url }) => ({ entry, url })),
  ];
  const newest = later.toSorted((a, b) => b.entry.at - a.entry.at)[0];
  const head = newest && newest.entry.at >= kept.entry.at ? newest.head : kept.head;
  const bodyWith = (details: string, list: readonly Listed[]) =>
    issueBody(subject, { head, first: kept.entry, details, all: list, notes: before.notes });
  const gone = '_What was added below took the room of the rest._';
  const body = [bodyWith(kept.details, all), bodyWith(gone, all), bodyWith(gone, [])].find(
    ({ length }) => length <= LIMIT,
  );
  // Where people have filled it, the comments tell the rest.
  if (body !== undefined && !sameText(issue.body, body)) await issues.edit(issue.number, body);
}

/** GitHub gives line ends back in its own way. */
const sameText = (a: string, b: string): boolean => plain(a) === plain(b);
const plain = (text: string): string => text.replaceAll('\r\n', '\n').trim();
