import { Worker } from 'node:worker_threads';
import type { Cell } from './cells.ts';
import type { Tallies } from './simulate.ts';

/** The rollouts of a cell that one worker plays. */
export interface Task {
  readonly cell: Cell;
  readonly from: number;
  readonly to: number;
}

/**
 * Simulates the tasks on so many threads, and gives their results in the order of the tasks.
 *
 * @param onDone called after each, with how many are done
 */
export async function simulateAll(
  tasks: readonly Task[],
  threads: number,
  onDone: (done: number) => void = () => {},
): Promise<readonly Tallies[]> {
  const results: Tallies[] = [];
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    try {
      while (next < tasks.length) {
        const index = next++;
        results[index] = await ask(worker, tasks[index] as Task);
        onDone(++done);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return results;
}

const ask = (worker: Worker, task: Task): Promise<Tallies> =>
  new Promise((resolve, reject) => {
    worker.once('message', (tallies: Tallies) => {
      worker.off('error', reject);
      resolve(tallies);
    });
    worker.once('error', reject);
    worker.postMessage(task);
  });
