import type { MessageAttributeValue, PublishCommandInput, PublishCommandOutput } from '@aws-sdk/client-sns';
import type { Answer } from '../answer.ts';
import type { Call, Operations } from '../operation.ts';
import { accessDenied } from '../refusals.ts';
import { invalid, type Topics } from './topics.ts';

/** Message and attributes together: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const MOST_BYTES = 262_144;

/** Topics of SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const topicOperations = (topics: Topics): Operations => ({
  Publish(input: PublishCommandInput, call: Call): Answer<PublishCommandOutput> {
    const { Message = '', Subject, MessageStructure, MessageAttributes = {} } = input;
    const name = topicOf(input, call);
    const fifo = name.endsWith('.fifo');
    if (Message === '') throw invalid('Empty message');
    if (Subject !== undefined) requireSubject(Subject);
    if (!fifo && input.MessageDeduplicationId !== undefined) {
      throw invalid(
        'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
      );
    }
    const texts = MessageStructure === undefined ? {} : textsOf(MessageStructure, Message);
    const attributes = Object.fromEntries(
      Object.entries(MessageAttributes).map(([key, value]) => [key, attributeOf(key, value)]),
    );
    const size = Object.entries(attributes).flat().join('').length + Buffer.byteLength(Message);
    if (size > MOST_BYTES) throw invalid('Message too long');
    const message = {
      subject: Subject,
      text: texts['default'] ?? Message,
      texts,
      attributes,
      group: input.MessageGroupId,
    };
    const { id, sequence } = topics.publish(name, message, input.MessageDeduplicationId);
    return { MessageId: id, ...(sequence !== undefined && { SequenceNumber: sequence }) };
  },
});

/** The topic's name; it is one of the caller's account and region. */
function topicOf({ TopicArn, TargetArn, PhoneNumber }: PublishCommandInput, call: Call): string {
  if (PhoneNumber !== undefined)
    throw invalid('PhoneNumber Reason: messages to telephones are not simulated');
  const arn = TopicArn ?? TargetArn;
  if (arn === undefined || arn === '') {
    throw invalid('TopicArn or TargetArn Reason: no value for required parameter');
  }
  const parts = arn.split(':');
  const [prefix, , service, region, account, name = ''] = parts;
  if (parts.length < 6) {
    throw invalid(`TopicArn Reason: An ARN must have at least 6 elements, not ${parts.length}`);
  }
  if (prefix !== 'arn' || service !== 'sns' || region !== call.region || parts.length > 6) {
    throw invalid('TopicArn');
  }
  // AWS does not tell strangers which topics another account has.
  if (account !== call.accountId) throw accessDenied('SNS', 'Publish', arn, call);
  return name;
}

function requireSubject(subject: string): void {
  if (!/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) throw invalid('Subject');
}

function textsOf(structure: string, message: string): Readonly<Record<string, string>> {
  if (structure !== 'json') throw invalid('MessageStructure');
  let texts: unknown;
  try {
    texts = JSON.parse(message);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  if (typeof texts !== 'object' || texts === null || !('default' in texts)) {
    throw invalid('Message Structure - No default entry in JSON message body');
  }
  // What is no text is passed over.
  return Object.fromEntries(
    Object.entries(texts).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html */
function attributeOf(name: string, { DataType = '', StringValue }: MessageAttributeValue): string {
  if (DataType === '') {
    throw invalid(`The message attribute '${name}' must contain non-empty message attribute type.`);
  }
  if (!/^(String|String\.Array|Number|Binary)(\.|$)/.test(DataType)) {
    throw invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if (!StringValue && !DataType.startsWith('Binary')) {
    throw invalid(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${DataType}'.`,
    );
  }
  return StringValue ?? '';
}
