import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { describeChanges } from '../../src/taskdef/changes.ts';
import { clean } from '../../src/taskdef/clean.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';
import { type ContainerSettings, render } from '../../src/taskdef/render.ts';
import { anyDefinition, WEB, WORKER } from './definitions.ts';

const problemsOf = (definition: TaskDefinition, settings: readonly ContainerSettings[]) => {
  try {
    render(definition, settings);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ input, message }) => `${input}: ${message}`);
    throw error;
  }
  return [];
};

const app = { container: 'app', input: 'container-name' };

describe('render', () => {
  it('puts an image into the named container and leaves all else as it was', () => {
    const { definition, changes } = render(WEB, [{ ...app, image: 'web:2' }]);
    const [first, ...others] = WEB.containerDefinitions;
    expect(definition).toEqual({ ...WEB, containerDefinitions: [{ ...first, image: 'web:2' }, ...others] });
    expect(describeChanges(changes)).toEqual([
      'app: image web:2 (was 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1)',
    ]);
  });

  it('puts images into several containers at once', () => {
    const settings = ['app', 'proxy'].map((container) => ({
      container,
      input: 'images',
      image: `${container}:2`,
    }));
    expect(render(WEB, settings).definition.containerDefinitions.map(({ image }) => image)).toEqual([
      'app:2',
      'proxy:2',
    ]);
  });

  it('needs no name where there is only one container', () => {
    const { definition } = render(WORKER, [
      { container: undefined, input: 'container-name', image: 'worker:2' },
    ]);
    expect(definition.containerDefinitions).toEqual([{ name: 'job', image: 'worker:2', memory: 256 }]);
  });

  it('replaces a variable in its place, adds a new one at the end, and says which without their values', () => {
    const environment = new Map([
      ['NEW', 'fresh-value'],
      ['LOG_LEVEL', 'debug-value'],
      ['PORT', '8080'],
    ]);
    const { definition, changes } = render(WEB, [{ ...app, environment }]);
    expect(definition.containerDefinitions[0]?.environment).toEqual([
      { name: 'LOG_LEVEL', value: 'debug-value' },
      { name: 'PORT', value: '8080' },
      { name: 'NEW', value: 'fresh-value' },
    ]);
    expect(describeChanges(changes)).toEqual([
      'app: environment NEW added',
      'app: environment LOG_LEVEL changed',
      'app: environment PORT unchanged',
    ]);
  });

  it('moves a name between variables and secrets, which ECS does not let share one', () => {
    const settings = {
      ...app,
      environment: new Map([['DB_PASSWORD', 'local']]),
      secrets: new Map([['PORT', 'arn:aws:ssm:eu-west-1:111122223333:parameter/port']]),
    };
    const { definition, changes } = render(WEB, [settings]);
    expect(definition.containerDefinitions[0]).toMatchObject({
      environment: [
        { name: 'LOG_LEVEL', value: 'info' },
        { name: 'DB_PASSWORD', value: 'local' },
      ],
      secrets: [{ name: 'PORT', valueFrom: 'arn:aws:ssm:eu-west-1:111122223333:parameter/port' }],
    });
    expect(describeChanges(changes)).toEqual([
      'app: environment DB_PASSWORD takes the place of the secret of that name',
      'app: secret PORT takes the place of the plain variable of that name',
    ]);
  });

  it('leaves one entry where the definition names a variable twice', () => {
    const environment = [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ];
    const twice = { ...WORKER, containerDefinitions: [{ name: 'job', environment }] };
    const { definition } = render(twice, [
      { container: 'job', input: 'container-name', environment: new Map([['A', '1']]) },
    ]);
    expect(definition.containerDefinitions).toEqual([
      { name: 'job', environment: [{ name: 'A', value: '1' }] },
    ]);
  });

  it('reports every setting that fits nowhere, naming the containers there are', () => {
    const settings = [
      { container: undefined, input: 'container-name', image: 'web:2' },
      { container: 'api', input: 'images', image: 'api:2' },
      { container: 'app', input: 'images', image: 'web:2' },
      { container: 'app', input: 'image', image: 'web:3' },
    ];
    expect(problemsOf(WEB, settings)).toEqual([
      'container-name: is required, because task definition web has several containers; name one of app, proxy',
      'images: task definition web has no container "api"; it has app, proxy',
      'image: container "app" is to get two images, web:2 and web:3; keep one of them',
    ]);
  });

  it('refuses a name that is given as a variable and as a secret', () => {
    const both = new Map([['TOKEN', 'x']]);
    expect(problemsOf(WEB, [{ ...app, environment: both, secrets: both }])).toEqual([
      'container-name: TOKEN is given as a plain variable and as a secret; keep one of them',
    ]);
  });

  it('changes nothing when it renders its own result again', () => {
    const values = fc.dictionary(fc.stringMatching(/^[A-Z]{1,3}$/), fc.string(), { maxKeys: 4 });
    fc.assert(
      fc.property(anyDefinition, values, values, fc.nat(), (definition, environment, secrets, pick) => {
        const { containerDefinitions } = definition;
        const settings: ContainerSettings = {
          container: containerDefinitions[pick % containerDefinitions.length]?.name,
          input: 'container-name',
          image: 'web:2',
          environment: new Map(Object.entries(environment)),
          secrets: new Map(Object.entries(secrets).filter(([name]) => !Object.hasOwn(environment, name))),
        };
        const once = render(clean(definition), [settings]).definition;
        expect(render(clean(once), [settings]).definition).toEqual(once);
      }),
    );
  });
});

describe('describeChanges', () => {
  it('keeps an image of the file on its line, where a line end could start a command to the runner', () => {
    const [line] = describeChanges([{ kind: 'image', container: 'app', from: 'a\n::error::b', to: 'c' }]);
    expect(line).toBe('app: image c (was a ::error::b)');
  });
});
