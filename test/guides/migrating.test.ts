import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const PATH = resolve(import.meta.dirname, '../../.github/guides/migrating.md');
const GUIDE = readFileSync(PATH, 'utf8');

/** Inputs and outputs of the official actions, as their action.yml has them at the versions that the guide names. */
const OFFICIAL = {
  'amazon-ecr-login': {
    version: 'v2.1.7',
    inputs: ['http-proxy', 'mask-password', 'registries', 'registry-type', 'skip-logout'],
    outputs: ['registry'],
  },
  'amazon-ecs-render-task-definition': {
    version: 'v1.9.0',
    inputs: [
      'task-definition',
      'task-definition-arn',
      'task-definition-family',
      'task-definition-revision',
      'container-name',
      'image',
      'environment-variables',
      'log-configuration-log-driver',
      'log-configuration-options',
      'docker-labels',
      'command',
      'task-role-arn',
      'execution-role-arn',
      'env-files',
      'secrets',
    ],
    outputs: ['task-definition'],
  },
  'amazon-ecs-deploy-task-definition': {
    version: 'v2.6.3',
    inputs: [
      'task-definition',
      'desired-count',
      'service',
      'cluster',
      'wait-for-service-stability',
      'wait-for-minutes',
      'wait-max-delay-seconds',
      'codedeploy-appspec',
      'codedeploy-application',
      'codedeploy-deployment-group',
      'codedeploy-deployment-description',
      'codedeploy-deployment-config',
      'force-new-deployment',
      'service-managed-ebs-volume-name',
      'service-managed-ebs-volume',
      'run-task',
      'run-task-container-overrides',
      'run-task-security-groups',
      'run-task-subnets',
      'run-task-assign-public-IP',
      'run-task-capacity-provider-strategy',
      'run-task-launch-type',
      'run-task-started-by',
      'run-task-tags',
      'run-task-managed-ebs-volume-name',
      'run-task-managed-ebs-volume',
      'wait-for-task-stopped',
      'enable-ecs-managed-tags',
      'propagate-tags',
      'keep-null-value-keys',
      'max-retries',
    ],
    outputs: ['task-definition-arn', 'codedeploy-deployment-id', 'run-task-arn'],
  },
};

/** Names of this suite's own inputs and outputs. */
function declared(action: string, kind: 'inputs' | 'outputs'): readonly string[] {
  const file = resolve(import.meta.dirname, '../../actions', action, 'action.yml');
  const text = parse(readFileSync(file, 'utf8')) as Readonly<Record<string, object | undefined>>;
  return Object.keys(text[kind] ?? {});
}

/** First cells of a table's rows, and the second ones. */
const rows = (text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name = '', here = '']) => [name, here]);

const partOf = (action: string): string =>
  GUIDE.split(`<!-- ${action} -->`)[1]?.split(`<!-- /${action} -->`)[0] ?? '';

describe.each(Object.entries(OFFICIAL))('who comes from %s', (action, { version, inputs, outputs }) => {
  const [taken = '', given = ''] = partOf(action).split('| Output | Here |');

  it('finds every input and every output, in the order of its action.yml', () => {
    expect(rows(taken).map(([name]) => name)).toEqual(inputs);
    expect(rows(given).map(([name]) => name)).toEqual(outputs);
  });

  it('learns which version was read', () => {
    expect(GUIDE).toContain(`${action} ${version}`);
  });
});

it('render-task-definition has the inputs and outputs of the official action by their names', () => {
  const { inputs, outputs } = OFFICIAL['amazon-ecs-render-task-definition'];
  expect(declared('render-task-definition', 'inputs')).toEqual(expect.arrayContaining(inputs));
  expect(declared('render-task-definition', 'outputs')).toEqual(expect.arrayContaining(outputs));
});

it('the inputs of this suite that the tables name are there', () => {
  const own = rows(Object.keys(OFFICIAL).map(partOf).join('\n'));
  const named = own.flatMap(([, here]) =>
    // `a`, `b` and `c` of `action`
    [...here.matchAll(/(`[^.;|]+) of `([\w-]+)`/g)].flatMap(([, list = '', action = '']) =>
      [...list.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => ({ action, name })),
    ),
  );
  expect(named.length).toBeGreaterThan(10);
  for (const action of new Set(named.map((each) => each.action))) {
    const names = named.filter((each) => each.action === action).map(({ name }) => name);
    const there = [...declared(action, 'inputs'), ...declared(action, 'outputs')];
    expect(there, action).toEqual(expect.arrayContaining(names));
  }
});

it('its links lead somewhere', () => {
  const anchors = [...GUIDE.matchAll(/^#+ (.+)$/gm)].map(
    ([, title = '']) =>
      `#${title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/\s/g, '-')}`,
  );
  for (const [, target = ''] of GUIDE.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith('#')) expect(anchors).toContain(target);
    else expect(existsSync(resolve(dirname(PATH), target)), target).toBe(true);
  }
});
