import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/build/chunk-names.ts';

const chunk = (id: number, text: string): [string, string] => [
  `${id}.index.js`,
  `export const id = ${id};\nexport const ids = [${id}];\nexport const modules = {\n${text}`,
];

const BUNDLE = new Map([
  ['index.js', '__nccwpck_require__.e(/* import() */ 4711).then(() => 4711); __nccwpck_require__.e(5)'],
  chunk(5, 'describeServices registerTaskDefinition'),
  chunk(20, 'selectMigration __webpack_require__.e(4711)'),
  chunk(
    4711,
    'describeServices registerTaskDefinition updateService and much more, which makes it the longest',
  ),
]);

describe('chunks', () => {
  it('stand beside those that they are like, from the longest on', () => {
    const text = (file: string) => inOrder(BUNDLE).get(file);
    expect([...inOrder(BUNDLE).keys()].toSorted()).toEqual([
      '101.index.js',
      '102.index.js',
      '103.index.js',
      'index.js',
    ]);
    expect(text('101.index.js')).toContain('updateService');
    expect(text('102.index.js')).toContain('registerTaskDefinition');
    expect(text('103.index.js')).toContain('selectMigration');
  });

  it('are loaded by their new numbers, and nothing else is changed', () => {
    const bundle = inOrder(BUNDLE);
    expect(bundle.get('index.js')).toBe(
      '__nccwpck_require__.e(/* import() */ 101).then(() => 4711); __nccwpck_require__.e(102)',
    );
    expect(bundle.get('103.index.js')).toBe(
      'export const id = 103;\nexport const ids = [103];\nexport const modules = {\nselectMigration __webpack_require__.e(101)',
    );
  });

  it('have the same numbers whatever order they come in', () => {
    expect(inOrder(new Map([...BUNDLE].toReversed()))).toEqual(inOrder(BUNDLE));
  });

  it('that are written or loaded in another way fail the build', () => {
    expect(() => inOrder(new Map([['5.index.js', 'exports.id = 5;']]))).toThrow('does not begin with');
    expect(() => inOrder(new Map([['index.js', '__webpack_require__.e(5)']]))).toThrow(
      'of which there is no file',
    );
  });
});
