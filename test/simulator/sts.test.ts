import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistry } from './ecr-under-test.ts';
import { failureOf } from './failure-of.ts';
import { START } from './moved-clock.ts';

const ROLE = 'arn:aws:iam::210987654321:role/team/deploy';

let aws: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  aws = await startRegistry({}, {});
});
afterAll(() => aws.simulator.close());

const assume = (input: Partial<AssumeRoleCommandInput> = {}) =>
  aws.sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'run-7', ...input }));

describe('AssumeRole', () => {
  it("gives the same credentials of the role's account each time", async () => {
    const first = await assume();
    expect(first.AssumedRoleUser?.Arn).toBe('arn:aws:sts::210987654321:assumed-role/deploy/run-7');
    expect(first.Credentials).toMatchObject({
      AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
      Expiration: new Date(START + 3_600_000),
    });
    expect((await assume()).Credentials).toEqual(first.Credentials);
    const other = await assume({ RoleSessionName: 'run-8', DurationSeconds: 900 });
    expect(other.Credentials?.AccessKeyId).not.toBe(first.Credentials?.AccessKeyId);
    expect(other.Credentials?.Expiration).toEqual(new Date(START + 900_000));
  });

  it('makes the caller the role, and leaves who called what they were', async () => {
    const { sts } = await aws.assume(ROLE);
    const identity = new GetCallerIdentityCommand({});
    expect(await sts.send(identity)).toMatchObject({
      Account: '210987654321',
      Arn: 'arn:aws:sts::210987654321:assumed-role/deploy/promote',
      UserId: expect.stringMatching(/^AROA[A-Z2-7]{17}:promote$/),
    });
    expect(await aws.sts.send(identity)).toMatchObject({ Account: '123456789012' });
  });

  it.each([
    ['an ARN of something else', { RoleArn: 'arn:aws:iam::210987654321:user/deploy' }, 'is invalid'],
    ['a session name with spaces', { RoleSessionName: 'a run' }, "at 'roleSessionName' failed to satisfy"],
    ['too short a time', { DurationSeconds: 60 }, 'The requested DurationSeconds'],
  ])('refuses %s', async (_, input, part) => {
    const { name, message } = await failureOf(assume(input));
    expect(name).toBe('ValidationError');
    expect(message).toContain(part);
  });
});
