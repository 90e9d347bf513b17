import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, slackMessage } from '../../src/notifications/slack.ts';
import { NOTICE, notices } from './notices.ts';

const textsOf = (block: Block) =>
  'elements' in block ? block.elements : 'fields' in block ? block.fields : [block.text];

/** What Slack refuses: https://docs.slack.dev/reference/block-kit/blocks */
function refusals(blocks: readonly Block[]): string[] {
  const longest = (block: Block) => (block.type === 'header' ? 150 : 'fields' in block ? 2_000 : 3_000);
  return [
    ...(blocks.length > 50 ? ['more than 50 blocks'] : []),
    ...blocks.flatMap((block) => [
      ...(textsOf(block).length > 10 ? [`${block.type} of more than ten`] : []),
      ...textsOf(block).flatMap(({ text }) => [
        ...(text.length > longest(block) ? [`${block.type} of ${text.length} characters`] : []),
        ...(text.length === 0 ? [`${block.type} without a text`] : []),
      ]),
    ]),
  ];
}

describe('a message for Slack', () => {
  it('tells status, service, version, commit, author, reason, steps and links', () => {
    const { blocks, ...rest } = slackMessage(NOTICE);
    expect(rest).toEqual({
      text: '✅ web v1.4.0 was released in production',
      unfurl_links: false,
      unfurl_media: false,
    });
    expect(blocks.map((block) => [block.type, ...textsOf(block).map(({ text }) => text)])).toEqual([
      ['header', '✅ web v1.4.0 was released in production'],
      ['section', 'Reason: all gates passed'],
      [
        'section',
        '*Status*\npromoted',
        '*Service*\nweb in prod',
        '*Environment*\nproduction',
        '*Version*\nv1.4.0',
        `*Commit*\n<https://github.com/org/web/commit/${'b'.repeat(40)}|bbbbbbb Sell more>`,
        '*Author*\noctocat',
        '*Branch*\nmain',
        '*Started by*\nhubot',
        '*Tasks*\n4',
      ],
      ['section', '✅ image: success\n⏭️ backup: skipped'],
      [
        'context',
        '<https://shop.example.com/|Open the service>  ·  <https://github.com/org/web/actions/runs/1001|Workflow run>  ·  org/web · Deploy',
      ],
    ]);
  });

  it('makes a link of a field that is an address, and of nothing else', () => {
    const fields = [
      { name: 'Dashboard', value: 'https://a.example/?a=1&b=2' },
      { name: 'Note', value: 'see https://a.example/' },
      { name: 'Script', value: 'javascript:alert(1)' },
    ];
    const written = JSON.stringify(slackMessage({ ...NOTICE, fields }).blocks);
    expect(written).toContain('<https://a.example/?a=1&amp;b=2|https://a.example/?a=1&amp;b=2>');
    expect(written).toContain('*Note*\\nsee https://a.example/');
    expect(written).not.toContain('<javascript:');
  });

  it('makes nothing of what others have written a mention, a channel or a link', () => {
    const words = 'pay <!channel>, <@U1> & <https://evil.example|here> @here #general';
    const message = slackMessage({
      ...NOTICE,
      text: words,
      title: words,
      fields: [{ name: words, value: words }],
    });
    const escaped =
      'pay &lt;!channel&gt;, &lt;@U1&gt; &amp; &lt;https://evil.example|here&gt; @here #general';
    expect(message.text).toBe(`✅ ${escaped}`);
    expect(message.blocks[1]).toEqual({
      type: 'section',
      text: { type: 'mrkdwn', text: escaped, verbatim: true },
    });
    const written = JSON.stringify(message.blocks.slice(1));
    expect(written).not.toMatch(/<[!@#]|<https:\/\/evil/);
    expect(written).not.toContain('"verbatim":false');
  });

  it('is taken by Slack whatever is in it', () => {
    fc.assert(
      fc.property(notices, (notice) => {
        const { blocks, text } = slackMessage(notice);
        expect(refusals(blocks)).toEqual([]);
        expect(text.length).toBeLessThanOrEqual(1_000);
        // The header is plain text; elsewhere, no entity is cut in the middle.
        expect(JSON.stringify(blocks.slice(1))).not.toMatch(/&(?!amp;|lt;|gt;)[a-z]*…/);
      }),
      { numRuns: 40 },
    );
  });
});
