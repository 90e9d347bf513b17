import { PublishCommand, type PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';
import { afterEach, describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { clientOf } from './client-of.ts';
import { failureOf } from './failure-of.ts';
import { type MovedClock, movedClock } from './moved-clock.ts';
import { PROMPT } from './world-under-test.ts';

const DEPLOYS = 'arn:aws:sns:eu-west-1:123456789012:deploys';
const ORDERED = `${DEPLOYS}.fifo`;

let aws: Simulator<SimulatedWorld>;
let clock: MovedClock;
let sns: SNSClient;

async function start(): Promise<void> {
  clock = movedClock();
  const override = { ...PROMPT, topics: { deploys: {}, 'deploys.fifo': {} }, traffic: [] };
  aws = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, webShop({ override })),
  });
  sns = new SNSClient(clientOf(aws));
}

const publish = (input: Partial<PublishCommandInput>) =>
  sns.send(new PublishCommand({ TopicArn: DEPLOYS, Message: 'hello', ...input }));

afterEach(async () => {
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

describe('Publish', () => {
  it('keeps the texts of each protocol and the attributes', async () => {
    await start();
    const { MessageId, SequenceNumber } = await publish({
      Subject: 'A deploy',
      MessageStructure: 'json',
      Message: JSON.stringify({ default: 'for all <&>', sqs: '{"a":"ü"}', lambda: 7 }),
      MessageAttributes: { status: { DataType: 'String', StringValue: 'success' } },
    });
    expect(SequenceNumber).toBeUndefined();
    expect(aws.world.topics.messages('deploys')).toEqual([
      {
        id: MessageId,
        at: clock.now(),
        subject: 'A deploy',
        text: 'for all <&>',
        texts: { default: 'for all <&>', sqs: '{"a":"ü"}' },
        attributes: { status: 'success' },
      },
    ]);
  });

  it('passes over what a FIFO topic has got in the last five minutes', async () => {
    await start();
    const input = { TopicArn: ORDERED, MessageGroupId: 'web', MessageDeduplicationId: '1' };
    const first = await publish(input);
    expect(await publish({ ...input, Message: 'again' })).toMatchObject({
      MessageId: first.MessageId,
      SequenceNumber: first.SequenceNumber,
    });
    clock.move(300_000);
    expect((await publish(input)).MessageId).not.toBe(first.MessageId);
    expect(aws.world.topics.messages('deploys.fifo').map(({ text }) => text)).toEqual(['hello', 'hello']);
  });

  it.each([
    ['a topic that does not exist', { TopicArn: `${DEPLOYS}2` }, 'NotFoundException', 404],
    [
      "another account's topic",
      { TopicArn: DEPLOYS.replace('123456789012', '210987654321') },
      'AuthorizationErrorException',
      403,
    ],
    ['another region', { TopicArn: DEPLOYS.replace('eu', 'us') }, 'InvalidParameterException', 400],
    ['what is no ARN', { TopicArn: 'deploys' }, 'InvalidParameterException', 400],
    ['an empty message', { Message: '' }, 'InvalidParameterException', 400],
    ['a subject of more than 100 characters', { Subject: 'x'.repeat(101) }, 'InvalidParameterException', 400],
    ['a subject with a sign that is not ASCII', { Subject: 'grün' }, 'InvalidParameterException', 400],
    ['a message of more than 256 KB', { Message: 'ü'.repeat(131_073) }, 'InvalidParameterException', 400],
    [
      'a structure without a default',
      { MessageStructure: 'json', Message: '{}' },
      'InvalidParameterException',
      400,
    ],
    ['a structure that is no JSON', { MessageStructure: 'json' }, 'InvalidParameterException', 400],
    ['a FIFO topic without a group', { TopicArn: ORDERED }, 'InvalidParameterException', 400],
    [
      'a FIFO topic without what tells messages apart',
      { TopicArn: ORDERED, MessageGroupId: 'a' },
      'InvalidParameterException',
      400,
    ],
    [
      'an attribute without a value',
      { MessageAttributes: { a: { DataType: 'String' } } },
      'InvalidParameterException',
      400,
    ],
  ] as const)('refuses %s', async (_, input, name, status) => {
    await start();
    const error = await failureOf(publish(input as Partial<PublishCommandInput>));
    expect(error).toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(aws.world.topics.messages('deploys')).toEqual([]);
  });

  it('is throttled and denied in the words of SNS', async () => {
    await start();
    aws.faults.add({ kind: 'access-denied', operation: 'Publish', nth: 1 });
    expect(await failureOf(publish({}))).toMatchObject({
      name: 'AuthorizationErrorException',
      message: expect.stringContaining(`not authorized to perform: SNS:Publish on resource: ${DEPLOYS}`),
    });
    aws.faults.add({ kind: 'throttle', operation: 'Publish', nth: 1 });
    expect(await failureOf(publish({}))).toMatchObject({ name: 'Throttling' });
  });
});
