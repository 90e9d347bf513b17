/** What a topic of the scenario is set to; a name that ends in `.fifo` makes it a FIFO topic. */
export interface ScenarioTopic {
  /** FIFO topics only: what has the same text is the same message. */
  readonly contentBasedDeduplication?: boolean;
}

/** Topics of SNS by name. */
export type ScenarioTopics = Readonly<Record<string, ScenarioTopic>>;

/** A message as a topic has taken it. */
export interface TopicMessage {
  readonly id: string;
  readonly at: number;
  readonly subject: string | undefined;
  /** For subscriptions of a protocol that `texts` does not name. */
  readonly text: string;
  /** By protocol, where the message has a structure. */
  readonly texts: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
  readonly group: string | undefined;
  /** FIFO topics only. */
  readonly sequence: string | undefined;
}
