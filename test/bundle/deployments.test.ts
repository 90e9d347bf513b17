import { expect, test } from 'vitest';
import { onEnvironment, SHA } from '../github/on-environment.ts';
import { PROMOTED } from './world.ts';

test('a release is told to its GitHub environment, from its first step to its end', async () => {
  await onEnvironment({ scale: 300 }, async ({ github, release, states }) => {
    const step = await release();
    expect(step.code, step.log).toBe(0);
    expect(step.log).not.toContain('not up to date');
    const [deployment] = github.deployments;
    expect(step.outputs['deployment-id']).toBe(String(deployment?.id));
    expect(deployment).toMatchObject({
      sha: SHA,
      task: 'deploy:prod/web',
      environment: 'production',
      payload: {
        cluster: 'prod',
        service: 'web',
        taskDefinition: 'web:2',
        rollout: step.outputs['rollout-id'],
      },
    });
    expect(states()).toEqual(['success']);
    expect(deployment?.statuses.at(-1)).toEqual({
      state: 'success',
      description: 'web:2 is promoted and has all the traffic',
      log_url: 'https://github.com/org/web/actions/runs/1001',
      environment_url: 'https://shop.example.com',
    });
    expect(deployment?.statuses.map(({ description }) => description).join('\n')).toMatch(
      /^50% since 12:\d\d UTC, /m,
    );
    return PROMOTED;
  });
});
