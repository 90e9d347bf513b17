import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readInputs } from '../../src/actions/plan/inputs.ts';
import { ConfigError } from '../../src/errors.ts';

const ACTIONS = resolve(import.meta.dirname, '../../actions');

type Declared = Readonly<Record<string, { readonly default?: string }>>;

const declared = (action: string): Declared =>
  (parse(readFileSync(join(ACTIONS, action, 'action.yml'), 'utf8')) as { inputs: Declared }).inputs;

it.each([
  // Nothing is written, and no value is told in a comment.
  ['render-task-definition', ['output-file', 'show-values']],
  // What is released is rendered here, and nothing is deployed to an environment.
  ['canary', ['task-definition', 'dry-run', 'environment', 'environment-url']],
])('takes every input of %s, by the same name and with the same default', (action, others) => {
  const own = declared('plan');
  const defaults = (of: Declared) =>
    Object.fromEntries(Object.entries(of).map(([name, { default: value = '' }]) => [name, value]));
  const wanted = Object.entries(defaults(declared(action))).filter(([name]) => !others.includes(name));
  expect(defaults(own)).toMatchObject(Object.fromEntries(wanted));
  expect(Object.keys(own)).not.toContain(others[1]);
});

const read = (given: Readonly<Record<string, string>>) => {
  const defaults = Object.entries(declared('plan')).map(([name, { default: value = '' }]) => [name, value]);
  const inputs: Readonly<Record<string, string>> = { ...Object.fromEntries(defaults), ...given };
  return readInputs(
    (name) => inputs[name] ?? '',
    import.meta.dirname,
    () => {
      throw new Error('no stack is asked for');
    },
    'eu-west-1',
  );
};

it('renders what the service runs, unless another source is named', async () => {
  const service = { cluster: 'prod', service: 'web' };
  expect((await read(service)).render).toMatchObject({ source: { kind: 'service', ...service }, service });
  const file = await read({ ...service, 'task-definition': 'task.json', title: 'the shop' });
  expect(file.render).toMatchObject({ source: { kind: 'file', path: 'task.json' }, service });
  expect(file.title).toBe('the shop');
  expect((await read(service)).title).toBe('prod/web');
  const arn = 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod';
  expect((await read({ ...service, cluster: arn })).title).toBe('prod/web');
});

it('names what is wrong in the definition and in the rollout at once', async () => {
  const wrong = { cluster: 'prod', service: 'web', image: '', steps: 'some', comment: 'maybe' };
  const error: unknown = await read(wrong).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  const inputs = (error as ConfigError).problems.map(({ input }) => input);
  expect(inputs).toEqual(['steps line 1', 'image', 'comment']);
});

it('takes the config file of a release, with the environment that it names', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-plan-'));
  try {
    const path = join(directory, 'canary.yml');
    writeFileSync(
      path,
      'environment: production\nenvironment-url: https://shop.example.com\nsteps: 50% for 5m\n',
    );
    const { rollout } = await read({ cluster: 'prod', service: 'web', config: path });
    expect(rollout.plan[0]).toMatchObject({ weight: 50 });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('tells no values, whatever is asked for', async () => {
  const inputs = await read({ cluster: 'prod', service: 'web', 'show-values': 'true' });
  expect(inputs.render.showValues).toBe(false);
});
