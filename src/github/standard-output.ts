import { writeSync } from 'node:fs';

const STANDARD_OUTPUT = 1;
/** Milliseconds after which a pipe that was full is tried again. */
const PAUSE = 2;

let unread = false;

/**
 * Writes to the standard output, and returns when all of it is written. The bundles have it in place of
 * `process.stdout`, whose parts of Node.js take a tenth of an action's start to load, and of which `process.exit` drops
 * what a full pipe has not taken.
 *
 * Where nobody reads any more, the runner has died: the process hears what a runner that cancels says, so that a release
 * that is under way is taken back instead of left.
 */
export function print(text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0 && !unread) {
    try {
      rest = rest.subarray(writeSync(STANDARD_OUTPUT, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) {
        unread = true;
        process.kill(process.pid, 'SIGTERM');
        return;
      }
      // Another process has made the pipe that they share one that does not wait.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
}
