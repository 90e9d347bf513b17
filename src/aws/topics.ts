import { PublishCommand, type PublishCommandOutput, SNSClient } from '@aws-sdk/client-sns';
import { DeployError } from '../errors.ts';
import type { Topics } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/**
 * Topics of SNS, each in the region that its ARN names. Permission: sns:Publish.
 *
 * @param patienceMs how long throttling and outages are sat out
 */
export function topics(connection: Connection, patienceMs: number): Topics {
  return {
    async publish(topic, { id, group, subject, body, attributes }) {
      const region = topic.split(':')[3] ?? '';
      const client = new SNSClient({ ...clientSettings(connection, { patienceMs }), region });
      const command = new PublishCommand({
        TopicArn: topic,
        Subject: subject,
        Message: body,
        MessageStructure: 'json',
        MessageAttributes: Object.fromEntries(
          attributes.map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
        ),
        ...(topic.endsWith('.fifo') && { MessageGroupId: groupOf(group), MessageDeduplicationId: id }),
      });
      try {
        const output = await call<PublishCommandOutput>(connection, 'sns', client, command);
        return output.MessageId ?? '';
      } catch (error) {
        if (!/^NotFound/.test(errorName(error))) throw error;
        throw new DeployError('there is no such topic', { next: 'Check the ARN.', cause: error });
      }
    },
  };
}

/** Letters, digits and punctuation of ASCII, 128 at most. */
const groupOf = (text: string): string => text.replace(/[^\x21-\x7e]/g, '-').slice(0, 128);
