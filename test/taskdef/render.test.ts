import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { clean } from '../../src/taskdef/clean.ts';
import type { ContainerDefinition, Json, JsonObject, TaskDefinition } from '../../src/taskdef/definition.ts';
import { diff } from '../../src/taskdef/diff.ts';
import { attemptRender, render } from '../../src/taskdef/render.ts';
import type { ContainerSettings, Replaceable, Settings, TaskSettings } from '../../src/taskdef/settings.ts';
import { validate } from '../../src/taskdef/validate.ts';
import { anyDefinition, WEB, WORKER } from './definitions.ts';

const containers = (...settings: readonly ContainerSettings[]): Settings => ({
  containers: settings,
  task: {},
});
const task = (settings: TaskSettings): Settings => ({ containers: [], task: settings });
const patch = (change: JsonObject): Settings => ({ containers: [], task: {}, patch: change });

const app = { container: 'app', input: 'container-name' };
const job = { container: 'job', input: 'container-name' };

/** The container `app` of WEB after these settings. */
const rendered = (
  settings: Omit<ContainerSettings, 'container' | 'input'>,
): ContainerDefinition | undefined =>
  render(WEB, containers({ ...app, ...settings })).definition.containerDefinitions[0];

/** A definition whose only container has these fields. */
const holding = (fields: JsonObject): TaskDefinition => ({
  ...WORKER,
  containerDefinitions: [{ ...fields, name: 'job' }],
});

const problemsOf = (definition: TaskDefinition, settings: Settings) => {
  try {
    render(definition, settings);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ input, message }) => `${input}: ${message}`);
    throw error;
  }
  return [];
};

describe('render', () => {
  it('puts an image into the named container and leaves all else as it was', () => {
    const [first, ...others] = WEB.containerDefinitions;
    expect(render(WEB, containers({ ...app, image: 'web:2' })).definition).toEqual({
      ...WEB,
      containerDefinitions: [{ ...first, image: 'web:2' }, ...others],
    });
  });

  it('puts images into several containers at once', () => {
    const settings = ['app', 'proxy'].map((container) => ({
      container,
      input: 'images',
      image: `${container}:2`,
    }));
    expect(
      render(WEB, containers(...settings)).definition.containerDefinitions.map(({ image }) => image),
    ).toEqual(['app:2', 'proxy:2']);
  });

  it('needs no name where there is only one container', () => {
    const { definition } = render(WORKER, containers({ ...job, container: undefined, image: 'worker:2' }));
    expect(definition.containerDefinitions).toEqual([{ name: 'job', image: 'worker:2', memory: 256 }]);
  });

  it('replaces a variable in its place and adds a new one at the end', () => {
    const environment = new Map([
      ['NEW', 'fresh'],
      ['LOG_LEVEL', 'debug'],
      ['PORT', '8080'],
    ]);
    expect(rendered({ environment })?.environment).toEqual([
      { name: 'LOG_LEVEL', value: 'debug' },
      { name: 'PORT', value: '8080' },
      { name: 'NEW', value: 'fresh' },
    ]);
  });

  it('moves a name between variables and secrets, which ECS does not let share one', () => {
    const valueFrom = 'arn:aws:ssm:eu-west-1:111122223333:parameter/port';
    expect(
      rendered({
        environment: new Map([['DB_PASSWORD', 'local']]),
        secrets: new Map([['PORT', valueFrom]]),
      }),
    ).toMatchObject({
      environment: [
        { name: 'LOG_LEVEL', value: 'info' },
        { name: 'DB_PASSWORD', value: 'local' },
      ],
      secrets: [{ name: 'PORT', valueFrom }],
    });
  });

  it('leaves one entry where the definition names a variable twice', () => {
    const twice = holding({
      environment: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ],
    });
    const { definition } = render(twice, containers({ ...job, environment: new Map([['A', '1']]) }));
    expect(definition.containerDefinitions).toEqual([
      { name: 'job', environment: [{ name: 'A', value: '1' }] },
    ]);
  });

  it('lets variables and secrets consist of what is given where they are to be replaced', () => {
    const replace = new Set<Replaceable>(['environment-variables']);
    const found = rendered({ environment: new Map([['PORT', '1']]), replace });
    expect(found?.environment).toEqual([{ name: 'PORT', value: '1' }]);
    expect(found?.secrets).toEqual(WEB.containerDefinitions[0]?.secrets);
  });

  it('takes variables and secrets away, and tells the names that are not there', () => {
    const settings = containers({ ...app, unset: ['PORT', 'DB_PASSWORD', 'NOT_THERE'] });
    const { definition, notThere } = render(WEB, settings);
    expect(definition.containerDefinitions[0]).toMatchObject({
      environment: [{ name: 'LOG_LEVEL', value: 'info' }],
      secrets: [],
    });
    expect(notThere).toEqual(['NOT_THERE']);
  });

  it('does not miss a name that one of several containers has', () => {
    const unset = ['PORT'];
    const settings = containers({ ...app, unset }, { ...app, container: 'proxy', unset });
    expect(render(WEB, settings).notThere).toEqual([]);
    expect(render(WEB, containers({ ...app, container: 'proxy', unset })).notThere).toEqual(unset);
  });

  it('keeps the name of a port that stays, and drops ports that are not given', () => {
    const named = holding({
      portMappings: [{ containerPort: 80, name: 'http', appProtocol: 'http2' }, { containerPort: 81 }],
    });
    const portMappings = [
      { containerPort: 80, protocol: 'tcp' },
      { containerPort: 53, protocol: 'udp' },
    ];
    const { definition } = render(named, containers({ ...job, portMappings }));
    expect(definition.containerDefinitions[0]?.portMappings).toEqual([
      { containerPort: 80, name: 'http', appProtocol: 'http2', protocol: 'tcp' },
      { containerPort: 53, protocol: 'udp' },
    ]);
  });

  it('puts fields of a health check over those that are there', () => {
    expect(rendered({ healthCheck: { interval: 10 } })?.healthCheck).toEqual({
      command: ['CMD-SHELL', 'curl -f http://localhost:8080/health'],
      interval: 10,
    });
  });

  it('names the input that a container without a health check needs', () => {
    const settings = containers({ ...job, healthCheck: { interval: 10, startPeriod: 5 } });
    expect(() => render(WORKER, settings)).toThrow(
      'health-check: is required with health-check-interval and health-check-start-period, because container "job" has no health check; give its command',
    );
    const check = { containerDefinitions: { job: { healthCheck: { command: ['NONE'] } } } };
    expect(
      render(WORKER, { ...settings, patch: check }).definition.containerDefinitions[0]?.healthCheck,
    ).toEqual({ interval: 10, startPeriod: 5, command: ['NONE'] });
  });

  it.each<[string, Json, Partial<ContainerSettings>]>([
    ['environment', { A: 'b' }, { environment: new Map([['A', '1']]) }],
    ['secrets', 'A', { secrets: new Map([['A', 'arn']]) }],
    ['healthCheck', ['CMD'], { healthCheck: { command: ['NONE'] } }],
    ['dockerLabels', ['a'], { dockerLabels: new Map([['a', 'b']]) }],
    ['logConfiguration', 'awslogs', { logOptions: new Map([['a', 'b']]) }],
  ])('keeps a %s that is not what it should be, for validation to tell', (field, value, settings) => {
    const source = holding({ [field]: value } as JsonObject);
    const { definition } = attemptRender(source, containers({ ...job, ...settings }));
    expect(definition.containerDefinitions[0]?.[field]).toEqual(value);
  });

  it.each<[string, Partial<ContainerSettings>, JsonObject]>([
    [
      'adds options to the driver that is there',
      { logOptions: new Map([['b', '2']]) },
      { logDriver: 'awslogs', options: { a: '1', b: '2' } },
    ],
    [
      'keeps the options under the same driver',
      { logDriver: 'awslogs' },
      { logDriver: 'awslogs', options: { a: '1' } },
    ],
    [
      'drops the options of another driver, which would not understand them',
      { logDriver: 'json-file', logOptions: new Map([['b', '2']]) },
      { logDriver: 'json-file', options: { b: '2' } },
    ],
    [
      'replaces the options',
      { logOptions: new Map([['b', '2']]), replace: new Set(['log-configuration-options'] as const) },
      { logDriver: 'awslogs', options: { b: '2' } },
    ],
  ])('%s', (_what, settings, expected) => {
    const source = holding({ logConfiguration: { logDriver: 'awslogs', options: { a: '1' } } });
    const { definition } = render(source, containers({ ...job, ...settings }));
    expect(definition.containerDefinitions[0]?.logConfiguration).toEqual(expected);
  });

  it('puts command, entry point, labels and environment files into the container', () => {
    expect(
      rendered({
        command: ['node', 'server.js'],
        entryPoint: [],
        dockerLabels: new Map([['team', 'a=b']]),
        environmentFiles: ['arn:aws:s3:::config/web.env'],
      }),
    ).toMatchObject({
      command: ['node', 'server.js'],
      entryPoint: [],
      dockerLabels: { team: 'a=b' },
      environmentFiles: [{ value: 'arn:aws:s3:::config/web.env', type: 's3' }],
    });
  });

  it('sets fields of the task, and tags by their keys', () => {
    const tagged = {
      ...WEB,
      tags: [
        { key: 'team', value: 'a' },
        { key: 'stage', value: 'x' },
      ],
    };
    const { definition } = render(
      tagged,
      task({ fields: { family: 'web-2', cpu: '1024' }, tags: new Map([['team', 'b']]) }),
    );
    expect(definition).toEqual({
      ...WEB,
      family: 'web-2',
      cpu: '1024',
      tags: [
        { key: 'stage', value: 'x' },
        { key: 'team', value: 'b' },
      ],
    });
    expect(render(tagged, task({ tags: new Map([['a', 'b']]), replaceTags: true })).definition.tags).toEqual([
      { key: 'a', value: 'b' },
    ]);
  });

  it('reports every setting that fits nowhere, naming the containers there are', () => {
    const settings = containers(
      { container: undefined, input: 'container-name', image: 'web:2' },
      { container: 'api', input: 'images', image: 'api:2' },
      { container: 'app', input: 'images', image: 'web:2' },
      { container: 'app', input: 'image', image: 'web:3' },
    );
    expect(problemsOf(WEB, settings)).toEqual([
      'container-name: is required, because task definition web has several containers; name one of app, proxy',
      'images: task definition web has no container "api"; it has app, proxy',
      'image: container "app" is to get two images, web:2 and web:3; keep one of them',
    ]);
  });

  it('leaves out what ECS would refuse', () => {
    expect(render({ ...WORKER, revision: 3, tags: [] }, containers()).definition).toEqual(WORKER);
  });
});

describe('a merge patch', () => {
  it('merges fields and removes those that are null, as RFC 7396 says', () => {
    const { definition } = render(WEB, patch({ cpu: null, runtimePlatform: { cpuArchitecture: 'ARM64' } }));
    const { cpu: _cpu, ...rest } = WEB;
    expect(definition).toEqual({ ...rest, runtimePlatform: { cpuArchitecture: 'ARM64' } });
  });

  it('changes, removes and adds containers by their names', () => {
    const { definition } = render(
      WEB,
      patch({
        containerDefinitions: { app: { cpu: 128, healthCheck: null }, proxy: null, log: { image: 'log:1' } },
      }),
    );
    const { healthCheck: _check, ...rest } = WEB.containerDefinitions[0] ?? { name: '' };
    expect(definition.containerDefinitions).toEqual([
      { ...rest, cpu: 128 },
      { name: 'log', image: 'log:1' },
    ]);
  });

  it('merges volumes by their names, and replaces any other list', () => {
    const source = { ...WORKER, volumes: [{ name: 'a', host: { sourcePath: '/a' } }] };
    const { definition } = render(
      source,
      patch({ volumes: { a: { configuredAtLaunch: true } }, requiresCompatibilities: ['EC2'] }),
    );
    expect(definition).toMatchObject({
      volumes: [{ name: 'a', host: { sourcePath: '/a' }, configuredAtLaunch: true }],
      requiresCompatibilities: ['EC2'],
    });
  });

  it('comes last', () => {
    const settings = {
      ...containers({ ...job, image: 'worker:2' }),
      patch: { containerDefinitions: { job: { image: 'worker:3' } } },
    };
    expect(render(WORKER, settings).definition.containerDefinitions[0]?.image).toBe('worker:3');
  });

  it('must leave a task definition', () => {
    expect(
      problemsOf(WORKER, patch({ containerDefinitions: { job: { environment: 'A=1' } }, family: 3 })),
    ).toEqual([
      'merge-patch: after it, the family is a number, not a text',
      'merge-patch: after it, environment of container "job" is a text; write a list of { name, value }',
    ]);
  });

  it('takes a key that every object has for a key like others', () => {
    const { definition } = render(WORKER, patch(JSON.parse('{"__proto__":{"a":1},"constructor":"x"}')));
    expect(Object.hasOwn(definition, '__proto__')).toBe(true);
    expect(definition['constructor']).toBe('x');
    expect(({} as JsonObject)['a']).toBeUndefined();
  });
});

const word = fc.stringMatching(/^[A-Z]{1,3}$/);
const values = fc
  .dictionary(word, fc.string(), { maxKeys: 4 })
  .map((record) => new Map(Object.entries(record)));

/** Any settings that contradict neither each other nor a definition of these containers. */
const anySettings = (definition: TaskDefinition): fc.Arbitrary<Settings> =>
  fc
    .record(
      {
        image: fc.stringMatching(/^[a-z]{1,8}:[a-z0-9]{1,5}$/),
        environment: values,
        secrets: values,
        unset: fc.array(word, { maxLength: 3 }),
        command: fc.array(fc.string(), { maxLength: 3 }),
        entryPoint: fc.array(fc.string(), { maxLength: 3 }),
        environmentFiles: fc.array(fc.string(), { maxLength: 2 }),
        portMappings: fc.array(
          fc.record({
            containerPort: fc.integer({ min: 1, max: 9 }),
            protocol: fc.constantFrom('tcp', 'udp'),
          }),
          { maxLength: 3 },
        ),
        healthCheck: fc.record(
          { command: fc.constant(['NONE']), interval: fc.nat(300), retries: fc.nat(10) },
          { requiredKeys: ['command'] },
        ),
        logDriver: fc.constantFrom('awslogs', 'json-file'),
        logOptions: values,
        dockerLabels: values,
        replace: fc
          .subarray<Replaceable>([
            'environment-variables',
            'secrets',
            'log-configuration-options',
            'docker-labels',
          ])
          .map((names) => new Set(names)),
      },
      { requiredKeys: [] },
    )
    .chain((settings) =>
      fc.record({
        containers: fc
          .subarray(
            definition.containerDefinitions.map(({ name }) => name),
            { minLength: 1 },
          )
          .map((names) =>
            names.map((container) => {
              const taken = new Set([...(settings.environment?.keys() ?? []), ...(settings.unset ?? [])]);
              const secrets = new Map([...(settings.secrets ?? [])].filter(([name]) => !taken.has(name)));
              return { ...settings, secrets, container, input: 'container-name' };
            }),
          ),
        task: fc.record(
          {
            fields: fc.record({ cpu: fc.constantFrom('256', '1 vCPU') }, { requiredKeys: [] }),
            tags: values,
            replaceTags: fc.boolean(),
          },
          { requiredKeys: [] },
        ),
        patch: fc
          .tuple(
            fc.dictionary(fc.constantFrom('futureField', 'other'), fc.jsonValue({ maxDepth: 3 })),
            fc.dictionary(
              fc.constantFrom('added', definition.containerDefinitions[0]?.name ?? ''),
              fc.dictionary(fc.constantFrom('ulimits', 'cpu', 'extra'), fc.jsonValue({ maxDepth: 2 })),
            ),
          )
          .map(([fields, byName]) => ({ ...fields, containerDefinitions: byName }) as JsonObject),
      }),
    );

describe('rendering what was rendered', () => {
  it('changes nothing', () => {
    fc.assert(
      fc.property(
        anyDefinition.chain((definition) => fc.tuple(fc.constant(definition), anySettings(definition))),
        ([definition, settings]) => {
          const once = render(definition, settings).definition;
          expect(render(once, settings).definition).toEqual(once);
          expect(clean(once)).toEqual(once);
        },
      ),
    );
  });
});

describe('rendering what is not what it should be', () => {
  it('fails neither by itself nor in what comes after it', () => {
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(
        fc.dictionary(
          fc.constantFrom('name', 'value', 'key', 'containerPort'),
          fc.jsonValue({ maxDepth: 1 }),
        ),
      ),
    );
    const container = fc.dictionary(
      fc.constantFrom(
        ...['name', 'image', 'environment', 'secrets', 'portMappings', 'healthCheck', 'dockerLabels'],
        ...['logConfiguration', 'environmentFiles', 'command'],
      ),
      odd,
    );
    const broken = fc.tuple(
      fc.dictionary(fc.constantFrom('family', 'tags', 'volumes', 'cpu', 'containerDefinitions'), odd),
      fc.option(fc.array(fc.oneof(container, odd), { maxLength: 3 })),
    );
    fc.assert(
      fc.property(
        broken,
        anyDefinition.chain(anySettings),
        fc.constantFrom(undefined, 'app'),
        ([fields, list], settings, name) => {
          const source = { ...fields, ...(list && { containerDefinitions: list }) } as JsonObject;
          const renamed = settings.containers.map((setting) => ({ ...setting, container: name }));
          const { definition, otherwise } = attemptRender(source as TaskDefinition, {
            ...settings,
            containers: renamed,
          });
          for (const result of [definition, ...(otherwise ? [otherwise] : [])]) {
            expect(Array.isArray(validate(result, { requireDigest: true }))).toBe(true);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('can be compared where rendering relies on nothing that is wrong', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('tags', 'volumes', 'cpu'), (value, field) => {
        const source = { ...WEB, [field]: value } as JsonObject as TaskDefinition;
        const { definition } = attemptRender(source, {
          ...containers(),
          task: { tags: new Map([['a', 'b']]) },
        });
        expect(typeof diff(WEB, definition).changed).toBe('boolean');
      }),
    );
  });
});
