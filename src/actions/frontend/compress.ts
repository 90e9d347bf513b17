import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { isCompressible } from '../../frontend/content-type.ts';
import { type Entry, isSame } from '../../frontend/entry.ts';
import type { State } from '../../frontend/state.ts';
import { inParallel } from '../../registry/in-parallel.ts';
import { sha256 } from './carry-out.ts';
import type { Encoding } from './inputs.ts';

/** The end of a variant's name, what `Content-Encoding` calls it, and how it is made. */
const MAKERS: Readonly<
  Record<Encoding, { readonly end: string; readonly name: string; make(body: Uint8Array): Promise<Buffer> }>
> = {
  gzip: { end: '.gz', name: 'gzip', make: (body) => promisify(gzip)(body, { level: 9 }) },
  brotli: {
    end: '.br',
    name: 'br',
    make: (body) =>
      promisify(brotliCompress)(body, {
        params: {
          [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
          [constants.BROTLI_PARAM_QUALITY]: body.length > LARGE ? 9 : 11,
        },
      }),
  },
};

/** Below that, headers weigh more than what is saved. */
const SMALLEST = 1024;
/** From there on the highest level takes minutes. */
const LARGE = 8_000_000;
/** zlib works on four threads. */
const WIDTH = 4;

/** Variants of files, and the bytes of those that had to be made. */
export interface Variants {
  readonly entries: readonly Entry[];
  readonly bodies: ReadonlyMap<string, Uint8Array>;
}

/**
 * Compressed variants beside the files, `app.js.br` beside `app.js`, where they are smaller. Those that are in service
 * and were made of the same file are not made again.
 *
 * @param read the bytes of a file
 */
export async function compress(
  files: readonly Entry[],
  encodings: readonly Encoding[],
  state: State,
  read: (entry: Entry) => Promise<Uint8Array>,
): Promise<Variants> {
  const known = new Map(state.files.map((entry) => [entry.path, entry]));
  const taken = new Set(files.map(({ path }) => path));
  const entries: Entry[] = [];
  const bodies = new Map<string, Uint8Array>();
  const wanted = files.filter(({ type, size }) => isCompressible(type) && size >= SMALLEST);
  await inParallel(wanted, WIDTH, async (entry) => {
    let body: Uint8Array | undefined;
    for (const encoding of encodings) {
      const { end, name, make } = MAKERS[encoding];
      const path = entry.path + end;
      if (taken.has(path)) continue;
      const { type, cache, kind } = entry;
      const common = { path, type, cache, kind, encoding: name, of: entry.sha256 };
      const old = known.get(path);
      // What has to go up again is made again: its bytes are nowhere here.
      const isThere =
        old?.of === entry.sha256 &&
        !state.pending &&
        isSame(old, { ...common, sha256: old.sha256, size: old.size }) &&
        old.kind === kind;
      if (isThere) {
        entries.push({ ...common, sha256: old.sha256, size: old.size });
        continue;
      }
      body ??= await read(entry);
      const made = await make(body);
      if (made.length >= body.length) continue;
      bodies.set(path, made);
      entries.push({ ...common, sha256: sha256(made), size: made.length });
    }
  });
  return { entries: entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)), bodies };
}
