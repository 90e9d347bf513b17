import { expect, it } from 'vitest';
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
