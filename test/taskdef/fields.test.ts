import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { taskDefinitionFields } from '../../src/build/task-definition-fields.ts';
import { TASK_DEFINITION } from '../../src/taskdef/fields.ts';

describe('the table of fields', () => {
  it('is what the schema of the SDK says now', () => {
    const file = new URL('../../src/taskdef/fields.ts', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(taskDefinitionFields());
  });

  it('has types, values and what must be there', () => {
    expect(TASK_DEFINITION).toMatchObject({
      'family!': 'text',
      requiresCompatibilities: ['=EC2 EXTERNAL FARGATE MANAGED_INSTANCES'],
      'containerDefinitions!': [
        {
          cpu: 'number',
          essential: 'boolean',
          dockerLabels: { '*': 'text' },
          secrets: [{ 'name!': 'text', 'valueFrom!': 'text' }],
        },
      ],
    });
  });

  it('is small, for every render loads it', () => {
    expect(JSON.stringify(TASK_DEFINITION).length).toBeLessThan(6000);
  });
});
