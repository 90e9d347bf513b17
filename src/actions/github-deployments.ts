import { nameIn } from '../arn.ts';
import type { Follow } from '../engine/conduct.ts';
import { ConfigError } from '../errors.ts';
import { isForbidden } from '../github/api-failure.ts';
import { DeploymentTeller, type Told } from '../github/deployment-teller.ts';
import type { Origin, Subject, Task } from '../github/deployments.ts';
import { pullRequestOf } from '../github/pull-request.ts';
import { newRolloutId, runUrl } from '../github/run-identity.ts';
import type { Reporter } from '../ports.ts';
import { type DeploymentStatus, deploymentStatus, statusOfRollout } from '../report/deployment-status.ts';
import type { ActionContext } from './action.ts';
import type { InputReader } from './input-reader.ts';
import { jobRegion } from './job-region.ts';

/** Where GitHub is to show what runs. */
export interface DeploymentInputs {
  readonly environment: string;
  readonly url: string | undefined;
  readonly token: string;
}

/** GitHub takes no longer name. */
const LONGEST_NAME = 255;

/** `undefined` when no environment is given, and nothing is told then. */
export function readDeploymentInputs(reader: InputReader): DeploymentInputs | undefined {
  const environment = reader.parse('environment', parseName, undefined);
  const url = reader.parse('environment-url', parseUrl, undefined);
  const token = reader.optional('github-token');
  if (reader.optional('environment') === undefined) {
    if (url !== undefined) reader.problem('environment-url', 'says nothing without environment; give both');
    return undefined;
  }
  if (token === undefined) {
    reader.problem(
      'github-token',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
      'is empty, and environment needs one that may write deployments; leave it out, or write ${{ github.token }}',
    );
  }
  return environment === undefined || token === undefined ? undefined : { environment, url, token };
}

function parseName(text: string): string {
  if (text.length <= LONGEST_NAME && !/\p{Cc}/u.test(text)) return text;
  throw new ConfigError({
    input: 'environment',
    message: `"${text.slice(0, 50)}" is not one line of up to ${LONGEST_NAME} characters`,
  });
}

function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:\/\//.test(text)) return text;
  throw new ConfigError({
    input: 'environment-url',
    message: `"${text}" is not a URL that a browser opens; write https://HOST/PATH`,
  });
}

/** Tells GitHub what becomes of a rollout. Whatever GitHub answers, the rollout neither fails nor waits. */
export interface Announcer {
  /** From now on it is that deployment which statuses are of. */
  begin(origin: Origin): void;
  say(status: DeploymentStatus): void;
  sayUnlessEnded(status: DeploymentStatus): void;
  readonly follow: Follow;
  /** The step ends by this error. */
  failed(error: unknown): Promise<void>;
  /** Waits for a short while until all is told, and sets the output. */
  end(): Promise<void>;
}

const SILENT: Announcer = {
  begin: () => undefined,
  say: () => undefined,
  sayUnlessEnded: () => undefined,
  follow: () => undefined,
  failed: async () => undefined,
  end: async () => undefined,
};

/** How long a step goes on for the sake of the last word; where the runner is about to kill it, much less. */
const PATIENCE_MS = 10_000;
const REAL_PATIENCE_MS = 3_000;
const CANCELLED_PATIENCE_MS = 1_500;

/** What the post step needs to know to have the last word instead of the main step. */
export interface KeptDeployment {
  readonly environment: string;
  readonly url: string | undefined;
  readonly subject: Subject;
  /** By which the deployment is found again, where its id is not known. */
  readonly rollout: string;
  readonly taskDefinition: string | undefined;
  readonly told: Told;
}

const STATE = 'deployment';

/** `undefined` where there was none, or all was said. */
export function keptDeployment(reporter: Reporter): KeptDeployment | undefined {
  const text = reporter.state(STATE);
  if (text === '') return undefined;
  const kept = JSON.parse(text) as KeptDeployment;
  return kept.told.done ? undefined : kept;
}

/** What is deployed where, as the inputs name it. */
interface Announced {
  readonly cluster: string;
  readonly service: string;
  readonly deployment: DeploymentInputs | undefined;
}

/**
 * @param task what a deployment is of that is made for an error
 * @param keep whether a post step may have to have the last word
 */
export async function announcerOf(
  context: ActionContext,
  { cluster, service, deployment: inputs }: Announced,
  { task, keep }: { readonly task: Task; readonly keep: boolean },
): Promise<Announcer> {
  if (!inputs) return SILENT;
  const { env, reporter, clock, cancelled } = context;
  reporter.mask(inputs.token);
  const { GITHUB_REPOSITORY: full = '', GITHUB_SHA: merged = '' } = env;
  // A pull request shows what was deployed of its branch, not of the merge that GitHub makes for the run.
  const sha = (await pullRequestOf(env))?.head ?? merged;
  const [owner, repository] = full.split('/');
  if (!owner || !repository || sha === '') {
    reporter.warning(
      `This run is not one of GitHub's (GITHUB_REPOSITORY and GITHUB_SHA are not set), so there is no deployment in the environment "${inputs.environment}".`,
    );
    return SILENT;
  }
  const region = jobRegion(env) ?? '';
  const subject = { region, cluster: nameIn(cluster), service };
  const place = {
    owner,
    repository,
    sha,
    environment: inputs.environment,
    environmentUrl: inputs.url,
    logUrl: runUrl(env),
  };
  const access = { token: inputs.token, env, clock };
  const tellers: DeploymentTeller[] = [];
  let concluded = false;

  const keeper = (origin: Origin) => {
    const { rollout, taskDefinition } = { rollout: '', taskDefinition: undefined, ...origin };
    const { environment, url } = inputs;
    return (told: Told): void => {
      // What was begun later is what the post step may have to end.
      if (!keep || tellers.at(-1)?.origin !== origin) return;
      const kept: KeptDeployment = { environment, url, subject, rollout, taskDefinition, told };
      reporter.saveState(STATE, JSON.stringify(kept));
    };
  };
  const announcer: Announcer = {
    begin(origin) {
      const teller = new DeploymentTeller({ origin, place, subject, access, keep: keeper(origin) });
      tellers.push(teller);
      teller.start();
    },
    say: (status) => tellers.at(-1)?.say(status),
    sayUnlessEnded: (status) => tellers.at(-1)?.sayUnlessEnded(status),
    follow: (rollout, phase, action, seen, findings) =>
      announcer.say(statusOfRollout(rollout, phase, action, seen, findings)),
    async failed(error) {
      if (concluded) return;
      const teller = tellers.at(-1);
      const text = error instanceof Error ? error.message : String(error);
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.name : '';
      if (teller && !teller.ended) {
        if (cause === 'TakenOver') teller.sayUnlessEnded(deploymentStatus('failure', text));
        else teller.say(deploymentStatus(cancelled.aborted ? 'error' : 'failure', text));
      } else if (!cancelled.aborted && (!teller || isOfOthers(teller.origin))) {
        // What this run was to deploy never began; whatever it has ended itself is not ended once more.
        announcer.begin({ kind: 'new', task, rollout: newRolloutId(env) });
        announcer.say(deploymentStatus('error', text));
      }
      await announcer.end();
    },
    async end() {
      concluded = true;
      const patience = cancelled.aborted
        ? CANCELLED_PATIENCE_MS * clock.scale
        : Math.max(PATIENCE_MS, REAL_PATIENCE_MS * clock.scale);
      const ends = await Promise.all(tellers.map((teller) => teller.end(patience)));
      const id = ends.findLast((end) => end.id !== undefined)?.id;
      reporter.output('deployment-id', id === undefined ? '' : String(id));
      const trouble = ends.findLast((end) => end.trouble !== undefined)?.trouble;
      if (trouble !== undefined) reporter.warning(explain(inputs.environment, trouble));
    },
  };
  return announcer;
}

/** Whether a rollout that a former run has left was only brought to its end, and is not what this run is to deploy. */
const isOfOthers = (origin: Origin): boolean => origin.kind === 'former' && origin.otherwise === 'none';

function explain(environment: string, trouble: unknown): string {
  const why = trouble instanceof Error ? trouble.message : String(trouble);
  const fix = isForbidden(trouble) ? '; give the job "permissions: deployments: write"' : '';
  return `GitHub's deployment in the environment "${environment}" is not up to date: ${why}${fix}. The release itself does not depend on it.`;
}

/** The announcer of a main step that had no time for its last word. */
export async function announcerFor(context: ActionContext, kept: KeptDeployment): Promise<Announcer> {
  const { environment, url, subject, rollout, taskDefinition, told } = kept;
  const token = context.input('github-token').trim();
  if (token === '') return SILENT;
  const announced = { ...subject, deployment: { environment, url, token } };
  const announcer = await announcerOf(context, announced, { task: 'deploy', keep: false });
  announcer.begin(
    told.id === undefined
      ? { kind: 'former', rollout, taskDefinition, otherwise: 'none' }
      : { kind: 'known', id: told.id },
  );
  if (told.last) announcer.say(told.last);
  return announcer;
}
