import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean } from '../../src/taskdef/clean.ts';
import { anyDefinition, WEB } from './definitions.ts';

describe('clean', () => {
  it('removes what DescribeTaskDefinition answers and RegisterTaskDefinition refuses', () => {
    const described = {
      ...WEB,
      taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7',
      revision: 7,
      status: 'ACTIVE',
      requiresAttributes: [{ name: 'com.amazonaws.ecs.capability.task-iam-role' }],
      compatibilities: ['EC2', 'FARGATE'],
      registeredAt: 1_700_000_000,
      registeredBy: 'arn:aws:iam::111122223333:role/deploy',
      deregisteredAt: 1_700_000_001,
      deleteRequestedAt: 1_700_000_002,
      tags: [],
    };
    expect(clean(described)).toEqual(WEB);
  });

  it('keeps the tags of the user and removes those of AWS, which cannot be given back', () => {
    const tags = [
      { key: 'team', value: 'shop' },
      { key: 'aws:cloudformation:stack-name', value: 'web' },
    ];
    expect(clean({ ...WEB, tags }).tags).toEqual([{ key: 'team', value: 'shop' }]);
  });

  it('removes fields that are null at any depth, and keeps what is empty or false', () => {
    const definition = {
      family: 'web',
      pidMode: null,
      volumes: [],
      containerDefinitions: [
        {
          name: 'app',
          user: null,
          command: [],
          privileged: false,
          healthCheck: { command: ['x'], retries: null },
        },
      ],
    };
    expect(clean(definition)).toEqual({
      family: 'web',
      volumes: [],
      containerDefinitions: [
        { name: 'app', command: [], privileged: false, healthCheck: { command: ['x'] } },
      ],
    });
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(anyDefinition, (definition) => {
        expect(clean(clean(definition))).toEqual(clean(definition));
      }),
    );
  });
});
