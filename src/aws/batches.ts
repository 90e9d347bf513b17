import { type DeployError, isRefusal } from '../errors.ts';
import { inParallel } from '../registry/in-parallel.ts';
import { isDenied } from './connection.ts';

/** Calls that are under way at a time: AWS counts those of an account, not of a run. */
const AT_ONCE = 10;

/**
 * Does the work on all items, `size` of them at a time, batches side by side.
 *
 * @returns what came of each batch, in their order
 */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (batch: readonly Item[]) => Promise<Result>,
): Promise<Result[]> {
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, n) => n * size);
  const results = new Map<number, Result>();
  await inParallel(starts, AT_ONCE, async (start) => {
    results.set(start, await work(items.slice(start, start + size)));
  });
  return starts.flatMap((start) => (results.has(start) ? [results.get(start) as Result] : []));
}

/** Does the work on each item, side by side. */
export const sideBySide = <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => inBatches(items, 1, ([item]) => work(item as Item));

/**
 * Asks for several things at once and, where AWS refuses that, for each alone: it is one of them that it refuses, and
 * does not always say which.
 *
 * @param refused makes an error of what AWS says of one of them, where that is not that it denies it
 * @returns what was asked for, and the answer
 */
export async function toldApart<Item, Answer>(
  items: readonly Item[],
  ask: (items: readonly Item[]) => Promise<Answer>,
  refused: (item: Item, cause: Error) => DeployError,
): Promise<readonly (readonly [items: readonly Item[], answer: Answer | DeployError])[]> {
  try {
    return [[items, await ask(items)]];
  } catch (error) {
    const denied = isDenied(error);
    if (!denied && !isRefusal(error)) throw error;
    const [only] = items;
    if (items.length === 1 && only !== undefined) return [[items, denied ? error : refused(only, error)]];
  }
  return (await sideBySide(items, (one) => toldApart([one], ask, refused))).flat();
}

/** Things by the region that their ARN names; a name has none, and is one of the job's region. */
export function byRegion(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(new Set(names), (name) => regionOf(name));
}

/** Empty for what is no ARN. */
export const regionOf = (name: string): string => (name.startsWith('arn:') ? (name.split(':')[3] ?? '') : '');
