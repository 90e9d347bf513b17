import { describe, expect, test } from 'vitest';
import type { ActionContext } from '../../src/actions/action.ts';
import { type Announcer, announcerOf } from '../../src/actions/github-deployments.ts';
import { scaledClock } from '../../src/clock.ts';
import type { Origin } from '../../src/github/deployments.ts';
import { deploymentStatus } from '../../src/report/deployment-status.ts';
import { startGithub } from '../github/github-server.ts';
import { QUIET } from './quiet-reporter.ts';

const DEPLOYMENT = { environment: 'production', url: undefined, token: 'secret' };
const OURS: Origin = { kind: 'new', task: 'deploy', rollout: 'ours', taskDefinition: 'web:2' };

/** Plays a step that ends by an error, and tells the last status of each deployment that GitHub has then. */
async function failing(
  play: (announcer: Announcer) => void,
  error: unknown = new Error('no tasks'),
): Promise<readonly string[]> {
  const github = await startGithub();
  const context: ActionContext = {
    input: () => '',
    reporter: QUIET,
    clock: scaledClock(Date.now(), 0, 1_000),
    env: { GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'org/web', GITHUB_SHA: 'a'.repeat(40) },
    cancelled: new AbortController().signal,
  };
  const announced = { cluster: 'prod', service: 'web', deployment: DEPLOYMENT };
  try {
    const announcer = await announcerOf(context, announced, { task: 'deploy', keep: false });
    play(announcer);
    await announcer.failed(error);
    return github.deployments.map(({ statuses }) => {
      const { state, description } = statuses.at(-1) ?? {};
      return `${state}: ${description}`;
    });
  } finally {
    await github.close();
  }
}

describe.concurrent('a step that ends by an error', () => {
  test('before it has begun a deployment makes one that says so', async () => {
    expect(await failing(() => undefined)).toEqual(['error: no tasks']);
  });

  test('fails the deployment that it has begun', async () => {
    expect(await failing((announcer) => announcer.begin(OURS))).toEqual(['failure: no tasks']);
  });

  test('adds nothing to a deployment that it has ended', async () => {
    const takenOver = new Error('taken over', { cause: Object.assign(new Error(), { name: 'TakenOver' }) });
    for (const error of [new Error('no tasks'), takenOver]) {
      const states = await failing((announcer) => {
        announcer.begin(OURS);
        announcer.say(deploymentStatus('failure', 'taken back'));
      }, error);
      expect(states).toEqual(['failure: taken back']);
    }
  });

  test('once it has ended the rollout of a former run makes one for what it was to deploy itself', async () => {
    const states = await failing((announcer) => {
      announcer.begin({ ...OURS, rollout: 'theirs' });
      announcer.say(deploymentStatus('failure', 'taken back'));
      announcer.begin({ kind: 'former', rollout: 'theirs', taskDefinition: 'web:2', otherwise: 'none' });
      announcer.say(deploymentStatus('failure', 'taken back by another run'));
    });
    expect(states).toEqual([expect.stringContaining('failure: '), 'error: no tasks']);
  });

  test('adds nothing to the rollout of a former run that it has gone on with and ended', async () => {
    const states = await failing((announcer) => {
      announcer.begin({
        kind: 'former',
        rollout: 'x',
        taskDefinition: 'web:2',
        otherwise: { rollout: 'ours' },
      });
      announcer.say(deploymentStatus('success', 'promoted'));
    });
    expect(states).toEqual(['success: promoted']);
  });
});
