import { DeployError } from '../../errors.ts';
import { httpClient } from '../../http/client.ts';
import { isAnswer } from '../../smoke-test/exchange.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { readInputs, STACK_INPUTS } from './inputs.ts';

/** Asks a service what its users will ask it, until it answers as expected or the time is up. */
export async function run(context: ActionContext): Promise<void> {
  const { clock, cancelled, reporter, env } = context;
  const input = await withStackOutputs(context.input, STACK_INPUTS, () => connectToStacks(clock, cancelled));
  const { url, attempts, intervalMs, timeoutMs, requestTimeoutMs } = readInputs(input);
  const client = httpClient(clock, env, cancelled);
  const deadline = clock.now() + timeoutMs;
  for (let attempt = 1; ; attempt++) {
    const end = await client.send({ method: 'GET', url, headers: [] }, requestTimeoutMs);
    const told = isAnswer(end) ? `answered ${end.status} in ${end.ms} ms` : end.message;
    reporter.info(`GET ${url}: ${told}`);
    const passed = isAnswer(end) && end.status >= 200 && end.status < 300;
    const over = attempt === attempts || clock.now() + intervalMs >= deadline;
    if (passed || over) {
      const result = {
        name: 'url',
        method: 'GET',
        url: url.href,
        outcome: passed ? 'passed' : 'failed',
        attempts: attempt,
      };
      reporter.output('outcome', result.outcome);
      reporter.output('results', JSON.stringify([result]));
      reporter.output('failed', passed ? '0' : '1');
      if (!passed) throw new DeployError(`The smoke test failed after ${attempt} attempts: ${told}`);
      return;
    }
    await clock.sleep(intervalMs, cancelled);
    cancelled.throwIfAborted();
  }
}
