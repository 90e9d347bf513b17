import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean } from '../../src/taskdef/clean.ts';
import type { JsonObject, TaskDefinition } from '../../src/taskdef/definition.ts';
import { sameDefinition } from '../../src/taskdef/equal.ts';
import { anyDefinition, reordered, WEB } from './definitions.ts';

const one = (container: JsonObject, rest: JsonObject = {}): TaskDefinition => ({
  family: 'web',
  networkMode: 'awsvpc',
  ...rest,
  containerDefinitions: [{ ...container, name: 'app' }],
});

describe('sameDefinition', () => {
  it('takes every definition for the same as itself, cleaned or not', () => {
    fc.assert(
      fc.property(anyDefinition, (definition) => {
        expect(sameDefinition(definition, definition)).toBe(true);
        expect(sameDefinition(definition, clean(definition))).toBe(true);
      }),
    );
  });

  it('does not mind the order of keys, containers, variables, secrets and tags', () => {
    const pair = anyDefinition.chain((definition) =>
      fc.tuple(fc.constant(definition), reordered(definition)),
    );
    fc.assert(
      fc.property(pair, ([definition, other]) => {
        expect(sameDefinition(definition, other)).toBe(true);
        expect(sameDefinition(other, definition)).toBe(true);
      }),
    );
  });

  it('sees any other image', () => {
    fc.assert(
      fc.property(anyDefinition, (definition) => {
        const [first, ...others] = definition.containerDefinitions;
        if (!first) throw new Error('a definition has a container');
        const image = `${first.image ?? ''}x`;
        const other = { ...definition, containerDefinitions: [{ ...first, image }, ...others] };
        expect(sameDefinition(definition, other)).toBe(false);
      }),
    );
  });

  it.each<[string, TaskDefinition, TaskDefinition]>([
    ['read-only fields', one({}), { ...one({}), revision: 3, status: 'ACTIVE', registeredAt: 1 }],
    [
      'empty lists and objects',
      one({ mountPoints: [], command: [], dockerLabels: {} }, { volumes: [] }),
      one({}),
    ],
    ['what an absent container field means', one({ essential: true, cpu: 0, privileged: false }), one({})],
    [
      'the host port under awsvpc and the protocol',
      one({ portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }] }),
      one({ portMappings: [{ containerPort: 80 }] }),
    ],
    [
      'host port 0 under bridge',
      one({ portMappings: [{ containerPort: 80, hostPort: 0 }] }, { networkMode: 'bridge' }),
      { family: 'web', containerDefinitions: [{ name: 'app', portMappings: [{ containerPort: 80 }] }] },
    ],
    [
      'the defaults of a health check',
      one({ healthCheck: { command: ['x'], interval: 30, timeout: 5, retries: 3 } }),
      one({ healthCheck: { command: ['x'] } }),
    ],
    [
      'the order of ports, mounts, dependencies and limits',
      one({
        portMappings: [{ containerPort: 80 }, { containerPort: 81, hostPort: 81 }],
        ulimits: [
          { name: 'core', softLimit: 1, hardLimit: 1 },
          { name: 'nofile', softLimit: 1, hardLimit: 1 },
        ],
        mountPoints: [
          { sourceVolume: 'a', containerPath: '/a' },
          { sourceVolume: 'b', containerPath: '/b' },
        ],
      }),
      one({
        portMappings: [{ containerPort: 81 }, { hostPort: 80, containerPort: 80 }],
        ulimits: [
          { hardLimit: 1, softLimit: 1, name: 'nofile' },
          { name: 'core', softLimit: 1, hardLimit: 1 },
        ],
        mountPoints: [
          { sourceVolume: 'b', containerPath: '/b', readOnly: false },
          { sourceVolume: 'a', containerPath: '/a' },
        ],
      }),
    ],
    [
      'units of cpu and memory',
      one({}, { cpu: '.5 vCPU', memory: '1GB' }),
      one({}, { cpu: '512', memory: '1024' }),
    ],
    [
      'the platform that Fargate takes by itself',
      one({}, { requiresCompatibilities: ['FARGATE'] }),
      one(
        {},
        {
          requiresCompatibilities: ['FARGATE'],
          runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
        },
      ),
    ],
    [
      'a role by name and by ARN',
      one({}, { taskRoleArn: 'app' }),
      one({}, { taskRoleArn: 'arn:aws-cn:iam::111122223333:role/app' }),
    ],
    [
      'volumes that AWS completes',
      one({}, { volumes: [{ name: 'b' }, { name: 'a', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] }),
      one(
        {},
        {
          volumes: [
            {
              name: 'a',
              efsVolumeConfiguration: {
                fileSystemId: 'fs-1',
                rootDirectory: '/',
                transitEncryption: 'DISABLED',
              },
            },
            { name: 'b', host: {}, configuredAtLaunch: false },
          ],
        },
      ),
    ],
    ['tags that AWS set', one({}), one({}, { tags: [{ key: 'aws:createdBy', value: 'x' }] })],
  ])('does not count %s as a change', (_what, left, right) => {
    expect(sameDefinition(left, right)).toBe(true);
    expect(sameDefinition(right, left)).toBe(true);
  });

  it.each<[string, TaskDefinition, TaskDefinition]>([
    [
      'another value',
      one({ environment: [{ name: 'A', value: '1' }] }),
      one({ environment: [{ name: 'A', value: '2' }] }),
    ],
    [
      'an empty value',
      one({ environment: [{ name: 'A', value: '' }] }),
      one({ environment: [{ name: 'A' }] }),
    ],
    ['the order of the words of a command', one({ command: ['a', 'b'] }), one({ command: ['b', 'a'] })],
    [
      'the order of environment files, of which the first wins',
      one({
        environmentFiles: [
          { value: 'a', type: 's3' },
          { value: 'b', type: 's3' },
        ],
      }),
      one({
        environmentFiles: [
          { value: 'b', type: 's3' },
          { value: 'a', type: 's3' },
        ],
      }),
    ],
    ['a container that may stop', one({ essential: false }), one({})],
    [
      'another role',
      one({}, { taskRoleArn: 'app' }),
      one({}, { taskRoleArn: 'arn:aws:iam::111122223333:role/my-app' }),
    ],
    ['a role that is gone', one({}, { taskRoleArn: 'app' }), one({})],
    ['another tag', one({}), one({}, { tags: [{ key: 'team', value: 'x' }] })],
    ['another family', WEB, { ...WEB, family: 'api' }],
    ['a field that AWS may add one day', one({ futureField: 1 }), one({})],
    [
      'a fixed host port under bridge',
      one({ portMappings: [{ containerPort: 80, hostPort: 8080 }] }, { networkMode: 'bridge' }),
      one({ portMappings: [{ containerPort: 80 }] }, { networkMode: 'bridge' }),
    ],
  ])('counts %s as a change', (_what, left, right) => {
    expect(sameDefinition(left, right)).toBe(false);
    expect(sameDefinition(right, left)).toBe(false);
  });
});
