import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { withDataInOnePiece } from '../../src/build/wasm-data.ts';

/** As much of it as is used here: the types of Node.js have none. */
declare const WebAssembly: {
  readonly Module: {
    new (wasm: Uint8Array): object;
    imports(module: object): readonly { readonly module: string; readonly name: string }[];
  };
  readonly Instance: new (module: object, imports?: object) => { readonly exports: Record<string, unknown> };
  readonly Memory: new (descriptor: object) => { readonly buffer: ArrayBuffer };
};

const bytes = (...content: (number | string)[]): Uint8Array =>
  Buffer.concat(content.map((each) => (typeof each === 'string' ? Buffer.from(each) : Buffer.of(each))));

/** A memory of one page, exported as `m`, and the given data sections. */
const module = (...sections: Uint8Array[]): Uint8Array =>
  Buffer.concat([
    bytes('\0asm', 1, 0, 0, 0),
    bytes(5, 3, 1, 0, 1),
    bytes(7, 5, 1, 1, 'm', 2, 0),
    ...sections,
  ]);

/** What stands in the memory of a module before anything of it runs. */
function memory(wasm: Uint8Array): Buffer {
  const module = new WebAssembly.Module(wasm);
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = () => 0;
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  const found = Object.values(exports).find((each) => each instanceof WebAssembly.Memory);
  if (!(found instanceof WebAssembly.Memory)) throw new Error('it exports no memory');
  return Buffer.from(found.buffer);
}

it('memory holds the same as with the data in pieces, of which later ones go over earlier ones', () => {
  // "abc" at 100, "de" at 5000, "X" at 101
  const data = bytes(3, 0, 65, 228, 0, 11, 3, 'abc', 0, 65, 136, 39, 11, 2, 'de', 0, 65, 229, 0, 11, 1, 'X');
  const whole = module(bytes(12, 1, 3), bytes(11, data.length), data);
  const joined = withDataInOnePiece(whole);
  expect(memory(whole).indexOf('aXc')).toBe(100);
  expect(memory(joined).equals(memory(whole))).toBe(true);
});

it("and so does the memory of PostgreSQL's parser", () => {
  const file = resolve(import.meta.dirname, '../../node_modules/libpg-query/wasm/libpg-query.wasm');
  const wasm = readFileSync(file);
  const before = memory(wasm);
  expect(before.length).toBeGreaterThan(1_000_000);
  expect(memory(withDataInOnePiece(wasm)).equals(before)).toBe(true);
});

it('data that is not put at a fixed address is refused', () => {
  expect(() => withDataInOnePiece(module(bytes(11, 4, 1, 1, 1, 'x')))).toThrow(/fixed addresses/);
});
