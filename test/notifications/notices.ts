import * as fc from 'fast-check';
import type { Notice } from '../../src/notifications/notice.ts';
import { STATUSES } from '../../src/notifications/status.ts';

/** A release of the service `web`, with everything that can be known of it. */
export const NOTICE: Notice = {
  status: 'promoted',
  title: 'web v1.4.0 was released in production',
  text: undefined,
  reason: 'all gates passed',
  service: 'web',
  cluster: 'prod',
  environment: 'production',
  version: 'v1.4.0',
  url: 'https://shop.example.com/',
  fields: [{ name: 'Tasks', value: '4' }],
  parts: [
    { name: 'image', result: 'success' },
    { name: 'backup', result: 'skipped' },
  ],
  origin: {
    repository: 'org/web',
    ref: 'main',
    actor: 'hubot',
    workflow: 'Deploy',
    runUrl: 'https://github.com/org/web/actions/runs/1001',
    commit: {
      sha: 'b'.repeat(40),
      url: `https://github.com/org/web/commit/${'b'.repeat(40)}`,
      subject: 'Sell more',
      author: 'octocat',
    },
  },
};

/** What means something to one of the targets, and what takes more bytes than characters. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '<!channel>',
    '<@U123>',
    '&amp;',
    '<https://a|b>',
    '**b**',
    '[a](b)',
    '"\\\n',
    '\u0007',
    '🚀',
  ),
  fc
    .tuple(fc.constantFrom('x', '&', '<', 'ü', '🚀', '"', '\n', 'word '), fc.nat({ max: 12_000 }))
    .map(([unit, times]) => unit.repeat(times)),
);
const known = fc.option(text, { nil: undefined });
const address = fc.option(
  fc.nat({ max: 2_000 }).map((length) => `https://example.com/?q=${'&|<>'.repeat(length / 4)}`),
  { nil: undefined },
);

/** Notices of any text and length. */
export const notices: fc.Arbitrary<Notice> = fc.record({
  status: fc.constantFrom(...STATUSES),
  title: text,
  text: known,
  reason: known,
  service: known,
  cluster: known,
  environment: known,
  version: known,
  url: address,
  fields: fc.array(fc.record({ name: text, value: text }), { maxLength: 60, size: 'max' }),
  parts: fc.array(fc.record({ name: text, result: text }), { maxLength: 80, size: 'max' }),
  origin: fc.record({
    repository: known,
    ref: known,
    actor: known,
    workflow: known,
    runUrl: address,
    commit: fc.option(
      fc.record({ sha: fc.constant('c'.repeat(40)), url: address, subject: known, author: known }),
      { nil: undefined },
    ),
  }),
});
