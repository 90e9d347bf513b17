import { RegisterTaskDefinitionRequest$, TaskDefinition$ } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import { clean } from '../../src/taskdef/clean.ts';
import { markedCopy, REFRESH_TAG } from '../../src/taskdef/copy.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';
import { sameDefinition } from '../../src/taskdef/equal.ts';

const WEB: TaskDefinition = {
  family: 'web',
  containerDefinitions: [{ name: 'web', image: 'app:v1' }],
  tags: [{ key: 'team', value: 'shop' }],
};

it('a copy is the same but for its mark, of which it has one', () => {
  const first = markedCopy(WEB, 'run 1');
  expect(first).toEqual({ ...WEB, tags: [...(WEB.tags ?? []), { key: REFRESH_TAG, value: 'run 1' }] });
  expect(sameDefinition(first, WEB)).toBe(false);
  expect(sameDefinition(markedCopy(first, 'run 1'), first)).toBe(true);
  expect(markedCopy(first, 'run 2')).toEqual(markedCopy(WEB, 'run 2'));
  expect(markedCopy({ ...WEB, tags: [] }, 'x'.repeat(300)).tags?.[0]?.value).toHaveLength(256);
});

it('keeps all that AWS takes for a new revision, and nothing else that it tells of an old one', () => {
  const members = (schema: unknown) => (schema as readonly unknown[])[4] as readonly string[];
  const taken = members(RegisterTaskDefinitionRequest$);
  const told = [...members(TaskDefinition$), 'tags'];
  const described = Object.fromEntries(told.map((name) => [name, `of ${name}`]));
  const copied = Object.keys(clean({ ...WEB, ...described }));
  expect(copied.toSorted()).toEqual(taken.toSorted());
});
