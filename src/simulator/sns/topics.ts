import { createHash } from 'node:crypto';
import { AwsError } from '../operation.ts';
import { uuid } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import type { ScenarioTopic, ScenarioTopics, TopicMessage } from './model.ts';

/** For so long, a FIFO topic passes over what it has got already, in ms. */
const DEDUPLICATION_MS = 300_000;

interface Topic extends ScenarioTopic {
  readonly messages: TopicMessage[];
  /** Messages by what they are told from one another. */
  readonly known: Map<string, TopicMessage>;
}

export const invalid = (message: string): AwsError =>
  new AwsError('InvalidParameterException', `Invalid parameter: ${message}`, 400);

/** The topics of the account in its region, and what was published on them. */
export class Topics {
  readonly #kernel: Kernel;
  readonly #topics: ReadonlyMap<string, Topic>;

  constructor(kernel: Kernel, topics: ScenarioTopics) {
    this.#kernel = kernel;
    this.#topics = new Map(
      Object.entries(topics).map(([name, settings]) => [
        name,
        { ...settings, messages: [], known: new Map() },
      ]),
    );
  }

  /** What a topic has taken, oldest first. */
  messages(name: string): readonly TopicMessage[] {
    return this.#topics.get(name)?.messages ?? [];
  }

  /**
   * https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
   *
   * @param deduplication what tells it from other messages of a FIFO topic
   * @returns the message, or the one that was the same
   */
  publish(
    name: string,
    message: Omit<TopicMessage, 'id' | 'at' | 'sequence'>,
    deduplication: string | undefined,
  ): TopicMessage {
    const topic = this.#topics.get(name);
    if (!topic) throw new AwsError('NotFoundException', 'Topic does not exist', 404);
    const fifo = name.endsWith('.fifo');
    const now = this.#kernel.events.now;
    const key = fifo ? keyOf(topic, message, deduplication) : undefined;
    const before = key === undefined ? undefined : topic.known.get(key);
    if (before && now - before.at < DEDUPLICATION_MS) return before;
    const sequence = fifo ? `1${String(topic.messages.length).padStart(19, '0')}` : undefined;
    const taken = { ...message, id: uuid(this.#kernel.random), at: now, sequence };
    topic.messages.push(taken);
    if (key !== undefined) topic.known.set(key, taken);
    return taken;
  }
}

function keyOf(
  topic: Topic,
  { text, group }: Pick<TopicMessage, 'text' | 'group'>,
  deduplication: string | undefined,
): string {
  if (!group) throw invalid('The MessageGroupId parameter is required for FIFO topics');
  if (deduplication) return deduplication;
  if (topic.contentBasedDeduplication) return createHash('sha256').update(text).digest('hex');
  throw invalid(
    'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}
