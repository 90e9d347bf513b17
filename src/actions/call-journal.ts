import type { AwsCall } from '../ports.ts';

/** Calls made before there is a record to keep them in. */
export function callJournal() {
  const early: AwsCall[] = [];
  let listener: ((call: AwsCall) => void) | undefined;
  return {
    add: (call: AwsCall) => (listener ? listener(call) : early.push(call)),
    listen(next: (call: AwsCall) => void) {
      for (const call of early.splice(0)) next(call);
      listener = next;
    },
  };
}
