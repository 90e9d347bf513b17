import { bounded, fitting } from '../report/bounded.ts';
import type { Notice } from './notice.ts';
import { LOOKS } from './status.ts';
import { type Fact, type Story, storyOf } from './story.ts';

/** Teams takes 28 KB: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
const MOST_BYTES = 28_000;

/** A run of text is shown as it is, where other elements would read Markdown in it. */
interface Run {
  readonly type: 'TextRun';
  readonly text: string;
  readonly weight?: 'Bolder';
  readonly size?: 'Large';
  readonly isSubtle?: boolean;
  readonly selectAction?: OpenUrl;
}

interface OpenUrl {
  readonly type: 'Action.OpenUrl';
  readonly title: string;
  readonly url: string;
}

/**
 * The notice as the workflows of Teams take it: a message with an Adaptive Card.
 * https://adaptivecards.io/explorer/AdaptiveCard.html
 */
export function teamsMessage(notice: Notice): string {
  const story = storyOf(notice);
  return fitting(
    (longest) =>
      JSON.stringify({
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            contentUrl: null,
            content: cardOf(notice, story, longest),
          },
        ],
      }),
    MOST_BYTES,
  );
}

function cardOf({ status }: Notice, story: Story, longest: number): object {
  const { emoji, title, text, reason, facts, parts, links, source } = story;
  const cut = (words: string) => bounded(words, longest);
  const headline = `${emoji} ${cut(title)}`;
  const lines = (list: readonly string[]) => cut(list.join('\n')).split('\n');
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: headline,
    msteams: { width: 'Full' },
    body: [
      {
        type: 'Container',
        style: LOOKS[status].style,
        bleed: true,
        items: [rich([{ type: 'TextRun', text: headline, weight: 'Bolder', size: 'Large' }])],
      },
      ...(text.length === 0 ? [] : lines(text).map((line) => rich([plain(line)]))),
      ...(reason.length === 0
        ? []
        : lines(reason).map((line, index) =>
            rich(index === 0 ? [bold('Reason: '), plain(line)] : [plain(line)]),
          )),
      ...facts.map((fact) => factRow(fact, cut, longest)),
      ...parts.map((part) => rich([plain(cut(part))])),
      ...(source === '' ? [] : [rich([{ type: 'TextRun', text: cut(source), isSubtle: true }])]),
    ],
    actions: links.flatMap(({ text: name, url }) => openUrl(name, url) ?? []),
  };
}

const rich = (inlines: readonly Run[]): object => ({ type: 'RichTextBlock', spacing: 'Small', inlines });

/** An empty text is no run. */
const plain = (text: string): Run => ({ type: 'TextRun', text: text === '' ? ' ' : text });

const bold = (text: string): Run => ({ type: 'TextRun', text, weight: 'Bolder' });

function factRow({ name, value, url }: Fact, cut: (words: string) => string, longest: number): object {
  // An address cannot be cut; where texts have to be short, long ones are no links.
  const linked = url !== undefined && url.length <= 10 * longest;
  const action = linked ? openUrl(cut(value), url) : undefined;
  return rich([
    bold(`${bounded(name, 100)}: `),
    { ...plain(cut(value)), ...(action && { selectAction: action }) },
  ]);
}

/** Undefined for an address that is longer than what it is good for. */
const openUrl = (title: string, url: string): OpenUrl | undefined =>
  url.length > 1_000 ? undefined : { type: 'Action.OpenUrl', title, url };
