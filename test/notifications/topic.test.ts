import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText, topicMessage } from '../../src/notifications/topic.ts';
import { NOTICE, notices } from './notices.ts';

const DELIVERY = { id: 'd1', at: Date.UTC(2026, 0, 5, 12) };

describe('a message for a topic', () => {
  it('has sentences for persons and JSON for programs', () => {
    const { subject, body, attributes, group } = topicMessage(NOTICE, DELIVERY);
    const texts = JSON.parse(body);
    expect(subject).toBe('web v1.4.0 was released in production');
    expect(texts).toMatchObject({ default: plainText(NOTICE, 1_000), sms: subject });
    for (const protocol of ['sqs', 'lambda', 'http', 'https', 'firehose']) {
      expect(JSON.parse(texts[protocol])).toMatchObject({
        format: 'deploy-actions/notification@1',
        id: 'd1',
        at: '2026-01-05T12:00:00.000Z',
        text: null,
        commit: { subject: 'Sell more' },
      });
    }
    expect(new Map(attributes)).toEqual(
      new Map([
        ['status', 'promoted'],
        ['service', 'web'],
        ['environment', 'production'],
        ['cluster', 'prod'],
      ]),
    );
    expect(group).toBe('web');
  });

  it('reads as a mail', () => {
    expect(plainText(NOTICE, 1_000)).toMatchInlineSnapshot(`
      "✅ web v1.4.0 was released in production

      Reason: all gates passed

      Status: promoted
      Service: web in prod
      Environment: production
      Version: v1.4.0
      Commit: bbbbbbb Sell more
      Author: octocat
      Branch: main
      Started by: hubot
      Tasks: 4

      ✅ image: success
      ⏭️ backup: skipped

      Open the service: https://shop.example.com/
      Workflow run: https://github.com/org/web/actions/runs/1001
      org/web · Deploy"
    `);
  });

  it.each([
    ['✅ Über 100 % 🚀', 'Uber 100 %'],
    ['two\nlines', 'two lines'],
    ['リリース 2', '???? 2'],
    ['リリース', 'Deploy: promoted'],
    ['x'.repeat(200), `${'x'.repeat(97)}...`],
  ])('has a subject of ASCII for %j', (title, subject) => {
    expect(topicMessage({ ...NOTICE, title }, DELIVERY).subject).toBe(subject);
  });

  it('is taken by SNS whatever is in it', () => {
    fc.assert(
      fc.property(notices, (notice) => {
        const { subject, body, attributes } = topicMessage(notice, DELIVERY);
        const size = Buffer.byteLength(body) + Buffer.byteLength(JSON.stringify(attributes));
        expect(size).toBeLessThanOrEqual(256 * 1024);
        expect(subject).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,99}$/);
        for (const [, value] of attributes) expect(value).not.toBe('');
      }),
      { numRuns: 10 },
    );
  });
});
