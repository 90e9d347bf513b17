import { bounded } from '../report/bounded.ts';
import type { Notice } from './notice.ts';
import { type Fact, type Story, storyOf } from './story.ts';

/** Limits of Block Kit: https://docs.slack.dev/reference/block-kit/blocks */
const HEADER = 150;
const SECTION = 3_000;
const FIELDS = 10;
/** A field may have 2,000 characters; ten such would fill the screen. */
const FIELD = 500;
const FALLBACK = 1_000;

type Text =
  | { readonly type: 'plain_text'; readonly text: string; readonly emoji: boolean }
  | { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: boolean };

export type Block =
  | { readonly type: 'header'; readonly text: Text }
  | { readonly type: 'section'; readonly text: Text }
  | { readonly type: 'section'; readonly fields: readonly Text[] }
  | { readonly type: 'context'; readonly elements: readonly Text[] };

/** A message as incoming webhooks and `chat.postMessage` take it. */
export interface SlackMessage {
  /** What notifications and programs that read aloud show instead of the blocks. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly unfurl_links: boolean;
  readonly unfurl_media: boolean;
}

/** The notice in Slack's blocks. Nothing in it mentions anybody: https://docs.slack.dev/messaging/formatting-message-text */
export function slackMessage(notice: Notice): SlackMessage {
  const story = storyOf(notice);
  const { emoji, title, facts, source, links } = story;
  const context = [
    ...links.flatMap(({ text, url }) => link(text, url) ?? []),
    ...(source === '' ? [] : [escaped(source, FIELD)]),
  ];
  const headline = `${emoji} ${title}`;
  return {
    text: escaped(headline, FALLBACK),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: bounded(headline, HEADER), emoji: true } },
      ...section(story.text),
      ...section(story.reason.map((line, index) => (index === 0 ? `Reason: ${line}` : line))),
      ...inTens(facts).map((ten): Block => ({ type: 'section', fields: ten.map(fieldOf) })),
      ...section(story.parts),
      ...(context.length === 0
        ? []
        : [{ type: 'context', elements: [mrkdwn(context.join('  ·  '))] } as const]),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack's three characters of control; with them, nothing is a link, a mention or a channel. */
const escaped = (text: string, limit: number): string =>
  bounded(text, limit, (character) => ENTITIES[character] ?? character);

/** What is not escaped already is shown as it is: names of channels and persons do not become links. */
const mrkdwn = (text: string): Text => ({ type: 'mrkdwn', text, verbatim: true });

function section(lines: Story['text']): readonly Block[] {
  const text = lines.join('\n');
  return text.trim() === '' ? [] : [{ type: 'section', text: mrkdwn(escaped(text, SECTION)) }];
}

function fieldOf({ name, value, url }: Fact): Text {
  const linked = url === undefined ? undefined : link(value, url);
  return mrkdwn(`*${escaped(name, 100)}*\n${linked ?? escaped(value, FIELD)}`);
}

/** Undefined for an address that is longer than what it is good for. */
function link(text: string, url: string): string | undefined {
  const address = url.replaceAll('|', '%7C').replace(/[&<>]/g, (character) => ENTITIES[character] ?? '');
  return address.length > 1_000 ? undefined : `<${address}|${escaped(text.replaceAll('|', '¦'), FIELD)}>`;
}

const inTens = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / FIELDS) }, (_, index) =>
    list.slice(index * FIELDS, (index + 1) * FIELDS),
  );
