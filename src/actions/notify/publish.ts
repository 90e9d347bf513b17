import { ConfigError, DeployError } from '../../errors.ts';
import type { Delivery } from '../../notifications/document.ts';
import type { Notice } from '../../notifications/notice.ts';
import { topicMessage } from '../../notifications/topic.ts';
import { withoutAccountIds } from '../../report/account-ids.ts';
import type { Outcome, Tools } from './deliver.ts';

/** Room for the last answer. */
const MARGIN_MS = 1_000;

/**
 * Publishes a notice on a topic of SNS.
 *
 * @throws Error named AbortError when the run was cancelled
 */
export async function publish(
  topic: string,
  notice: Notice,
  delivery: Delivery,
  { clock, cancelled, deadline }: Pick<Tools, 'clock' | 'cancelled' | 'deadline'>,
): Promise<Outcome> {
  const outOfTime = new AbortController();
  const done = new AbortController();
  // The SDK looks for credentials in places that hear of no signal.
  const timeUp = clock.sleep(deadline - clock.now(), AbortSignal.any([done.signal, cancelled])).then(() => {
    outOfTime.abort();
    throw new Error('the time is up');
  });
  try {
    const { topics } = await import('../../aws/topics.ts');
    const signal = AbortSignal.any([outOfTime.signal, cancelled]);
    const patienceMs = Math.max(0, deadline - clock.now() - MARGIN_MS);
    const published = topics({ clock, signal }, patienceMs).publish(topic, topicMessage(notice, delivery));
    await Promise.race([published, timeUp]);
    return { kind: 'sent' };
  } catch (error) {
    cancelled.throwIfAborted();
    return { kind: 'failed', why: outOfTime.signal.aborted ? 'SNS did not answer in time' : whyOf(error) };
  } finally {
    done.abort();
  }
}

function whyOf(error: unknown): string {
  const told = error instanceof DeployError ? [error.message, error.next] : [];
  const wrong = error instanceof ConfigError ? error.problems.map(({ message }) => message) : [];
  const words = [...told, ...wrong].filter((each) => each !== undefined);
  if (words.length > 0) return withoutAccountIds(words.join('. '));
  return withoutAccountIds(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
