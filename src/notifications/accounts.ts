import { withoutAccountIds } from '../report/account-ids.ts';
import type { Notice } from './notice.ts';

/** Between the texts; none of them holds it. */
const BETWEEN = '\0';

/** The notice without the ids of AWS accounts: each has the same word in all of its texts. Addresses stay as they are. */
export function withoutAccounts(notice: Notice): Notice {
  const texts: string[] = [];
  withTexts(notice, (text) => {
    texts.push(text.replaceAll(BETWEEN, ' '));
    return text;
  });
  const clean = withoutAccountIds(texts.join(BETWEEN)).split(BETWEEN).values();
  return withTexts(notice, () => clean.next().value ?? '');
}

function withTexts(notice: Notice, change: (text: string) => string): Notice {
  const known = (text: string | undefined) => (text === undefined ? undefined : change(text));
  const { commit } = notice.origin;
  return {
    ...notice,
    title: change(notice.title),
    text: known(notice.text),
    reason: known(notice.reason),
    service: known(notice.service),
    cluster: known(notice.cluster),
    environment: known(notice.environment),
    version: known(notice.version),
    fields: notice.fields.map(({ name, value }) => ({ name: change(name), value: change(value) })),
    parts: notice.parts.map(({ name, result }) => ({ name: change(name), result: change(result) })),
    origin: { ...notice.origin, commit: commit && { ...commit, subject: known(commit.subject) } },
  };
}
