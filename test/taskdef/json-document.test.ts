import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/taskdef/definition.ts';
import { readJson, repeatsKeys } from '../../src/taskdef/json-document.ts';

const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);

const read = async (text: string) => {
  const document = await readJson(text);
  if (!('value' in document)) throw new Error(document.message);
  return document;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('readJson', () => {
  it('reads what JSON.parse reads, however it is laid out', async () => {
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom(0, 2, '\t'), async (value, indent) => {
        expect((await read(JSON.stringify(value, null, indent))).value).toEqual(value);
      }),
    );
  });

  it('takes comments, and commas before a closing bracket', async () => {
    const text = '// of the shop\n{ "a": [1, 2,], /* not\n yet */ "b": "// no comment", }';
    expect((await read(text)).value).toEqual({ a: [1, 2], b: '// no comment' });
  });

  it('keeps a key such as __proto__ as a key', async () => {
    const { value } = await read('{ "__proto__": { "admin": true }, }');
    expect(JSON.stringify(value)).toBe('{"__proto__":{"admin":true}}');
  });

  it('takes of almost JSON only what differs by comments, commas at ends or repeated keys', async () => {
    const noise = fc.constantFrom('', ',', '"', '\\', '\\u00', '\n', '{', ']', ':', '0', '-', 'e', '\u007f');
    await fc.assert(
      fc.asyncProperty(json, fc.nat(), noise, async (value, position, insert) => {
        const text = JSON.stringify(value, null, 1);
        const at = position % (text.length + 1);
        const broken = text.slice(0, at) + insert + text.slice(at + (position % 2));
        const document = await readJson(broken);
        if (isJson(broken)) {
          expect('value' in document).toBe(!repeatsKeys(broken, JSON.parse(broken)));
        } else if ('value' in document) {
          expect(broken).toMatch(/,\s*[\]}]|\/[/*]/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['', 1, 1],
    ['{}x', 1, 3],
    ['[1,\n 2 3]', 2, 4],
    ['{"a":\n  "b\n"}', 2, 3],
    ['{"a" 1}', 1, 6],
    ['[01]', 1, 3],
    ['{"a":1,\n"b":{"c":1,"c":2}}', 2, 12],
  ])('says where %j goes wrong', async (text, line, column) => {
    expect(await readJson(text)).toMatchObject({ line, column, message: expect.any(String) });
  });

  it('knows where a value stands, or the nearest one above it', async () => {
    const document = await read('{\n  "a": [\n    { "b": 1 }\n  ]\n}');
    expect(document.placeOf(['a', 0, 'b'])).toEqual({ line: 3, column: 12 });
    expect(document.placeOf(['a', 0, 'c', 4])).toEqual({ line: 3, column: 5 });
    expect(document.placeOf(['a', 7])).toEqual({ line: 2, column: 8 });
    expect(document.placeOf(['x'])).toEqual({ line: 1, column: 1 });
  });
});

describe('repeatsKeys', () => {
  it('finds nothing in what JSON.stringify writes, whatever the texts in it', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 2), (value, indent) => {
        expect(repeatsKeys(JSON.stringify(value, null, indent), value)).toBe(false);
      }),
    );
  });

  it.each([
    '{"a":1,"a":1}',
    '[{"x":{"b":"\\":","b" : 2}}]',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('sees that %s has a key twice', (text) => {
    expect(repeatsKeys(text, JSON.parse(text))).toBe(true);
  });
});
