import { randomBytes } from 'node:crypto';

/** The page of the repository; `undefined` outside of GitHub. */
export function repositoryUrl(env: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = env;
  return server && repository ? `${server}/${repository}` : undefined;
}

/** The page of this workflow run, where its summary stands; `undefined` outside of GitHub. */
export function runUrl(env: NodeJS.ProcessEnv): string | undefined {
  const repository = repositoryUrl(env);
  const { GITHUB_RUN_ID: run } = env;
  return repository && run ? `${repository}/actions/runs/${run}` : undefined;
}

/** Who this run is to others: a URL on GitHub, or a plain word outside of it. */
export function holderOf(env: NodeJS.ProcessEnv): string {
  const url = runUrl(env);
  if (url === undefined) return `a run outside GitHub (process ${process.pid})`;
  return `${url}/attempts/${env['GITHUB_RUN_ATTEMPT'] || '1'}`;
}

/** Whether an earlier attempt of the same workflow run is the holder: GitHub starts an attempt after the last has ended. */
export function isFormerAttempt(holder: string, own: string): boolean {
  const parse = (url: string) => /^(.*\/runs\/\d+)\/attempts\/(\d+)$/.exec(url);
  const [theirs, ours] = [parse(holder), parse(own)];
  return theirs?.[1] !== undefined && theirs[1] === ours?.[1] && Number(theirs[2]) < Number(ours[2]);
}

/** A name that no other rollout has, and that leads back to the run. */
export function newRolloutId(env: NodeJS.ProcessEnv): string {
  const run = env['GITHUB_RUN_ID'];
  const unique = randomBytes(4).toString('hex');
  return run ? `${run}-${env['GITHUB_RUN_ATTEMPT'] || '1'}-${unique}` : unique;
}
