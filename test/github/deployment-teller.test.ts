import { describe, expect, it } from 'vitest';
import { scaledClock } from '../../src/clock.ts';
import { DeploymentTeller, type Told } from '../../src/github/deployment-teller.ts';
import { deploymentStatus } from '../../src/report/deployment-status.ts';
import { type GithubOptions, type GithubServer, startGithub } from './github-server.ts';

const going = (text: string) => deploymentStatus('in_progress', text);
/** Seconds of real time. */
const LONG = 5_000_000;
const SUCCESS = deploymentStatus('success', 'promoted');

async function telling(
  options: GithubOptions,
  play: (teller: DeploymentTeller, github: GithubServer, kept: readonly Told[]) => Promise<void>,
  { keep = (_: Told): void => undefined, scale = 1_000 } = {},
): Promise<void> {
  const github = await startGithub(options);
  const kept: Told[] = [];
  const teller = new DeploymentTeller({
    origin: { kind: 'new', task: 'deploy', rollout: 'mine', taskDefinition: 'web:2' },
    place: {
      owner: 'org',
      repository: 'web',
      environment: 'production',
      environmentUrl: undefined,
      logUrl: undefined,
      sha: 'a'.repeat(40),
    },
    subject: { region: 'eu-west-1', cluster: 'prod', service: 'web' },
    access: {
      token: 'secret',
      env: { GITHUB_API_URL: github.url },
      clock: scaledClock(Date.now(), 0, scale),
    },
    keep: (told) => {
      kept.push(told);
      keep(told);
    },
  });
  try {
    teller.start();
    await play(teller, github, kept);
  } finally {
    await github.close();
  }
}

const told = ({ deployments }: GithubServer): readonly string[] =>
  deployments[0]?.statuses.map(({ description }) => description) ?? [];

describe.concurrent('what is told in the background', () => {
  it('gives way to what comes after it, and ends with the last word', async () => {
    await telling({}, async (teller, github, kept) => {
      for (let index = 0; index < 100; index++) teller.say(going(`step ${index}`));
      teller.say(SUCCESS);
      teller.say(going('too late'));
      teller.say(deploymentStatus('failure', 'too late'));
      expect(await teller.end(LONG)).toEqual({ id: 5_000 });
      expect(told(github)).toEqual(['promoted']);
      expect(kept.at(-1)).toEqual({ id: 5_000, last: SUCCESS, done: true });
    });
  });

  it('is each thing once, and no more than one in half a minute but for the last', async () => {
    await telling(
      {},
      async (teller, github) => {
        teller.say(going('one'));
        await expect.poll(() => told(github)).toEqual(['one']);
        teller.say(going('one'));
        teller.say(going('two'));
        teller.say(going('three'));
        teller.say(SUCCESS);
        await teller.end(LONG);
        expect(told(github)).toEqual(['one', 'promoted']);
      },
      { scale: 100 },
    );
  });

  it('is not waited for when GitHub is silent', async () => {
    await telling({ before: () => new Promise<void>(() => undefined) }, async (teller, github, kept) => {
      teller.say(SUCCESS);
      const { id, trouble } = await teller.end(50_000);
      expect(id).toBeUndefined();
      expect(String(trouble)).toContain('did not answer in time');
      expect(told(github)).toEqual([]);
      expect(kept.at(-1)).toEqual({ id: undefined, last: SUCCESS, done: false });
    });
  });

  it('throws nothing when the disk is full', async () => {
    const keep = (): void => {
      throw new Error('ENOSPC');
    };
    await telling(
      {},
      async (teller, github) => {
        teller.say(SUCCESS);
        expect(await teller.end(LONG)).toEqual({ id: 5_000 });
        expect(told(github)).toEqual(['promoted']);
      },
      { keep },
    );
  });

  it('is given up for good where the token may not', async () => {
    await telling({ tokens: {} }, async (teller, github, kept) => {
      teller.say(going('one'));
      await expect.poll(() => kept.at(-1)?.done).toBe(true);
      teller.say(SUCCESS);
      expect(String((await teller.end(LONG)).trouble)).toContain('Bad credentials');
      expect(github.calls).toHaveLength(1);
      expect(kept.at(-1)?.done).toBe(true);
    });
  });
});
