import { DeployError } from '../../errors.ts';
import { httpClient } from '../../http/client.ts';
import { hasPassed, type Result } from '../../smoke-test/result.ts';
import { SafeWords } from '../../smoke-test/safe-words.ts';
import { Secrets } from '../../smoke-test/secrets.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { workspaceOf } from '../workspace.ts';
import { awaitService } from './await-service.ts';
import { carryOut } from './carry-out.ts';
import { type Inputs, readInputs, STACK_INPUTS } from './inputs.ts';
import { Report } from './report.ts';
import { OtherRevision, requireRevisionStill } from './tested-revision.ts';

/** Asks a service what its users will ask it, until it answers as expected or the time is up. */
export async function run(context: ActionContext): Promise<void> {
  const { clock, cancelled, env } = context;
  const input = await withStackOutputs(context.input, STACK_INPUTS, () => connectToStacks(clock, cancelled));
  const inputs = await readInputs(input, workspaceOf(env), env);
  if (inputs.dryRun) {
    context.reporter.notice('Dry run: the inputs are right; nothing was asked.');
    return;
  }
  try {
    await test(inputs, context);
  } catch (cause) {
    if (!cancelled.aborted) throw cause;
    throw new DeployError('The smoke test was cancelled.', {
      state: 'It was not decided whether the service answers as expected; requests under way were let go.',
      cause,
    });
  }
}

async function test(inputs: Inputs, context: ActionContext): Promise<void> {
  const { clock, cancelled, reporter, env } = context;
  const deadline = clock.now() + inputs.timeoutMs;
  const words = new SafeWords(new Secrets(), inputs.secretHeaders);
  for (const [name, value] of inputs.environment) {
    reporter.mask(value);
    words.secrets.add(value, name.replace(/^env\./, ''));
  }
  const skipped = (why: string): readonly Result[] =>
    inputs.requests.map((request) => ({ request, attempts: 0, outcome: 'skipped', why }));
  const service = await awaitTasks(inputs, context, deadline).catch(async (error: unknown) => {
    if (error instanceof DeployError && !cancelled.aborted) {
      const other = error instanceof OtherRevision ? error : undefined;
      const why = other ? 'the service runs another revision' : 'the service was not found ready';
      await conclude(new Report(skipped(why), words), undefined, context, other);
    }
    throw error;
  });
  const results = await carryOut(inputs, {
    client: httpClient(clock, env, cancelled),
    clock,
    cancelled,
    words,
    mask: reporter.mask,
    say: reporter.info,
    deadline,
  });
  const report = new Report(results, words);
  const other = await otherRevision(inputs, context, report);
  await conclude(report, service, context, other);
  const failed = results.filter((result) => !hasPassed(result));
  if (failed.length === 0 && !other) {
    const all = results.length === 1 ? 'The request was' : `All ${results.length} requests were`;
    reporter.notice(`Smoke test passed: ${all} answered as expected.`);
    return;
  }
  for (const result of failed) for (const line of report.details(result)) reporter.info(line);
  if (other) throw other;
  const told = failed.map(
    (result) => `${words.safe(result.request.name)}: ${report.problems(result)[0] ?? 'failed'}`,
  );
  const of = results.length === 1 ? 'The request was' : `${failed.length} of ${results.length} requests were`;
  throw new DeployError(
    `Smoke test failed: ${of} not answered as expected.\n${told.slice(0, 10).join('\n')}`,
    {
      next: 'The log above shows each of them, with a curl command that makes it again.',
    },
  );
}

/** What is wrong with the revision that the service runs after the requests. */
async function otherRevision(
  { service, taskDefinition }: Inputs,
  { clock, cancelled }: ActionContext,
  report: Report,
): Promise<OtherRevision | undefined> {
  if (!service || !taskDefinition) return undefined;
  const { services } = await import('../../aws/services.ts');
  try {
    await requireRevisionStill(services({ clock, signal: cancelled }), service, taskDefinition);
    return undefined;
  } catch (error) {
    if (error instanceof OtherRevision && !cancelled.aborted) return error;
    // Requests that failed are told, whether ECS answers or not.
    if (report.failed > 0 && !cancelled.aborted) return undefined;
    throw error;
  }
}

async function awaitTasks(
  { service, taskDefinition }: Inputs,
  { clock, cancelled, reporter }: ActionContext,
  deadline: number,
): Promise<string | undefined> {
  if (!service) return undefined;
  const [{ services }, { traffic }] = await Promise.all([
    import('../../aws/services.ts'),
    import('../../aws/traffic.ts'),
  ]);
  const connection = { clock, signal: cancelled };
  const aws = { services: services(connection), traffic: traffic(connection) };
  return awaitService(aws, service, clock, deadline, cancelled, reporter.info, taskDefinition);
}

async function conclude(
  report: Report,
  service: string | undefined,
  { reporter }: ActionContext,
  other?: OtherRevision,
): Promise<void> {
  reporter.output('outcome', report.failed === 0 && !other ? 'passed' : 'failed');
  reporter.output('results', report.results());
  reporter.output('failed', String(report.failed));
  await reporter.summary(report.summary(service, other?.message));
}
