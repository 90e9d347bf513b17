import type { ActionModule } from './actions/action.ts';
import { clockFromEnvironment } from './clock.ts';
import { ConfigError, DeployError, isOutage, isRefusal } from './errors.ts';
import { githubInput, githubReporter } from './github/reporter.ts';
import { cancellation } from './github/signals.ts';
import type { Reporter } from './ports.ts';

/** Every step that an `action.yml` can start, loaded only when it is the one. */
const STEPS: Readonly<Record<string, () => Promise<ActionModule>>> = {
  alarms: () => import('./actions/alarms/run.ts'),
  backup: () => import('./actions/backup/run.ts'),
  canary: () => import('./actions/canary/run.ts'),
  'canary-post': () => import('./actions/canary/post.ts'),
  'check-migrations': () => import('./actions/check-migrations/run.ts'),
  'ecr-push': () => import('./actions/ecr-push/run.ts'),
  'ecr-push-post': () => import('./actions/ecr-push/post.ts'),
  frontend: () => import('./actions/frontend/run.ts'),
  incident: () => import('./actions/incident/run.ts'),
  promote: () => import('./actions/promote/run.ts'),
  migrate: () => import('./actions/migrate/run.ts'),
  'migrate-post': () => import('./actions/migrate/post.ts'),
  monitor: () => import('./actions/monitor/run.ts'),
  notify: () => import('./actions/notify/run.ts'),
  plan: () => import('./actions/plan/run.ts'),
  preflight: () => import('./actions/preflight/run.ts'),
  refresh: () => import('./actions/refresh/run.ts'),
  'refresh-post': () => import('./actions/refresh/post.ts'),
  'render-task-definition': () => import('./actions/render-task-definition/run.ts'),
  rollback: () => import('./actions/rollback/run.ts'),
  'smoke-test': () => import('./actions/smoke-test/run.ts'),
};

/** Runs one step of one action and ends the process: the only catch of the product. */
export async function run(step: string): Promise<void> {
  const reporter = githubReporter;
  const cancelled = cancellation();
  try {
    const load = STEPS[step];
    if (!load) throw new Error(`there is no action "${step}"`);
    // Every call says which action made it, for CloudTrail; a post step is part of its action.
    process.env['AWS_SDK_UA_APP_ID'] ||= `deploy-actions-${step.replace(/-post$/, '')}`;
    const context = {
      input: githubInput,
      reporter,
      clock: clockFromEnvironment(process.env, (message) => reporter.warning(message)),
      env: process.env,
      cancelled,
    };
    await (await load()).run(context);
  } catch (error) {
    process.exitCode = 1;
    report(error, reporter, cancelled);
  }
  // Keep-alive connections of the SDK must not hold the job up.
  process.exit();
}

function report(error: unknown, reporter: Reporter, cancelled: AbortSignal): void {
  if (error instanceof ConfigError) {
    for (const { input, message, place } of error.problems) reporter.error(`${input}: ${message}`, place);
  } else if (error instanceof DeployError) {
    reporter.error(
      [error.message, error.state, error.next, error.consoleUrl]
        .filter((part) => part !== undefined)
        .join('\n'),
    );
  } else if (cancelled.aborted && error instanceof Error && error.name === 'AbortError') {
    reporter.error('The run was cancelled before it had begun to change anything.');
  } else if (isRefusal(error)) {
    reporter.error(
      `AWS refused a request: ${error.message} (${error.name}).\nMend what it says, or the inputs that led to it, and run this step again. If both are right, please report it: a request of deploy-actions may be wrong.`,
    );
  } else if (isOutage(error)) {
    reporter.error(
      `AWS did not answer, although it was asked again for a while (${error.name}: ${error.message}).\nRun this step again once AWS answers; it goes on where this run has stopped.`,
    );
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    reporter.error(`This is a defect of deploy-actions, please report it:\n${text}`);
  }
}
