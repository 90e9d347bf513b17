import { bounded, fitting } from '../report/bounded.ts';
import { printable } from '../taskdef/shape.ts';
import { type Delivery, documentOf } from './document.ts';
import type { Notice } from './notice.ts';
import { storyOf } from './story.ts';

/** What the subscribers of an SNS topic get. */
export interface TopicMessage {
  /** The same message when it is sent again. */
  readonly id: string;
  /** What keeps its order in a FIFO topic. */
  readonly group: string;
  readonly subject: string;
  /** JSON: a text for each protocol of subscriptions, with `default` for the others. */
  readonly body: string;
  /** By which subscriptions choose. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** Of all that is sent, attributes included: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const MOST_BYTES = 256 * 1024 - 4 * 1024;
const SUBJECT = 100;
/** SNS sends longer texts as several messages to a telephone. */
const SMS = 140;

/** Who reads JSON. Everybody else is a person. */
const PROGRAMS = ['lambda', 'sqs', 'http', 'https', 'firehose'];

/** The notice for the subscribers of a topic: sentences for persons, a JSON document for programs. */
export function topicMessage(notice: Notice, delivery: Delivery): TopicMessage {
  const { status, service, environment, cluster } = notice;
  const subject = subjectOf(notice);
  return {
    id: delivery.id,
    group: service ?? 'deploy-actions',
    subject,
    body: fitting((longest) => {
      const document = JSON.stringify(documentOf(notice, delivery, longest));
      return JSON.stringify({
        default: plainText(notice, longest),
        sms: bounded(subject, SMS),
        ...Object.fromEntries(PROGRAMS.map((protocol) => [protocol, document])),
      });
    }, MOST_BYTES),
    attributes: Object.entries({ status, service, environment, cluster }).flatMap(([name, value]) =>
      value ? [[name, bounded(printable(value), 256)] as const] : [],
    ),
  };
}

/** Up to 100 characters of ASCII on one line, which begin with a letter, a digit or a punctuation mark. */
function subjectOf({ title, status }: Notice): string {
  const ascii = title
    .normalize('NFKD')
    .replace(/[\p{M}\p{Extended_Pictographic}\u200d]/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/[^\x20-\x7e]/gu, '?')
    .trim();
  if (!/[a-z0-9]/i.test(ascii)) return `Deploy: ${status}`;
  return ascii.length <= SUBJECT ? ascii : `${ascii.slice(0, SUBJECT - 3)}...`;
}

/** As a mail shows it. */
export function plainText(notice: Notice, longest: number): string {
  const { emoji, title, text, reason, facts, parts, links, source } = storyOf(notice);
  const paragraphs = [
    [`${emoji} ${title}`],
    text,
    reason.map((line, index) => (index === 0 ? `Reason: ${line}` : line)),
    facts.map(({ name, value }) => `${name}: ${bounded(value, longest)}`),
    parts,
    [...links.map((link) => `${link.text}: ${link.url}`), ...(source === '' ? [] : [source])],
  ];
  return paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => bounded(lines.join('\n'), longest * 10))
    .join('\n\n');
}
