import {
  BatchGetSecretValueCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it } from 'vitest';
import { callLine } from '../../src/simulator/call-line.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld } from '../../src/simulator/world/world.ts';
import { clientOf } from './client-of.ts';
import { refusalOf } from './failure-of.ts';
import { type MovedClock, movedClock, START } from './moved-clock.ts';
import { PROMPT } from './world-under-test.ts';

let aws: Simulator;
let clock: MovedClock;
let manager: SecretsManagerClient;

async function start(lag = 0): Promise<void> {
  clock = movedClock();
  const secrets = {
    db: { value: { user: 'me', password: 'first' }, rotationTime: 20_000, changedAgo: 60_000 },
    plain: { value: 'text' },
  };
  const override = { ...PROMPT, consistencyLag: { min: lag, max: lag }, traffic: [], secrets };
  aws = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, webShop({ tasks: 1, override })),
  });
  manager = new SecretsManagerClient(clientOf(aws));
}

afterEach(async () => {
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

const SecretId = 'db';
const value = async (VersionStage?: string) => {
  const stage = VersionStage === undefined ? {} : { VersionStage };
  return (await manager.send(new GetSecretValueCommand({ SecretId, ...stage }))).SecretString;
};
const put = (SecretString: string, more: { VersionStages?: string[]; ClientRequestToken?: string } = {}) =>
  manager.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }));
const described = () => manager.send(new DescribeSecretCommand({ SecretId }));

describe('a secret', () => {
  it('moves its labels with each value, and forgets the one before the previous', async () => {
    await start();
    clock.move(5_000);
    const { VersionId: second = '', VersionStages } = await put('second');
    expect(VersionStages).toEqual(['AWSCURRENT']);
    const { VersionId: third = '' } = await put('third');
    expect([await value(), await value('AWSPREVIOUS')]).toEqual(['third', 'second']);
    const { VersionIdsToStages, LastChangedDate } = await described();
    expect(VersionIdsToStages).toEqual({ [second]: ['AWSPREVIOUS'], [third]: ['AWSCURRENT'] });
    expect(LastChangedDate).toEqual(new Date(START + 5_000));
  });

  it('takes the same value twice under one token, and no other', async () => {
    await start();
    const ClientRequestToken = '0f2c6a0e-7a45-4f5c-9d0e-6d6d0a4a7c11';
    await put('once', { ClientRequestToken });
    await put('once', { ClientRequestToken });
    expect(await value()).toBe('once');
    expect(await refusalOf(put('twice', { ClientRequestToken }))).toMatch(/^ResourceExistsException/);
  });

  it('is rotated after a while, its members by other values of the same names', async () => {
    await start();
    await manager.send(new RotateSecretCommand({ SecretId }));
    clock.move(19_000);
    expect(JSON.parse((await value()) ?? '')).toEqual({ user: 'me', password: 'first' });
    expect(await refusalOf(manager.send(new RotateSecretCommand({ SecretId })))).toMatch(
      /^InvalidRequestException: A previous rotation/,
    );
    clock.move(1_000);
    const after = JSON.parse((await value()) ?? '');
    expect(Object.keys(after)).toEqual(['user', 'password']);
    expect(after.password).not.toBe('first');
    expect(JSON.parse((await value('AWSPREVIOUS')) ?? '')).toMatchObject({ password: 'first' });
    expect((await described()).LastRotatedDate).toEqual(new Date(START + 20_000));
    expect(await refusalOf(manager.send(new RotateSecretCommand({ SecretId: 'plain' })))).toMatch(
      /No Lambda rotation function/,
    );
  });

  it('has its labels moved by hand, where the call knows who has them', async () => {
    await start();
    const { VersionId: pending = '' } = await put('next', { VersionStages: ['AWSPENDING'] });
    const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: pending };
    expect(await refusalOf(manager.send(new UpdateSecretVersionStageCommand(move)))).toMatch(
      /^InvalidParameterException: The parameter RemoveFromVersionId can't be empty/,
    );
    const { VersionId: current = '' } = await manager.send(new GetSecretValueCommand({ SecretId }));
    const moved = new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: current });
    await manager.send(moved);
    expect([await value(), JSON.parse((await value('AWSPREVIOUS')) ?? '').password]).toEqual([
      'next',
      'first',
    ]);
  });

  it('cannot be read once its deletion is ordered, until that is taken back', async () => {
    await start();
    const { DeletionDate } = await manager.send(
      new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }),
    );
    expect(DeletionDate).toEqual(new Date(START + 7 * 86_400_000));
    expect(await refusalOf(value())).toMatch(/^InvalidRequestException: .*marked for deletion/);
    expect(await refusalOf(put('x'))).toMatch(/marked for deletion/);
    expect((await described()).DeletedDate).toEqual(new Date(START));
    await manager.send(new RestoreSecretCommand({ SecretId }));
    expect(await value()).toContain('first');
    await manager.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    expect(await refusalOf(value())).toBe(
      "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    );
  });

  it('is read as it was for as long as a write has not spread', async () => {
    await start(2_000);
    await put('second');
    expect(await value()).toContain('first');
    clock.move(2_000);
    expect(await value()).toBe('second');
  });

  it('is read with up to twenty others', async () => {
    await start();
    const SecretIdList = ['db', 'plain', 'none'];
    const { SecretValues, Errors } = await manager.send(new BatchGetSecretValueCommand({ SecretIdList }));
    expect(SecretValues?.map(({ Name }) => Name)).toEqual(['db', 'plain']);
    expect(Errors).toEqual([
      {
        SecretId: 'none',
        ErrorCode: 'ResourceNotFoundException',
        Message: "Secrets Manager can't find the specified secret.",
      },
    ]);
    const many = Array.from({ length: 21 }, (_, n) => `s${n}`);
    expect(await refusalOf(manager.send(new BatchGetSecretValueCommand({ SecretIdList: many })))).toMatch(
      /^ValidationException/,
    );
  });

  it('does not stand in the log of calls', async () => {
    await start();
    await put('hunter2');
    const call = aws.calls.at(-1);
    expect(call && callLine(call)).toContain('"SecretString":"***"');
    expect(call && callLine(call)).not.toContain('hunter2');
  });
});
