import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/** What it costs to open a file, in bytes of source that take as long to read and to compile. */
const OPENING = 60_000;
/** The parts of Node.js that it has loaded itself before an action starts. */
const LOADED = new Set(['fs', 'os', 'path', 'process', 'buffer', 'util', 'url', 'events']);
/**
 * Stands at the beginning of every module that ncc is given: below 20,000 characters, it puts a module that several
 * others need into each of them, and has no option for that. terser takes it away.
 */
export const APART = `/*${' '.repeat(20_000)}*/`;
/** What esbuild itself adds, such as the names of functions. */
const RUNTIME = '<runtime>';

/** Modules that stand in one chunk. */
export interface Group {
  readonly modules: readonly string[];
  /** The modules that are loaded with `import()`, and `main.js`, that need one of them or are given them all the same. */
  readonly entries: ReadonlySet<string>;
}

interface Chunk {
  readonly modules: readonly string[];
  readonly bytes: number;
  readonly entries: ReadonlySet<string>;
  /** The names of the chunks that it needs. */
  readonly needs: ReadonlySet<string>;
  /** It needs a library or a part of Node.js that is not loaded yet: it is loaded only where it is needed. */
  readonly heavy: boolean;
}

/**
 * Which chunks to make one of. esbuild makes a chunk for each set of entries that something is shared by, which leaves
 * dozens of a few lines, and an action that starts would open twenty of them. Two chunks are put together when it saves
 * more in files that are opened than it costs those that need only one of them, the dearest first.
 *
 * @param main the entry that every action starts with
 */
export function grouped({ outputs }: Metafile, main: string): readonly Group[] {
  const all = new Set(Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []));
  const chunks = chunksOf(outputs, (entries) => (entries.has(main) ? all : entries));
  chunks.set(main, { modules: [], bytes: 0, entries: all, needs: new Set(), heavy: false });
  for (;;) {
    const names = [...chunks.keys()];
    let best: { readonly one: string; readonly other: string; readonly gain: number } | undefined;
    for (const [index, one] of names.entries()) {
      for (const other of names.slice(index + 1)) {
        const gain = gainOf(chunks, one, other);
        if (gain > (best?.gain ?? 0)) best = { one, other, gain };
      }
    }
    if (best === undefined) break;
    merge(chunks, best.one, best.other);
  }
  return [...chunks.values()].filter(({ modules }) => modules.length > 0);
}

type Outputs = Metafile['outputs'];

const union = (one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...one, ...other]);

const without = (set: ReadonlySet<string>, ...names: readonly string[]): ReadonlySet<string> =>
  new Set([...set].filter((name) => !names.includes(name)));

function chunksOf(
  outputs: Outputs,
  loading: (entries: ReadonlySet<string>) => ReadonlySet<string>,
): Map<string, Chunk> {
  const loadedBy = new Map<string, Set<string>>();
  const load = (name: string, entry: string): void => {
    const entries = loadedBy.get(name) ?? new Set();
    if (entries.has(entry)) return;
    loadedBy.set(name, entries.add(entry));
    for (const { path, kind, external } of outputs[name]?.imports ?? [])
      if (kind === 'import-statement' && !external) load(path, entry);
  };
  for (const [name, { entryPoint }] of Object.entries(outputs))
    if (entryPoint !== undefined) load(name, entryPoint);
  return new Map(
    Object.entries(outputs).flatMap(([name, { entryPoint, bytes, inputs, imports }]) => {
      const modules = Object.keys(inputs).filter((module) => module !== RUNTIME);
      if (entryPoint !== undefined || modules.length === 0) return [];
      const statically = imports.filter(({ kind }) => kind === 'import-statement');
      const chunk = {
        modules,
        bytes,
        entries: loading(loadedBy.get(name) ?? new Set()),
        needs: new Set(statically.flatMap(({ path, external }) => (external ? [] : [path]))),
        heavy: statically.some(({ path, external }) => external && !LOADED.has(path.replace('node:', ''))),
      };
      return [[name, chunk]];
    }),
  );
}

/** What the chunks need, and what those need, besides themselves. */
function neededBy(chunks: ReadonlyMap<string, Chunk>, ...names: readonly string[]): readonly string[] {
  const found = new Set(names);
  for (const name of found) for (const needed of chunks.get(name)?.needs ?? []) found.add(needed);
  return [...found].filter((name) => !names.includes(name));
}

/** Bytes that all entries together save when two chunks are one; what either needs comes with it. */
function gainOf(chunks: ReadonlyMap<string, Chunk>, one: string, other: string): number {
  const [first, second] = [chunks.get(one), chunks.get(other)];
  if (!first || !second) return 0;
  const entries = union(first.entries, second.entries);
  let gain = OPENING * [...first.entries].filter((entry) => second.entries.has(entry)).length;
  for (const { bytes, heavy, entries: before } of [first, second]) {
    const more = entries.size - before.size;
    if (heavy && more > 0) return 0;
    gain -= bytes * more;
  }
  if (gain <= 0) return 0;
  for (const name of neededBy(chunks, one, other)) {
    const needed = chunks.get(name);
    const more = needed ? [...entries].filter((entry) => !needed.entries.has(entry)).length : 0;
    if (needed?.heavy && more > 0) return 0;
    gain -= ((needed?.bytes ?? 0) + OPENING) * more;
  }
  return gain;
}

function merge(chunks: Map<string, Chunk>, one: string, other: string): void {
  const [first, second] = [chunks.get(one), chunks.get(other)];
  if (!first || !second) return;
  const entries = union(first.entries, second.entries);
  for (const name of neededBy(chunks, one, other)) {
    const needed = chunks.get(name);
    if (needed) chunks.set(name, { ...needed, entries: union(needed.entries, entries) });
  }
  chunks.set(one, {
    modules: [...first.modules, ...second.modules],
    bytes: first.bytes + second.bytes,
    entries,
    needs: without(union(first.needs, second.needs), one, other),
    heavy: first.heavy || second.heavy,
  });
  chunks.delete(other);
  for (const [name, chunk] of chunks) {
    if (chunk.needs.has(other))
      chunks.set(name, { ...chunk, needs: new Set([...without(chunk.needs, other), one]) });
  }
}

/** Puts the modules of each group into one chunk, by letting every entry of the group import them. */
export function together(root: string, groups: readonly Group[]): Plugin {
  const importing = new Map<string, string>();
  for (const [index, { entries }] of groups.entries()) {
    for (const entry of entries) {
      const path = resolve(root, entry);
      importing.set(path, `${importing.get(path) ?? ''}import 'deploy-actions:shared/${index}';\n`);
    }
  }
  return {
    name: 'together',
    setup(build) {
      build.onResolve({ filter: /^deploy-actions:shared\// }, ({ path }) => ({ path, namespace: 'shared' }));
      build.onLoad({ filter: /.*/, namespace: 'shared' }, ({ path }) => ({
        contents: (groups[Number(path.split('/')[1])]?.modules ?? [])
          .toSorted()
          .map((module) => `import ${JSON.stringify(imported(module))};\n`)
          .join(''),
        resolveDir: root,
      }));
      build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
        const imports = importing.get(path);
        return imports === undefined
          ? undefined
          : { contents: `${await readFile(path, 'utf8')}\n${imports}` };
      });
    },
  };
}

/** How a module is imported that esbuild names by its namespace, if it is not a file, and its path. */
const imported = (module: string): string => module.match(/^at-use:(.*)/)?.[1] ?? `./${module}`;
