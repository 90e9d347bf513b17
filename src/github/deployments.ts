import type { DeploymentStatus } from '../report/deployment-status.ts';
import { type GithubAccess, openGithub } from './api.ts';
import { statusOf } from './api-failure.ts';

/** What is deployed where, as the payload of a deployment tells it: that is how a later run finds it again. */
export interface Subject {
  readonly region: string;
  readonly cluster: string;
  readonly service: string;
}

export interface Payload extends Subject {
  /** Names the deployment: the id of its rollout, where it has one. */
  readonly rollout: string;
  /** `family:revision`; absent where the run has failed before it was known. */
  readonly taskDefinition?: string;
}

export type Task = 'deploy' | 'rollback';

/** Which of GitHub's deployments a run tells about. */
export type Origin =
  /** A new one, of the run's own commit. */
  | { readonly kind: 'new'; readonly task: Task; readonly rollout: string; readonly taskDefinition?: string }
  /** The one of a rollout that a run has left: `otherwise` a new one, or none at all. */
  | {
      readonly kind: 'former';
      readonly rollout: string;
      readonly taskDefinition: string | undefined;
      readonly otherwise: 'none' | { readonly rollout: string };
    }
  /** A new one, of the commit that a revision was deployed from. */
  | { readonly kind: 'back'; readonly rollout: string; readonly taskDefinition: string }
  /** The one that succeeded with a revision that runs already, or a new one of the same commit. */
  | { readonly kind: 'again'; readonly task: Task; readonly rollout: string; readonly taskDefinition: string }
  /** One that was found before. */
  | { readonly kind: 'known'; readonly id: number };

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  /** Absent where somebody else has made it. */
  readonly payload?: Payload;
  /** How it stood when it was found, where somebody may have ended it before. */
  readonly state?: State;
}

export interface DeploymentPlace {
  readonly owner: string;
  readonly repository: string;
  readonly environment: string;
  readonly environmentUrl: string | undefined;
  /** The page of the run. */
  readonly logUrl: string | undefined;
  /** The run's commit. */
  readonly sha: string;
}

export type State = DeploymentStatus['state'] | 'queued' | 'pending';

/**
 * The deployments of one service in one environment.
 * https://docs.github.com/rest/deployments/deployments
 */
export interface Deployments {
  make(task: Task, sha: string, payload: Payload): Promise<Deployment>;
  /** Newest first, as far back as they are looked through. */
  list(task: Task): Promise<readonly Deployment[]>;
  /** The newest status; `undefined` before the first one. */
  stateOf(id: number): Promise<State | undefined>;
  say(id: number, status: DeploymentStatus): Promise<void>;
}

/** GitHub gives no more at once; a service that was deployed more often since has no use for what lies further back. */
const LOOKED_THROUGH = 100;
/** Mostly the one before is all there is to retire; after many that failed, it lies further back. */
const ASKED_FIRST = 2;
const ASKED_AT_ONCE = 20;
/** Names may be longer than GitHub's field for them; the payload tells them apart all the same. */
const TASK_LENGTH = 100;

export function openDeployments(place: DeploymentPlace, subject: Subject, access: GithubAccess): Deployments {
  const { owner, repository: repo, environment, environmentUrl, logUrl } = place;
  const { request } = openGithub(access);
  const { region, cluster, service } = subject;
  // One for each service: several may share an environment.
  const taskName = (task: Task) => `${task}:${cluster}/${service}`.slice(0, TASK_LENGTH);
  return {
    async make(task, sha, payload) {
      const { data } = await request('POST /repos/{owner}/{repo}/deployments', {
        owner,
        repo,
        ref: sha,
        task: taskName(task),
        auto_merge: false,
        required_contexts: [],
        payload: { ...payload },
        environment,
        description: `${payload.taskDefinition ?? 'a release'} to ${cluster}/${service}`.slice(0, 140),
      });
      // Without auto_merge it is never the answer of a merge.
      return { id: Number((data as { id: number | bigint }).id), sha, payload };
    },
    async list(task) {
      const { data } = await request('GET /repos/{owner}/{repo}/deployments', {
        owner,
        repo,
        environment,
        task: taskName(task),
        per_page: LOOKED_THROUGH,
      });
      return data
        .flatMap(({ id, sha, payload: text }) => {
          const payload = readPayload(text);
          const ours =
            payload?.region === region && payload.cluster === cluster && payload.service === service;
          return ours ? [{ id: Number(id), sha, payload }] : [];
        })
        .sort((a, b) => b.id - a.id);
    },
    async stateOf(deployment_id) {
      const { data } = await request('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
        owner,
        repo,
        deployment_id,
        per_page: 1,
      });
      return data[0]?.state;
    },
    async say(deployment_id, { state, description }) {
      await request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
        owner,
        repo,
        deployment_id,
        state,
        description,
        // GitHub would make those of other services in the environment inactive as well.
        auto_inactive: false,
        ...(logUrl !== undefined && { log_url: logUrl }),
        ...(environmentUrl !== undefined && { environment_url: environmentUrl }),
      });
    },
  };
}

/** Reads the payload of a deployment of ours, which GitHub may give as a text; `undefined` for any other. */
export function readPayload(given: unknown): Payload | undefined {
  let value = given;
  if (typeof given === 'string') {
    try {
      value = JSON.parse(given);
    } catch {
      return undefined;
    }
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { region, cluster, service, rollout, taskDefinition } = value as Record<string, unknown>;
  const texts = [region, cluster, service, rollout];
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  return {
    region: String(region),
    cluster: String(cluster),
    service: String(service),
    rollout: String(rollout),
    ...(typeof taskDefinition === 'string' && { taskDefinition }),
  };
}

/**
 * Finds the deployment that a run tells about, or makes it. May be called again after an error.
 *
 * @param again whether a deployment may have been made by a call whose answer was lost
 * @returns `undefined` when there is none, and none to be made
 */
export async function findOrMake(
  origin: Origin,
  { sha }: Pick<DeploymentPlace, 'sha'>,
  subject: Subject,
  github: Deployments,
  again = false,
): Promise<Deployment | undefined> {
  const make = async (
    task: Task,
    rollout: string,
    taskDefinition: string | undefined,
    commit = sha,
  ): Promise<Deployment> => {
    if (again) {
      const made = (await github.list(task)).find(({ payload }) => payload?.rollout === rollout);
      if (made) return made;
    }
    const payload = { ...subject, rollout, ...(taskDefinition !== undefined && { taskDefinition }) };
    try {
      return await github.make(task, commit, payload);
    } catch (error) {
      // A commit that was rewritten since may be gone.
      if (statusOf(error) !== 422 || commit === sha) throw error;
      return github.make(task, sha, payload);
    }
  };
  switch (origin.kind) {
    case 'known':
      return { id: origin.id, sha };
    case 'new':
      return make(origin.task, origin.rollout, origin.taskDefinition);
    case 'former': {
      const found = await findFormer(origin, github);
      if (found) {
        const state = await github.stateOf(found.id);
        return { ...found, ...(state !== undefined && { state }) };
      }
      if (origin.otherwise === 'none') return undefined;
      return make('deploy', origin.otherwise.rollout, origin.taskDefinition);
    }
    case 'back': {
      const good = goodOf(origin.taskDefinition, await listAll(github));
      return make('rollback', origin.rollout, origin.taskDefinition, good?.sha);
    }
    case 'again': {
      const all = await listAll(github);
      const good = goodOf(origin.taskDefinition, all);
      if (good && (await isShown(good, all, github))) return { ...good, state: 'success' };
      return make(origin.task, origin.rollout, origin.taskDefinition, good?.sha);
    }
  }
}

/**
 * The deployment of a rollout that was left: the one that names it, or, where it was left by a run that had it from
 * another one, the newest of its revision that has not ended.
 */
async function findFormer(
  { rollout, taskDefinition }: Origin & { kind: 'former' },
  github: Deployments,
): Promise<Deployment | undefined> {
  const all = await github.list('deploy');
  const named = all.find(({ payload }) => payload?.rollout === rollout);
  if (named) return named;
  if (taskDefinition === undefined) return undefined;
  const newest = all.find(({ payload }) => payload?.taskDefinition === taskDefinition);
  return newest && isOpen(await github.stateOf(newest.id)) ? newest : undefined;
}

/** The newest deployment of a revision, whichever way it came into service. */
const goodOf = (taskDefinition: string, all: readonly Deployment[]): Deployment | undefined =>
  all.find(({ payload }) => payload?.taskDefinition === taskDefinition);

/**
 * Whether GitHub shows a deployment as what runs: a run that was killed may have left a later one that looks active,
 * though the service is back on this one since.
 */
async function isShown(
  { id }: Deployment,
  all: readonly Deployment[],
  github: Deployments,
): Promise<boolean> {
  if ((await github.stateOf(id)) !== 'success') return false;
  const later = all.filter((other) => other.id > id);
  return (await activeIn(later, github)).length === 0;
}

/** Of either task, newest first. */
const listAll = async (github: Deployments): Promise<readonly Deployment[]> =>
  (await Promise.all([github.list('deploy'), github.list('rollback')])).flat().sort((a, b) => b.id - a.id);

/** Whether a run may still have something to say about it. */
export const isOpen = (state: State | undefined): boolean =>
  state === undefined || state === 'in_progress' || state === 'queued' || state === 'pending';

/**
 * Makes what was deployed of the same service before inactive. GitHub can do that by itself, but does it to other
 * services in the environment too, and never in one of production.
 * https://docs.github.com/rest/deployments/deployments#inactive-deployments
 */
export async function retireFormer({ id, payload }: Deployment, github: Deployments): Promise<void> {
  const all = await listAll(github);
  const earlier = all.filter((other) => other.id < id);
  const what = payload?.taskDefinition ?? all.find((other) => other.id === id)?.payload?.taskDefinition;
  const description = what === undefined ? 'Replaced' : `Replaced by ${what}`;
  // The oldest first: where a run is killed meanwhile, all before one that is inactive are so, too.
  for (const former of (await activeIn(earlier, github)).toReversed()) {
    await github.say(former.id, { state: 'inactive', description });
  }
}

/** Those of them, newest first, that GitHub still shows as active or under way. */
async function activeIn(
  earlier: readonly Deployment[],
  github: Pick<Deployments, 'stateOf'>,
): Promise<readonly Deployment[]> {
  const active: Deployment[] = [];
  let retired = false;
  for (let from = 0, width = ASKED_FIRST; from < earlier.length; from += width, width = ASKED_AT_ONCE) {
    const asked = earlier.slice(from, from + width);
    const states = await Promise.all(asked.map(({ id }) => github.stateOf(id)));
    for (const [index, former] of asked.entries()) {
      const state = states[index];
      // Whoever was the success before this one has retired those before it.
      if (state === 'inactive' && retired) return active;
      if (state === 'success' || isOpen(state)) active.push(former);
      retired ||= state === 'success';
    }
  }
  return active;
}
