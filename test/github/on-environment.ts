import { expect } from 'vitest';
import type { Job, RunningStep, StepResult } from '../../src/runner/start-action.ts';
import { type Ending, inWorld, type TestWorld, type WorldOptions } from '../bundle/world.ts';
import { BOT, type Exchange, type GithubOptions, type GithubServer, startGithub } from './github-server.ts';

type Inputs = Readonly<Record<string, string>>;

export interface Stage {
  readonly world: TestWorld;
  readonly github: GithubServer;
  /** A job of a run of the commit `sha`. */
  readonly job: (run?: string, sha?: string, attempt?: number) => Job;
  /** Starts a release of web:2 to the environment production. */
  readonly start: (inputs?: Inputs, job?: Job) => RunningStep;
  readonly release: (inputs?: Inputs, job?: Job) => Promise<StepResult>;
  readonly rollback: (inputs?: Inputs, job?: Job) => Promise<StepResult>;
  /**
   * The ends of each deployment in turn, without those that follow the same one; `in_progress` where it has none. What
   * goes on in between may be passed over on a busy machine.
   */
  readonly states: () => readonly string[];
}

export const SHA = 'a'.repeat(40);
const GIVEN = {
  environment: 'production',
  'environment-url': 'https://shop.example.com',
  'github-token': 'secret',
};

/** A web shop, and a GitHub that shows its environment. */
export async function onEnvironment(
  {
    github: options = {},
    check,
    ...world
  }: WorldOptions & {
    readonly github?: GithubOptions;
    readonly check?: (exchange: Exchange) => readonly string[];
  },
  play: (stage: Stage) => Promise<Ending>,
): Promise<void> {
  const github = await startGithub({
    tokens: { secret: BOT, reader: { ...BOT, may: 'read' } },
    ...options,
    ...(check && { check }),
  });
  try {
    await inWorld(world, async (shop) => {
      const job: Stage['job'] = (run, sha = SHA, attempt = 1) => {
        const made = shop.job(run, attempt);
        Object.assign(made.env, { GITHUB_SHA: sha, GITHUB_API_URL: github.url });
        return made;
      };
      const start: Stage['start'] = (inputs, on = job()) =>
        shop.start({ gates: 'crashes = 0', steps: '50% for 1m', ...GIVEN, ...inputs }, on);
      return play({
        world: shop,
        github,
        job,
        start,
        release: (inputs, on) => start(inputs, on).done,
        rollback: (inputs, on = job('2001')) =>
          on.run('rollback', { cluster: 'prod', service: 'web', ...GIVEN, ...inputs }),
        states: () =>
          github.deployments.map(({ statuses }) => {
            const all = statuses.map(({ state }) => state);
            const ends = all.filter((state, index) => state !== 'in_progress' || index === all.length - 1);
            return ends.filter((state, index) => state !== ends[index - 1]).join(' ');
          }),
      });
    });
    expect(github.problems).toEqual([]);
  } finally {
    await github.close();
  }
}
