import { randomBytes } from 'node:crypto';

/** Who this run is to others: a URL on GitHub, or a plain word outside of it. */
export function holderOf(env: NodeJS.ProcessEnv): string {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  if (!server || !repository || !run) return `a run outside GitHub (process ${process.pid})`;
  return `${server}/${repository}/actions/runs/${run}/attempts/${env['GITHUB_RUN_ATTEMPT'] || '1'}`;
}

/** A name that no other rollout has, and that leads back to the run. */
export function newRolloutId(env: NodeJS.ProcessEnv): string {
  const run = env['GITHUB_RUN_ID'];
  const unique = randomBytes(4).toString('hex');
  return run ? `${run}-${env['GITHUB_RUN_ATTEMPT'] || '1'}-${unique}` : unique;
}
