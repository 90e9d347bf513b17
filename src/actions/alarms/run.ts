import type { WatchedService } from '../../alarms/wanted.ts';
import { nameIn } from '../../arn.ts';
import { printable } from '../../taskdef/shape.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { jobRegion } from '../job-region.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { workspaceOf } from '../workspace.ts';
import { carryOut } from './carry-out.ts';
import { type Inputs, readInputs, STACK_INPUTS } from './inputs.ts';
import { Foreign, observe } from './observe.ts';
import { Report } from './report.ts';
import { survey } from './survey.ts';

/** Puts the alarms and the dashboard of a service, and marks deployments on it. */
export async function run(context: ActionContext): Promise<void> {
  const { clock, cancelled, env, reporter } = context;
  const region = context.input('region').trim();
  // The SDK takes it from there, for the stacks of inputs as well.
  if (/^[\w-]+$/.test(region)) env['AWS_REGION'] = region;
  const input = await withStackOutputs(context.input, STACK_INPUTS, () => connectToStacks(clock, cancelled));
  const inputs = await readInputs(input, workspaceOf(env), env);
  const { monitoring } = await import('../../aws/alarms.ts');
  const cloud = monitoring({ clock, signal: cancelled });
  const service = await find(inputs, context);
  const plan = await observe(inputs, service, cloud, clock.now()).catch((error: unknown) => {
    if (error instanceof Foreign) {
      reporter.output('outcome', 'refused');
      reporter.output('reason', error.problems.map(({ message }) => message).join('; '));
    }
    throw error;
  });
  const report = new Report(plan, service, inputs.annotation);
  for (const note of plan.notes) reporter.notice(note);
  report.say(reporter);
  const title = `${service.cluster}/${service.service}: ${report.reason}`;
  if (inputs.dryRun) {
    reporter.notice(`Dry run, nothing was changed. ${title}`);
    report.outputs(reporter, '');
    await reporter.summary(report.summary(`Dry run of ${title}`, plan.notes));
    return;
  }
  const tools = { clock, cancelled, say: reporter.info };
  await carryOut(plan, service, cloud, inputs.annotation, tools).catch((error: unknown) => {
    reporter.output('outcome', 'failed');
    reporter.output('reason', error instanceof Error ? printable(error.message) : String(error));
    throw error;
  });
  reporter.notice(title);
  report.outputs(reporter, report.isChange ? 'changed' : 'unchanged');
  await reporter.summary(report.summary(title, plan.notes));
}

/** An annotation alone needs no look at the service, and no permission for one. */
async function find(inputs: Inputs, { clock, cancelled, env }: ActionContext): Promise<WatchedService> {
  const { cluster, service, definition } = inputs;
  if (!definition) {
    const region = jobRegion(env) ?? '';
    const partition = /^(cn|us-gov|eusc)-/.exec(region)?.[1];
    return {
      cluster: nameIn(cluster),
      service,
      partition: partition === undefined ? 'aws' : `aws-${partition}`,
      region,
      account: '',
      targetGroups: [],
      shared: false,
      canary: { service: '', targetGroups: [] },
    };
  }
  const [{ services }, { traffic }] = await Promise.all([
    import('../../aws/services.ts'),
    import('../../aws/traffic.ts'),
  ]);
  const connection = { clock, signal: cancelled };
  return survey({ services: services(connection), traffic: traffic(connection) }, cluster, service);
}
