/**
 * Writes down what IAM is asked by every action that calls a simulator of this process: one line for each distinct call,
 * in `build/iam/SUITE/PROCESS.jsonl`. `test/iam/main.ts` judges it.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Arrival, arrivals } from '../../src/simulator/arrivals.ts';
import { RECORDS, type RecordedNeed } from './records.ts';
import { type IamRequest, requestsOf } from './requests.ts';

/** Tags whose values policies ask for. */
const JUDGED_TAGS = /\/deploy-actions:(service|label|lock|repository)$/;

/** What tells a distinct call: identifiers, times and the values of most tags differ between calls that are alike. */
function essence(requests: readonly IamRequest[] = []): string {
  return requests
    .flatMap(({ action, resource, context, gone }) => [
      action,
      resource,
      String(gone),
      ...Object.entries(context).map(([key, value]) =>
        /^aws:(Request|Resource)Tag\//.test(key) && !JUDGED_TAGS.test(key) ? key : `${key}=${value}`,
      ),
    ])
    .join(' ')
    .replace(/[0-9a-f]{6,}|\d+/g, '#');
}

const ACTION = /\bapp\/deploy-actions-([a-z-]+)/;

function listen(file: string): void {
  const known = new Set<string>();
  arrivals.subscribe((message) => {
    const arrival = message as Arrival;
    const [, action] = ACTION.exec(arrival.userAgent) ?? [];
    if (action === undefined) return;
    const requests = requestsOf(arrival);
    const operation = `${arrival.service} ${arrival.operation}`;
    const key = `${action} ${operation} ${arrival.call.caller} ${essence(requests)}`;
    if (known.has(key)) return;
    known.add(key);
    const { caller } = arrival.call;
    const line: RecordedNeed = {
      action,
      operation,
      ...(caller && { caller }),
      ...(requests && { requests }),
    };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  });
}

const LISTENING = Symbol.for('deploy-actions.test.iam.record');
const suite = process.env['IAM_RECORD'];
// Vitest runs this once for each file of tests; files that share a process share what was heard.
if (suite !== undefined && !(LISTENING in globalThis)) {
  Object.assign(globalThis, { [LISTENING]: true });
  const directory = join(RECORDS, suite);
  mkdirSync(directory, { recursive: true });
  listen(join(directory, `${process.pid}.jsonl`));
}
