import type { Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { grouped } from '../../src/build/shared-modules.ts';

interface Output {
  readonly entry?: boolean;
  readonly bytes?: number;
  /** Chunks that are loaded with it, and parts of Node.js and libraries. */
  readonly needs?: readonly string[];
}

const entry = (...needs: readonly string[]): Output => ({ entry: true, needs });

const external = (path: string): boolean => /^(node:|lib)/.test(path);

/** Every output holds one module of its own name. */
const described = (outputs: Readonly<Record<string, Output>>): Metafile => ({
  inputs: {},
  outputs: Object.fromEntries(
    Object.entries<Output>({ main: entry(), ...outputs }).map(
      ([name, { entry, bytes = 100, needs = [] }]) => [
        name,
        {
          bytes,
          inputs: { [name]: { bytesInOutput: bytes } },
          exports: [],
          imports: needs.map((path) => ({
            path,
            kind: 'import-statement' as const,
            external: external(path),
          })),
          ...(entry && { entryPoint: name }),
        },
      ],
    ),
  ),
});

/** The modules of each group with the entries that load it. */
const groups = (outputs: Readonly<Record<string, Output>>): readonly string[] =>
  grouped(described(outputs), 'main')
    .map(({ modules, entries }) => `${modules.toSorted().join('+')}: ${[...entries].toSorted().join(' ')}`)
    .toSorted();

describe('what stands in one chunk', () => {
  it('are small ones, which entries that need one of them are given with the others', () => {
    expect(groups({ a: {}, b: {}, '1': entry('a', 'b'), '2': entry('a') })).toEqual(['a+b: 1 2 main']);
  });

  it('is nothing large that only few need', () => {
    const large = { bytes: 100_000 };
    expect(groups({ large, a: {}, '1': entry('a', 'large'), '2': entry('a') })).toEqual([
      'a: 1 2 main',
      'large: 1',
    ]);
  });

  it('is large where it is needed by the same', () => {
    const large = { bytes: 100_000 };
    expect(groups({ a: large, b: large, '1': entry('a', 'b'), '2': entry('a', 'b'), '3': entry() })).toEqual([
      'a+b: 1 2',
    ]);
  });

  it.each([
    ['a library', 'lib/yaml.js'],
    ['a part of Node.js that is not loaded yet', 'node:http'],
  ])('is nothing that loads %s, but where that is needed', (_, needed) => {
    const both = entry('a', 'heavy', 'user');
    expect(
      groups({
        a: {},
        heavy: { needs: [needed] },
        user: { needs: ['heavy'] },
        '1': both,
        '2': both,
        '3': entry('a'),
      }),
    ).toEqual(['a: 1 2 3 main', 'heavy+user: 1 2']);
  });

  it('is what loads a part of Node.js that is loaded all the same', () => {
    expect(groups({ a: { needs: ['node:fs'] }, '1': entry('a'), '2': entry() })).toEqual(['a: 1 2 main']);
  });

  it('is not what needs something large, which would be loaded too', () => {
    const outputs = { large: { bytes: 100_000 }, user: { needs: ['large'] }, a: {} };
    expect(
      groups({ ...outputs, '1': entry('a', 'user', 'large'), '2': entry('a'), '3': entry('a', 'large') }),
    ).toEqual(['a: 1 2 3 main', 'large+user: 1 3']);
  });

  it('is all that main needs, which every action starts with', () => {
    const large = { bytes: 100_000 };
    expect(groups({ a: large, main: entry('a'), '1': entry('a'), '2': entry() })).toEqual(['a: 1 2 main']);
  });
});
