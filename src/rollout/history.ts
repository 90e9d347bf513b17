/** A deployment that a service has behind it. */
export interface PastRelease {
  readonly taskDefinition: string;
  /** AWS's word for how it ended: `SUCCESSFUL`, `ROLLBACK_SUCCESSFUL`, `STOPPED`, ... */
  readonly status: string;
}

const succeeded = ({ status }: PastRelease): boolean => status === 'SUCCESSFUL';

/**
 * The revision that was successfully in service before the present one.
 *
 * A revision that was left for one that had been in service before it was rolled back from, and is passed over:
 * otherwise a second rollback would bring back what the first one took away.
 *
 * @param history newest first
 */
export function previousRevision(history: readonly PastRelease[], current: string): string | undefined {
  const good = history.filter(succeeded);
  // What became of a revision when it was in service last, is what counts.
  const isNewest = (index: number): boolean =>
    good.findIndex(({ taskDefinition }) => taskDefinition === good[index]?.taskDefinition) === index;
  return good.find(
    ({ taskDefinition }, index) =>
      taskDefinition !== current && isNewest(index) && !wasLeftForAnOlder(good, index),
  )?.taskDefinition;
}

function wasLeftForAnOlder(good: readonly PastRelease[], index: number): boolean {
  const successor = good[index - 1]?.taskDefinition;
  return (
    successor !== undefined &&
    successor !== good[index]?.taskDefinition &&
    good.slice(index + 1).some(({ taskDefinition }) => taskDefinition === successor)
  );
}

/**
 * The newest revision whose deployment ended well; it may be the one that runs.
 *
 * @param history newest first
 */
export const lastGoodRevision = (history: readonly PastRelease[]): string | undefined =>
  history.find(succeeded)?.taskDefinition;

/**
 * Whether a revision was left for one that had been in service before it, which is what a service runs now: somebody has
 * rolled back. A deployment that is still under way counts.
 *
 * @param history newest first
 */
export function wentBack(history: readonly PastRelease[], from: string, runs: string): boolean {
  const left = history.findIndex(({ taskDefinition }) => taskDefinition === from);
  if (left < 0 || from === runs) return false;
  return history.slice(left + 1).some((release) => succeeded(release) && release.taskDefinition === runs);
}

/** Whether ECS has taken the newest deployment of a revision back by itself. */
export const wasTakenBack = (history: readonly PastRelease[], revision: string): boolean =>
  history.find(({ taskDefinition }) => taskDefinition === revision)?.status.startsWith('ROLLBACK') === true;
