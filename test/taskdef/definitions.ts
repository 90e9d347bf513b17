import fc from 'fast-check';
import type { Json, JsonObject, TaskDefinition } from '../../src/taskdef/definition.ts';

/** A definition of two containers with most of what teams write. */
export const WEB: TaskDefinition = {
  family: 'web',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '512',
  memory: '1024',
  executionRoleArn: 'arn:aws:iam::111122223333:role/execution',
  containerDefinitions: [
    {
      name: 'app',
      image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1',
      portMappings: [{ containerPort: 8080 }, { containerPort: 9090 }],
      environment: [
        { name: 'LOG_LEVEL', value: 'info' },
        { name: 'PORT', value: '8080' },
      ],
      secrets: [
        {
          name: 'DB_PASSWORD',
          valueFrom: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf',
        },
      ],
      healthCheck: { command: ['CMD-SHELL', 'curl -f http://localhost:8080/health'] },
    },
    {
      name: 'proxy',
      image: 'envoy:1',
      essential: false,
      dependsOn: [{ containerName: 'app', condition: 'HEALTHY' }],
    },
  ],
};

/** A definition of one container. */
export const WORKER: TaskDefinition = {
  family: 'worker',
  containerDefinitions: [{ name: 'job', image: 'worker:1', memory: 256 }],
};

const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const variable = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/);
const shuffled = <T>(items: T[]) => fc.shuffledSubarray(items, { minLength: items.length });

const container = fc
  .record(
    {
      image: fc.stringMatching(/^[a-z]{1,8}:[a-z0-9]{1,5}$/),
      cpu: fc.nat(4096),
      essential: fc.boolean(),
      command: fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 3 }),
      environment: fc.uniqueArray(
        fc.record({ name: variable, value: fc.string({ unit: 'grapheme', maxLength: 10 }) }),
        { selector: (entry) => entry.name, maxLength: 4 },
      ),
      secrets: fc.uniqueArray(fc.record({ name: variable, valueFrom: name }), {
        selector: (entry) => entry.name,
        maxLength: 3,
      }),
      portMappings: fc.uniqueArray(fc.record({ containerPort: fc.integer({ min: 1, max: 65_535 }) }), {
        selector: (port) => port.containerPort,
        maxLength: 3,
      }),
      dockerLabels: fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 3 }),
    },
    { requiredKeys: [] },
  )
  .map((fields) => fields as JsonObject);

/** Task definitions with any mixture of fields, as a file may hold them. */
export const anyDefinition: fc.Arbitrary<TaskDefinition> = fc
  .record({
    family: name,
    networkMode: fc.constantFrom('awsvpc', 'bridge', 'host'),
    cpu: fc.constantFrom('256', '1024'),
    tags: fc.uniqueArray(fc.record({ key: variable, value: name }), {
      selector: (tag) => tag.key,
      maxLength: 3,
    }),
    // JSON has no negative zero; YAML has.
    extra: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as typeof value),
    containers: fc.uniqueArray(fc.tuple(name, container), {
      selector: ([called]) => called,
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ containers, extra, ...rest }) => ({
    ...rest,
    futureField: extra as Json,
    containerDefinitions: containers.map(([called, fields]) => ({ ...fields, name: called })),
  }));

/** The same definition with its keys, its containers and their variables in another order. */
export const reordered = (definition: TaskDefinition): fc.Arbitrary<TaskDefinition> =>
  fc
    .tuple(
      shuffled(Object.keys(definition)),
      shuffled([...definition.containerDefinitions]),
      fc.infiniteStream(fc.boolean()),
    )
    .map(([keys, containers, coin]) => {
      const turned = <T>(items: readonly T[]): T[] => {
        const { value } = coin.next();
        return value === true ? [...items].reverse() : [...items];
      };
      const byKey = new Map(Object.entries(definition));
      return {
        ...Object.fromEntries(keys.map((key) => [key, byKey.get(key)])),
        family: definition.family,
        ...(definition.tags && { tags: turned(definition.tags) }),
        containerDefinitions: containers.map((item) => ({
          ...Object.fromEntries(turned(Object.entries(item))),
          name: item.name,
          ...(item.environment && { environment: turned(item.environment) }),
          ...(item.secrets && { secrets: turned(item.secrets) }),
        })),
      };
    });
