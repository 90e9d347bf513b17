import type { Reporter } from '../../ports.ts';

/** What the post step needs to know to end what the main step could not. */
export interface PostState {
  readonly cluster: string;
  readonly service: string;
  readonly rolloutId: string;
}

export const keepForPost = (reporter: Reporter, state: PostState): void =>
  reporter.saveState('rollout', JSON.stringify(state));

/** `undefined` when the main step never began a rollout, or has seen it to its end. */
export function fromMain(reporter: Reporter): PostState | undefined {
  const text = reporter.state('rollout');
  return text === '' || reporter.state('ended') === 'true' ? undefined : (JSON.parse(text) as PostState);
}
