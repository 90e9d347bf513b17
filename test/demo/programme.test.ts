import { expect, test } from 'vitest';
import { inOrder } from '../../src/demo/programme.ts';

test('prints the first story live and the others in their order, whichever ends first', async () => {
  const printed: string[] = [];
  const first = Promise.withResolvers<void>();

  const playing = inOrder(
    ['a', 'b', 'c'],
    async (name, index, tell) => {
      tell(`${name} begins`);
      if (name === 'a') await first.promise;
      tell(`${name} ends`);
      if (name === 'c') {
        expect(printed).toEqual(['a begins']);
        first.resolve();
      }
      return index;
    },
    (line) => printed.push(line),
    2,
  );

  expect(await playing).toEqual([0, 1, 2]);
  expect(printed).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
