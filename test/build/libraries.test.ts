import { describe, expect, it } from 'vitest';
import { marked, plain, renamed, withoutErrors, withoutMembers } from '../../src/build/aws-clients.ts';
import { edited } from '../../src/build/edit.ts';
import { importsOf } from '../../src/build/libraries.ts';

const found = (script: string) =>
  Object.fromEntries([...importsOf(script)].map(([name, names]) => [name, [...names].toSorted()]));

describe('what a script imports of packages', () => {
  it('is read from every form that tsc emits', () => {
    const script = `import { readFile } from 'node:fs/promises';
import { A, B as C } from '@aws-sdk/client-x';
import parse from 'semver/functions/parse.js';
import * as core from "@actions/core";
import { near } from './near.js';
export { far } from '../far.js';
core.info(core.getInput?.('a'), other.core.not);
const { one, two: renamed } = await import('yaml');
const postgres = await import('libpg-query');
await postgres.loadModule();
const { run } = await import('./run.js');
const said = 'it came from';
`;
    expect(found(script)).toEqual({
      '@aws-sdk/client-x': ['A', 'B'],
      'semver/functions/parse.js': ['default'],
      '@actions/core': ['getInput', 'info'],
      yaml: ['one', 'two'],
      'libpg-query': ['loadModule'],
    });
  });

  it.each([
    "export * from 'yaml';",
    "import 'yaml';",
    "use(await import('yaml'));",
    "import a, { b } from 'yaml';",
  ])('is not guessed: %s', (script) => {
    expect(() => found(script)).toThrow(/import|names/);
  });
});

describe('schemas of a client', () => {
  const schemas = `const _aQE = "awsQueryError";
const _xN = "xmlName";
const _s = "a 64 | 0";
export var Kept$ = [-3, n0, _K,
    { [_aQE]: [\`Kept\`, 400] }, [], []];
export var LongFault$ = [-3, n0, _L,
    { [_aQE]: [\`Long\`, 400] }, [], []];
export var Other$ = [-3, n0, _O,
    { [_aQE]: [\`Another\`, 400] }, [], []];
n0_registry.registerError(Kept$, Kept);
n0_registry.registerError(LongFault$, LongFault);
var List = [1, n0, _Li, 0, [64 | 21, { [_xN]: _Item }]];
`;

  it('lose the errors that are not kept', () => {
    const fewer = withoutErrors(schemas, (name) => name === 'Kept');
    expect(fewer.match(/registerError\(.*\)/g)).toEqual(['registerError(Kept$, Kept)']);
  });

  it('tell the errors that AWS sends by another name', () => {
    expect([...renamed(schemas)]).toEqual(['Other']);
  });

  it('hold what they stand for, in which nothing can have an effect', () => {
    expect(plain(schemas)).toContain('var List = [1, n0, _Li, 0, [85, { "xmlName": _Item }]];');
    expect(plain(schemas)).toContain('const _s = "a 64 | 0";');
  });

  it('lose the members that nobody names', () => {
    const structures = `const _A = "Aliases";
const _B = "Body";
const _C = "Comment";
export var Thing$ = [3, n0, _T,
    { [_xN]: _Th },
    [_A, _C, _B],
    [[() => Aliases$, { [_xF]: 1, [_xN]: _As }], 0, [0, { [_hH]: _b }]], 2
];
`;
    expect(withoutMembers(structures, (name) => name !== 'Comment')).toContain(`
    [_A, _B],
    [[() => Aliases$, { [_xF]: 1, [_xN]: _As }], [0, { [_hH]: _b }]], 1
];`);
    expect(withoutMembers(structures, () => true)).toBe(structures);
  });

  it('tell nothing of what is tried again, which classes do', () => {
    const classes = 'export class A extends B {\n  $retryable = {};\n}\nexport class C extends B {\n}\n';
    expect([...marked(classes)]).toEqual(['A']);
  });
});

it('a change that fits no more fails the build', () => {
  expect(edited('a.js', 'one two', 'two', 'three')).toBe('one three');
  expect(() => edited('a.js', 'one', 'two', 'three')).toThrow('a.js does not hold two any more');
});
