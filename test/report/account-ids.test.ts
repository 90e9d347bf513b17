import { expect, it } from 'vitest';
import { withoutAccountIds } from '../../src/report/account-ids.ts';

it.each([
  ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1', 'ACCOUNT.dkr.ecr.eu-west-1.amazonaws.com/shop:1'],
  ['111122223333.dkr-ecr.eu-west-1.on.aws/shop:1', 'ACCOUNT.dkr-ecr.eu-west-1.on.aws/shop:1'],
  ['User: arn:aws:sts::111122223333:assumed-role/x/y', 'User: arn:aws:sts::ACCOUNT:assumed-role/x/y'],
  ['arn:aws-cn:ecs:cn-north-1:111122223333:service/a/b', 'arn:aws-cn:ecs:cn-north-1:ACCOUNT:service/a/b'],
  ['build 111122223333 of sha256:111122223333', 'build 111122223333 of sha256:111122223333'],
])('writes %s as %s', (text, written) => {
  expect(withoutAccountIds(text)).toBe(written);
});

it('keeps accounts apart', () => {
  const [one, two] = ['111122223333.dkr.ecr.x/a', '444455556666.dkr.ecr.x/a'];
  expect(withoutAccountIds(`${one} -> ${two} -> ${one}`)).toBe(
    'ACCOUNT.dkr.ecr.x/a -> ACCOUNT-2.dkr.ecr.x/a -> ACCOUNT.dkr.ecr.x/a',
  );
});
