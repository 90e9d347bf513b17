import { expect, it } from 'vitest';
import { withoutAccounts } from '../../src/notifications/accounts.ts';
import { NOTICE } from './notices.ts';

it('takes account ids out of all texts, each by the same word', () => {
  const role = (account: string) => `arn:aws:iam::${account}:role/deploy`;
  const { reason, version, fields, parts, url, text } = withoutAccounts({
    ...NOTICE,
    reason: `${role('111111111111')} may not`,
    version: '222222222222.dkr.ecr.eu-west-1.amazonaws.com/web:v1',
    fields: [{ name: 'Role', value: role('222222222222') }],
    parts: [{ name: role('111111111111'), result: 'success' }],
  });
  expect(reason).toBe('arn:aws:iam::ACCOUNT:role/deploy may not');
  expect(version).toBe('ACCOUNT-2.dkr.ecr.eu-west-1.amazonaws.com/web:v1');
  expect(fields).toEqual([{ name: 'Role', value: 'arn:aws:iam::ACCOUNT-2:role/deploy' }]);
  expect(parts).toEqual([{ name: 'arn:aws:iam::ACCOUNT:role/deploy', result: 'success' }]);
  expect([url, text]).toEqual([NOTICE.url, undefined]);
});

it('changes nothing else', () => {
  expect(withoutAccounts(NOTICE)).toEqual(NOTICE);
});
