import { describe, expect, it } from 'vitest';
import { readDeploymentInputs } from '../../src/actions/github-deployments.ts';
import { InputReader } from '../../src/actions/input-reader.ts';
import type { ConfigError } from '../../src/errors.ts';
import {
  type Deployment,
  type Deployments,
  findOrMake,
  type Origin,
  readPayload,
  retireFormer,
  type Task,
} from '../../src/github/deployments.ts';

const SUBJECT = { region: 'eu-west-1', cluster: 'prod', service: 'web' };
type Known = readonly [id: number, taskDefinition: string, state: string | undefined, task?: Task];

/** GitHub as far as it is asked here; `made` and `said` tell what it was told. */
function githubOf(known: readonly Known[], { gone = [] as readonly string[] } = {}) {
  const made: string[] = [];
  const said: string[] = [];
  const states = new Map(known.map(([id, , state]) => [id, state]));
  const all = known.map(([id, taskDefinition, , task = 'deploy']) => ({
    task,
    deployment: {
      id,
      sha: `sha-of-${id}`,
      payload: { ...SUBJECT, rollout: `rollout-${id}`, taskDefinition },
    },
  }));
  const github: Deployments = {
    async make(task, sha, payload) {
      if (gone.includes(sha)) throw Object.assign(new Error(`No ref found for: ${sha}`), { status: 422 });
      made.push(`${task} ${sha} ${payload.taskDefinition}`);
      return { id: 100, sha, payload };
    },
    async list(task) {
      const found = all.filter((each) => each.task === task).map(({ deployment }) => deployment);
      return found.sort((a, b) => b.id - a.id);
    },
    stateOf: async (id) => states.get(id) as Awaited<ReturnType<Deployments['stateOf']>>,
    async say(id, { state, description }) {
      said.push(`${id} ${state}: ${description}`);
    },
  };
  const find = (origin: Origin, again = false): Promise<Deployment | undefined> =>
    findOrMake(origin, { sha: 'sha-of-run' }, SUBJECT, github, again);
  return { github, made, said, find };
}

describe('the deployment of a rollout that was left', () => {
  const former = {
    kind: 'former',
    rollout: 'rollout-2',
    taskDefinition: 'web:2',
    otherwise: 'none',
  } as const;

  it('is the one that names the rollout', async () => {
    const { find } = githubOf([
      [1, 'web:1', 'success'],
      [2, 'web:2', 'in_progress'],
      [3, 'web:2', 'error'],
    ]);
    expect(await find(former)).toMatchObject({ id: 2, state: 'in_progress' });
  });

  it.each([
    ['in_progress', 2],
    [undefined, 2],
    ['failure', undefined],
    ['success', undefined],
  ])(
    'is the newest of its revision where another run has had it since, unless that is %s',
    async (state, id) => {
      const { find } = githubOf([
        [1, 'web:2', 'inactive'],
        [2, 'web:2', state],
      ]);
      expect((await find({ ...former, rollout: 'of another run' }))?.id).toBe(id);
    },
  );

  it('is a new one where it is to be gone on with and there is none', async () => {
    const { find, made } = githubOf([]);
    expect(await find({ ...former, otherwise: { rollout: 'mine' } })).toMatchObject({
      id: 100,
      payload: { rollout: 'mine' },
    });
    expect(made).toEqual(['deploy sha-of-run web:2']);
  });
});

describe('a deployment that goes back', () => {
  const back = { kind: 'back', rollout: 'mine', taskDefinition: 'web:1' } as const;

  it.each<readonly [string, readonly Known[], string]>([
    [
      'that the revision was deployed from',
      [
        [1, 'web:1', 'inactive'],
        [2, 'web:2', 'success'],
      ],
      'sha-of-1',
    ],
    [
      'of its newest deployment',
      [
        [1, 'web:1', 'inactive'],
        [3, 'web:1', 'inactive', 'rollback'],
      ],
      'sha-of-3',
    ],
    ['of the run where nobody knows it', [[2, 'web:2', 'success']], 'sha-of-run'],
  ])('is of the commit %s', async (_, known, sha) => {
    const { find, made } = githubOf(known);
    await find(back);
    expect(made).toEqual([`rollback ${sha} web:1`]);
  });

  it("is of the run's commit where the other one is gone", async () => {
    const { find, made } = githubOf([[1, 'web:1', 'inactive']], { gone: ['sha-of-1'] });
    await find(back);
    expect(made).toEqual(['rollback sha-of-run web:1']);
  });
});

describe('a deployment of what runs already', () => {
  const again = { kind: 'again', task: 'deploy', rollout: 'mine', taskDefinition: 'web:1' } as const;

  it('is the one that succeeded with it', async () => {
    const { find, made } = githubOf([[1, 'web:1', 'success']]);
    expect(await find(again)).toMatchObject({ id: 1, state: 'success' });
    expect(made).toEqual([]);
  });

  it.each(['success', 'in_progress', undefined])(
    'is one more where a run that was killed has left a later one: %s',
    async (state) => {
      const { find, made } = githubOf([
        [1, 'web:1', 'success'],
        [2, 'web:2', state],
        [3, 'web:3', 'failure'],
      ]);
      await find(again);
      expect(made).toEqual(['deploy sha-of-1 web:1']);
    },
  );

  it('is the one that succeeded with it also after others that failed', async () => {
    const { find, made } = githubOf([
      [1, 'web:1', 'success'],
      [2, 'web:2', 'failure'],
      [3, 'web:3', 'error', 'rollback'],
    ]);
    expect(await find(again)).toMatchObject({ id: 1 });
    expect(made).toEqual([]);
  });

  it('is one more of the same commit where that one is not active', async () => {
    const { find, made } = githubOf([
      [1, 'web:1', 'inactive'],
      [2, 'web:2', 'success'],
    ]);
    expect((await find(again))?.state).toBeUndefined();
    expect(made).toEqual(['deploy sha-of-1 web:1']);
  });
});

it('a deployment is not made twice when the answer was lost', async () => {
  const { find, made } = githubOf([[7, 'web:2', undefined]]);
  const origin = { kind: 'new', task: 'deploy', rollout: 'rollout-7', taskDefinition: 'web:2' } as const;
  expect(await find(origin, true)).toMatchObject({ id: 7 });
  expect(made).toEqual([]);
});

describe('what a success replaces', () => {
  const retired = async (...known: readonly Known[]) => {
    const { github, said } = githubOf(known);
    const payload = { ...SUBJECT, rollout: 'mine', taskDefinition: 'web:9' };
    await retireFormer({ id: 100, sha: 'x', payload }, github);
    return said;
  };

  it('becomes inactive: the success before it, and what was never ended', async () => {
    const said = await retired(
      [1, 'web:1', 'success'],
      [2, 'web:2', 'failure'],
      [3, 'web:3', 'in_progress'],
      [4, 'web:1', 'success', 'rollback'],
      [101, 'web:10', 'success'],
    );
    expect(said).toEqual([1, 3, 4].map((id) => `${id} inactive: Replaced by web:9`));
  });

  it('is not looked for any more once what was replaced before shows', async () => {
    const said = await retired([1, 'web:1', 'success'], [2, 'web:2', 'inactive'], [3, 'web:3', 'success']);
    expect(said).toEqual(['3 inactive: Replaced by web:9']);
  });
});

describe('a success after many deployments that failed', () => {
  it('replaces the success before them', async () => {
    const failed = Array.from({ length: 60 }, (_, index): Known => [index + 2, 'web:2', 'failure']);
    const { github, said } = githubOf([[1, 'web:1', 'success'], ...failed]);
    await retireFormer({ id: 100, sha: 'x', payload: { ...SUBJECT, rollout: 'mine' } }, github);
    expect(said).toEqual(['1 inactive: Replaced']);
  });
});

describe('the payload of a deployment', () => {
  const payload = { ...SUBJECT, rollout: '1', taskDefinition: 'web:1' };

  it.each([[payload], [JSON.stringify(payload)]])('is read as an object or a text: %j', (given) => {
    expect(readPayload(given)).toEqual(payload);
  });

  it.each([[''], ['{'], [null], [[]], [{ ...payload, region: 1 }], ['"web:1"']])(
    'of somebody else is none: %j',
    (given) => {
      expect(readPayload(given)).toBeUndefined();
    },
  );
});

describe('the inputs of a deployment', () => {
  const read = (inputs: Readonly<Record<string, string>>) => {
    const reader = new InputReader((name) => ({ 'github-token': 't', ...inputs })[name] ?? '');
    const deployment = readDeploymentInputs(reader);
    reader.finish();
    return deployment;
  };
  const problems = (inputs: Readonly<Record<string, string>>): readonly string[] => {
    try {
      read(inputs);
      return [];
    } catch (error) {
      return (error as ConfigError).problems.map(({ input }) => input);
    }
  };

  it('are none without an environment', () => {
    expect(read({})).toBeUndefined();
  });

  it('name the environment, and where it is to be seen', () => {
    expect(read({ environment: ' production ', 'environment-url': 'https://shop.example.com' })).toEqual({
      environment: 'production',
      url: 'https://shop.example.com',
      token: 't',
    });
  });

  it.each([
    [{ 'environment-url': 'https://shop.example.com' }, ['environment-url']],
    [{ environment: 'a\nb', 'environment-url': 'shop.example.com' }, ['environment', 'environment-url']],
    [{ environment: 'x'.repeat(256) }, ['environment']],
    [{ environment: 'a', 'environment-url': 'javascript:alert(1)' }, ['environment-url']],
    [{ environment: 'a', 'github-token': '' }, ['github-token']],
  ])('are refused where GitHub would refuse them: %j', (inputs, expected) => {
    expect(problems(inputs)).toEqual(expected);
  });
});
