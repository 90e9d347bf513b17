import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault } from '../../src/taskdef/json-syntax.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('jsonFault', () => {
  it('finds nothing in JSON, however it is laid out', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2, '\t'), (value, indent) => {
        expect(jsonFault(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });

  it('agrees with JSON.parse about texts that are almost JSON', () => {
    const noise = fc.constantFrom('', ',', '"', '\\', '\\u00', '\n', '{', ']', ':', '0', '-', 'e', '\u007f');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.nat(), noise, (value, position, insert) => {
        const text = JSON.stringify(value, null, 1);
        const at = position % (text.length + 1);
        const broken = text.slice(0, at) + insert + text.slice(at + (position % 2));
        expect(jsonFault(broken) === undefined).toBe(isJson(broken));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['', 1, 1],
    ['{}x', 1, 3],
    ['[1,\n 2 3]', 2, 4],
    ['{"a":\n  "b\n"}', 2, 3],
    ['{"a" 1}', 1, 6],
    ['[01]', 1, 3],
  ])('says where %j goes wrong', (text, line, column) => {
    expect(jsonFault(text)).toMatchObject({ line, column });
  });
});
