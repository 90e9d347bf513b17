import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { teamsMessage } from '../../src/notifications/teams.ts';
import { NOTICE, notices } from './notices.ts';

const messageOf = (notice: typeof NOTICE) => JSON.parse(teamsMessage(notice));

/** Every element with a type, however deep. */
function* elements(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value) yield value as Readonly<Record<string, unknown>>;
  for (const each of Object.values(value)) yield* elements(each);
}

describe('a message for Teams', () => {
  it('tells status, service, version, commit, author, reason, steps and links', () => {
    const { type, attachments } = messageOf(NOTICE);
    const [{ contentType, contentUrl, content }] = attachments;
    expect({ type, contentType, contentUrl }).toEqual({
      type: 'message',
      contentType: 'application/vnd.microsoft.card.adaptive',
      contentUrl: null,
    });
    expect(content).toMatchObject({
      type: 'AdaptiveCard',
      version: '1.4',
      body: [{ type: 'Container', style: 'good' }, ...Array(content.body.length - 1).fill({})],
      actions: [
        { type: 'Action.OpenUrl', title: 'Open the service', url: 'https://shop.example.com/' },
        { type: 'Action.OpenUrl', title: 'Workflow run', url: NOTICE.origin.runUrl },
      ],
    });
    const lines = [...elements(content)]
      .filter((element) => element['type'] === 'RichTextBlock')
      .map(({ inlines }) => (inlines as { text: string }[]).map(({ text }) => text).join(''));
    expect(lines).toEqual([
      '✅ web v1.4.0 was released in production',
      'Reason: all gates passed',
      'Status: promoted',
      'Service: web in prod',
      'Environment: production',
      'Version: v1.4.0',
      'Commit: bbbbbbb Sell more',
      'Author: octocat',
      'Branch: main',
      'Started by: hubot',
      'Tasks: 4',
      '✅ image: success',
      '⏭️ backup: skipped',
      'org/web · Deploy',
    ]);
  });

  it('shows all texts in elements that read no Markdown in them', () => {
    const words = '**bold** [link](https://evil.example) <at>all</at>';
    const message = messageOf({ ...NOTICE, title: words, text: words, reason: words });
    const types = new Set([...elements(message.attachments[0].content)].map(({ type }) => type));
    expect(types).toEqual(
      new Set(['AdaptiveCard', 'Container', 'RichTextBlock', 'TextRun', 'Action.OpenUrl']),
    );
    expect(message.attachments[0].content.msteams).toEqual({ width: 'Full' });
  });

  it('is taken by Teams whatever is in it', () => {
    fc.assert(
      fc.property(notices, (notice) => {
        const message = teamsMessage(notice);
        expect(Buffer.byteLength(message)).toBeLessThanOrEqual(28 * 1024);
        const runs = [...elements(JSON.parse(message))].filter(({ type }) => type === 'TextRun');
        expect(runs.filter(({ text }) => text === '')).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('is small enough also with many long addresses', () => {
    const value = `https://ci.example.com/${'a'.repeat(960)}`;
    const fields = Array.from({ length: 40 }, (_, index) => ({ name: `Report ${index}`, value }));
    expect(Buffer.byteLength(teamsMessage({ ...NOTICE, fields }))).toBeLessThanOrEqual(28_000);
  });
});
