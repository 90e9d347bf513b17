/** What an operation answers: the SDK's output without what the client adds to it. */
export type Answer<Output> = Omit<Output, '$metadata'>;
