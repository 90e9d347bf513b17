import { bounded } from '../report/bounded.ts';
import type { Notice } from './notice.ts';

/** What programs read of a notice. Later versions may have more in it. */
export const FORMAT = 'deploy-actions/notification@1';

/** What tells one notification from another. */
export interface Delivery {
  /** The same for every try. */
  readonly id: string;
  /** When it was made, in ms since the Unix epoch. */
  readonly at: number;
}

/**
 * The notice as a JSON document: every key is always there, and null where nothing is known.
 *
 * @param longest no text has more characters
 */
export function documentOf(notice: Notice, { id, at }: Delivery, longest: number): object {
  const text = (value: string | undefined): string | null =>
    value === undefined ? null : bounded(value, longest);
  const { origin } = notice;
  const { commit } = origin;
  return {
    format: FORMAT,
    id,
    at: new Date(at).toISOString(),
    status: notice.status,
    title: text(notice.title),
    text: text(notice.text),
    reason: text(notice.reason),
    service: text(notice.service),
    cluster: text(notice.cluster),
    environment: text(notice.environment),
    version: text(notice.version),
    url: text(notice.url),
    fields: notice.fields.map(({ name, value }) => ({ name: text(name), value: text(value) })),
    steps: notice.parts.map(({ name, result }) => ({ name: text(name), result: text(result) })),
    repository: text(origin.repository),
    ref: text(origin.ref),
    actor: text(origin.actor),
    workflow: text(origin.workflow),
    run_url: text(origin.runUrl),
    commit: commit
      ? {
          sha: commit.sha,
          url: text(commit.url),
          subject: text(commit.subject),
          author: text(commit.author),
        }
      : null,
  };
}
