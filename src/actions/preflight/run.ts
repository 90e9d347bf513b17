import { nameIn } from '../../arn.ts';
import { DeployError } from '../../errors.ts';
import { checkFreeze } from '../../preflight/freeze.ts';
import { judge, type Verdict } from '../../preflight/verdict.ts';
import { withoutAccountIds } from '../../report/account-ids.ts';
import { preflightLines, preflightMarkdown } from '../../report/preflight.ts';
import type { ActionContext } from '../action.ts';
import { connectToRepositories, connectToStacks } from '../aws-adapters.ts';
import { withEcrImages } from '../ecr-images.ts';
import { askedRegion } from '../job-region.ts';
import { IMAGE_INPUTS } from '../render-task-definition/render-inputs.ts';
import { withReport } from '../step-report.ts';
import { workspaceOf } from '../workspace.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { lookAtAll } from './look.ts';
import { openPorts } from './ports.ts';
import { openWorld } from './world.ts';

/** Looks at all that has to be right before a deploy, and tells it in one table. Changes nothing. */
export async function run(context: ActionContext): Promise<void> {
  let failure: DeployError | undefined;
  await withReport(context, 'Preflight', async (reporting) => {
    failure = await check(reporting).catch((cause: unknown) => {
      if (!context.cancelled.aborted) throw cause;
      throw new DeployError('The preflight was cancelled.', { state: 'Nothing was changed.', cause });
    });
  });
  // The report has told it in its own way.
  if (failure) throw failure;
}

/** @returns what the step has to fail for */
async function check(context: ActionContext): Promise<DeployError | undefined> {
  const inputs = await inputsOf(context);
  const { clock, cancelled, reporter } = context;
  const world = openWorld(context, inputs, openPorts(clock, cancelled));
  const freezing = inputs.freeze !== undefined && inputs.settings.get('freeze') !== 'off';
  const freeze = checkFreeze(freezing ? (inputs.freeze ?? []) : [], inputs.freezeOverride, clock.now());
  const findings = await lookAtAll(world);
  const verdict = judge([...(freezing ? freeze.findings : []), ...findings], inputs.settings);
  const subject = `${inputs.service} in ${nameIn(inputs.cluster)}`;
  for (const line of preflightLines(verdict)) reporter.info(line);
  tellWarnings(verdict, context);
  reporter.output('outcome', verdict.outcome);
  reporter.output('reason', verdict.reason);
  reporter.output('failed', JSON.stringify(verdict.failed));
  reporter.output('warned', JSON.stringify(verdict.warned));
  reporter.output('overridden', freeze.overridden);
  await reporter.summary(withoutAccountIds(preflightMarkdown(verdict, subject)));
  if (verdict.outcome !== 'failed') reporter.notice(`Preflight of ${subject}: ${verdict.reason}.`);
  return failureOf(verdict, subject);
}

async function inputsOf({ input, env, clock, cancelled }: ActionContext): Promise<Inputs> {
  const stacks = () => connectToStacks(clock, cancelled);
  const registry = () => connectToRepositories(clock, cancelled);
  const given = await withEcrImages(input, IMAGE_INPUTS, registry);
  return readInputs(given, workspaceOf(env), stacks, askedRegion(env));
}

/** GitHub shows ten annotations of a kind for a step; the log has all of them. */
const ANNOTATIONS = 9;

function tellWarnings({ rows }: Verdict, { reporter }: ActionContext): void {
  const warnings = rows.flatMap(({ findings }) => findings.filter(({ level }) => level === 'warn'));
  for (const { check, what, fix } of warnings.slice(0, ANNOTATIONS)) {
    reporter.warning(`${check}: ${what}\n${fix ?? ''}`.trim());
  }
}

/** Names each failed check, what is so, and what to do about it. */
function failureOf({ rows, failed }: Verdict, subject: string): DeployError | undefined {
  if (failed.length === 0) return undefined;
  const lines = rows.flatMap(({ findings }) =>
    findings
      .filter(({ level }) => level === 'fail')
      .map(({ check, what, fix }) => `${check}: ${what}${fix === undefined ? '' : `\n  ${fix}`}`),
  );
  const count = failed.length === 1 ? '1 check' : `${failed.length} checks`;
  return new DeployError(`Preflight of ${subject}: ${count} failed.\n${lines.join('\n')}`, {
    state: 'Nothing was changed.',
    next: 'Mend what is said above and run this step again; a check that does not matter here is set to warn or off by the input checks.',
  });
}
