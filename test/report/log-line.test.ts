import { describe, expect, it } from 'vitest';
import { logSearchUrl } from '../../src/report/console.ts';
import { shownLine } from '../../src/report/log-line.ts';

describe('a line of a log is shown', () => {
  it.each([
    ['FATAL: out of memory', 'FATAL: out of memory'],
    ['a\u001b[31mred\nline', 'a [31mred line'],
    [
      'connect postgres://shop:hunter2@db:5432/shop failed',
      'connect postgres://shop:***@db:5432/shop failed',
    ],
    ['password=hunter2, retry', 'password=***, retry'],
    ['{"token": "abc def", "user": 1}', '{"token": ***, "user": 1}'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['DB_PASSWORD: hunter2', 'DB_PASSWORD: ***'],
    ['key AKIAIOSFODNN7EXAMPLE refused', 'key *** refused'],
    ['arn:aws:iam::123456789012:role/web denied', 'arn:aws:iam::ACCOUNT:role/web denied'],
  ])('%j', (text, shown) => {
    expect(shownLine(text)).toBe(shown);
  });

  it('cut', () => {
    expect(shownLine('x'.repeat(1_000))).toHaveLength(300);
  });
});

it('a search has its page in the console', () => {
  expect(logSearchUrl('aws', { region: 'eu-west-1', group: '/ecs/web' }, '?FATAL', 1_767_614_400_000)).toBe(
    'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fweb/log-events$3FfilterPattern$3D$253FFATAL$26start$3D1767614400000',
  );
});
