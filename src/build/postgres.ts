import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'esbuild';
import { edited } from './edit.ts';
import { withDataInOnePiece } from './wasm-data.ts';

/** PostgreSQL's parser as it stands in dist/, beside the module that loads it. */
export const WASM = 'libpg-query.wasm.br';

/** Compressed as far as Node.js can undo by itself: a quarter smaller than what git and GitHub would make of it. */
export async function compressedWasm(root: string): Promise<Uint8Array> {
  const wasm = withDataInOnePiece(
    await readFile(join(root, 'node_modules/libpg-query/wasm/libpg-query.wasm')),
  );
  return brotliCompressSync(wasm, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length,
    },
  });
}

/** What the package, which is a module of CommonJS, loads its file with. */
const LOADING = /async function getWasmBinary\(binaryFile\)\{.*?\}(?=async function )/;
const LOADED = `async function getWasmBinary() {
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  const { brotliDecompressSync } = process.getBuiltinModule('node:zlib');
  return brotliDecompressSync(await readFile(new URL('./${WASM}', import.meta.url)));
}
`;

/** Has PostgreSQL's parser, as an ES module, read the compressed file beside it. */
export const compressedPostgres: Plugin = {
  name: 'compressed-postgres',
  setup(build) {
    build.onLoad({ filter: /libpg-query[\\/]wasm[\\/]libpg-query\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const loading = edited(path, text, LOADING, LOADED);
      const placed = edited(path, loading, 'scriptDirectory=__dirname+"/"', 'scriptDirectory=""');
      const required = edited(path, placed, /\brequire\((?="node:)/g, 'process.getBuiltinModule(');
      const exported = /if\(typeof exports==="object".*\[\],\(\)=>PgQueryModule\);/;
      return { contents: edited(path, required, exported, 'export default PgQueryModule;') };
    });
  },
};
