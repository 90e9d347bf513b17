import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pythonWithMoto } from '../slow/tools.ts';

/** An error as botocore understood it. */
export interface Refusal {
  /** The class of the exception: the modelled error, or `ClientError` for a code that the service's model lacks. */
  readonly exception: string;
  readonly code: string;
  readonly message: string;
  /** The HTTP status. */
  readonly status: number;
}

/** What an answer is looked at as; the clients have checked it against their models. */
// biome-ignore lint/suspicious/noExplicitAny: every operation has an answer of its own, read here by name
export type Answer = any;

type Call = readonly [
  service: string,
  operation: string,
  input: object,
  more?: { readonly pages?: true; readonly events?: number } | undefined,
];

/** AWS's Python SDK, as a client that shares no code with the JavaScript one: https://docs.aws.amazon.com/boto3. */
export interface Boto3 {
  /**
   * Sends one call.
   *
   * @param service as boto3 names it: `elbv2`
   * @param input dates and bytes as they are
   * @param more `pages`: all pages, as a list; `events`: so many of each stream, then it is closed
   * @returns the answer, in which dates are `{ $date: ms }` and bytes `{ $bytes: base64 }`
   * @throws when botocore does not understand the call or its answer
   */
  ask(...call: Call): Promise<{ readonly answer: Answer } | { readonly refusal: Refusal }>;
  /** The answer to a call; throws as well when it is refused. */
  answer(...call: Call): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts one Python process that sends every call to the endpoint. */
export async function startBoto3(endpoint: string): Promise<Boto3> {
  const python = await pythonWithMoto();
  const child: ChildProcess = spawn(python, [join(import.meta.dirname, 'ask.py'), endpoint], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Nothing of this machine's own settings.
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' },
  });
  const ended = once(child, 'exit');
  if (!child.stdin || !child.stdout) throw new Error('there are no pipes');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask: Boto3['ask'] = async (service, operation, input, more = {}) => {
    stdin.write(`${JSON.stringify({ service, operation, input: plain(input), ...more })}\n`);
    const line = await lines.next();
    if (line.done) throw new Error(`boto3 ended at ${operation}`);
    const result = JSON.parse(line.value) as { answer: Answer; refusal?: Refusal; failure?: string };
    if (result.failure !== undefined) throw new Error(`${service} ${operation}: ${result.failure}`);
    return result.refusal ? { refusal: result.refusal } : { answer: result.answer };
  };
  return {
    ask,
    async answer(...call) {
      const result = await ask(...call);
      if (!('refusal' in result)) return result.answer;
      throw new Error(`boto3's ${call[1]} was refused: ${JSON.stringify(result.refusal)}`);
    },
    async stop() {
      stdin.end();
      await ended;
    },
  };
}

/** As boto3's answers come: dates are `{ $date: ms }`, bytes `{ $bytes: base64 }`, and nothing is undefined. */
export function plain(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => key !== '$metadata' && inner !== undefined)
      .map(([key, inner]) => [key, plain(inner)]),
  );
}
