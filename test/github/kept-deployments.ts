import type { Answer, Call, Holder } from './github-server.ts';

export interface KeptStatus {
  readonly state: string;
  readonly description: string;
  readonly log_url: string;
  readonly environment_url: string;
}

/** A deployment as GitHub keeps it, its statuses in the order in which they came. */
export interface KeptDeployment {
  readonly id: number;
  readonly sha: string;
  readonly task: string;
  readonly environment: string;
  readonly payload: unknown;
  readonly production: boolean;
  readonly statuses: KeptStatus[];
}

const TEMPLATE = '/repos/{owner}/{repo}/deployments';
const STATES = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'];
const TIME = '2026-01-05T12:00:00Z';

/** What GitHub's API does with deployments: https://docs.github.com/rest/deployments */
export function deploymentsApi(
  kept: KeptDeployment[],
  base: () => string,
  describeUser: (holder: Holder) => object,
  error: (status: number, message: string) => Answer,
  unknownCommits: readonly string[],
) {
  const repository = () => `${base()}/repos/org/web`;
  const described = (
    { id, sha, task, environment, payload, production }: KeptDeployment,
    holder: Holder,
  ) => ({
    id,
    node_id: `DE_${id}`,
    url: `${repository()}/deployments/${id}`,
    sha,
    ref: sha,
    task,
    payload,
    original_environment: environment,
    environment,
    description: null,
    creator: describeUser(holder),
    created_at: TIME,
    updated_at: TIME,
    statuses_url: `${repository()}/deployments/${id}/statuses`,
    repository_url: repository(),
    transient_environment: false,
    production_environment: production,
  });
  const describedStatus = (of: KeptDeployment, index: number, holder: Holder) => {
    const { state, description, log_url, environment_url } = of.statuses[index] as KeptStatus;
    return {
      url: `${repository()}/deployments/${of.id}/statuses/${index}`,
      id: of.id * 1_000 + index,
      node_id: `DES_${of.id}_${index}`,
      state,
      creator: describeUser(holder),
      description,
      environment: of.environment,
      target_url: log_url,
      created_at: TIME,
      updated_at: TIME,
      deployment_url: `${repository()}/deployments/${of.id}`,
      repository_url: repository(),
      environment_url,
      log_url,
    };
  };

  const make = (body: Record<string, unknown>, holder: Holder): Answer => {
    const { ref, task = 'deploy', environment = 'production', payload = '', description } = body;
    if (typeof ref !== 'string' || unknownCommits.includes(ref))
      return error(422, `No ref found for: ${ref}`);
    if (typeof description === 'string' && description.length > 140)
      return error(422, 'Validation Failed: description is too long (maximum is 140 characters)');
    if (body['auto_merge'] !== false) return error(409, 'Conflict merging main');
    if (!Array.isArray(body['required_contexts']) || body['required_contexts'].length > 0)
      return error(409, 'Conflict: Commit status checks failed');
    const deployment: KeptDeployment = {
      id: 5_000 + kept.length,
      sha: ref,
      task: String(task),
      environment: String(environment),
      payload,
      production: environment === 'production',
      statuses: [],
    };
    kept.push(deployment);
    return { status: 201, body: described(deployment, holder) };
  };

  const say = (of: KeptDeployment, body: Record<string, unknown>, holder: Holder): Answer => {
    const { state, description = '', log_url = '', environment_url = '', auto_inactive = true } = body;
    if (!STATES.includes(String(state))) return error(422, 'Validation Failed: state');
    if (String(description).length > 140)
      return error(422, 'Validation Failed: description is too long (maximum is 140 characters)');
    for (const url of [log_url, environment_url]) {
      if (url !== '' && !/^https?:\/\//.test(String(url)))
        return error(422, 'Validation Failed: URL must use http(s) scheme');
    }
    const texts = { log_url: String(log_url), environment_url: String(environment_url) };
    of.statuses.push({ state: String(state), description: String(description), ...texts });
    if (state === 'success' && auto_inactive) {
      for (const other of kept) {
        const prior = other.id < of.id && other.environment === of.environment && !other.production;
        if (prior && other.statuses.at(-1)?.state === 'success')
          other.statuses.push({ state: 'inactive', description: '', log_url: '', environment_url: '' });
      }
    }
    return { status: 201, body: describedStatus(of, of.statuses.length - 1, holder) };
  };

  /** `undefined` where it is about something else. */
  return ({ method, template, query, parameters, body }: Call, holder: Holder): Answer | undefined => {
    if (!template.startsWith(TEMPLATE)) return undefined;
    if (method === 'POST' && holder.may === 'read')
      return error(403, 'Resource not accessible by integration');
    const size = Number(query['per_page'] ?? 30);
    const given = (body ?? {}) as Record<string, unknown>;
    if (template === TEMPLATE) {
      if (method === 'POST') return make(given, holder);
      const fits = ({ task, environment }: KeptDeployment) =>
        (query['task'] ?? task) === task && (query['environment'] ?? environment) === environment;
      const found = kept.filter(fits).reverse().slice(0, size);
      return { status: 200, body: found.map((each) => described(each, holder)) };
    }
    const of = kept.find(({ id }) => id === Number(parameters['deployment_id']));
    if (!of) return error(404, 'Not Found');
    if (method === 'POST') return say(of, given, holder);
    const newest = of.statuses.map((_, index) => describedStatus(of, index, holder)).reverse();
    return { status: 200, body: newest.slice(0, size) };
  };
}
