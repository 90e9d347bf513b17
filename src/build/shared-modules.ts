import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/** Below it, in bytes, a file costs more to open than to read. */
const SMALL = 8_000;
/** What esbuild itself adds, such as the names of functions. */
const RUNTIME = '<runtime>';

/**
 * The modules of the small chunks that several entries share. esbuild makes a chunk for each set of entries that
 * something is shared by, which leaves dozens of a few lines, and an action that starts would open twenty of them.
 * A module that needs one of a large chunk, a library or a part of Node.js is not among them: that would be loaded too.
 *
 * @param light the parts of Node.js that every action loads
 */
export function smallShared({ inputs, outputs }: Metafile, light: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set(
    Object.values(outputs)
      .filter(({ entryPoint, bytes }) => entryPoint === undefined && bytes < SMALL)
      .flatMap((output) => Object.keys(output.inputs))
      .filter((module) => module !== RUNTIME),
  );
  const heavy = (module: string): boolean =>
    (inputs[module]?.imports ?? []).some(
      ({ path, kind, external }) =>
        kind === 'import-statement' && path !== RUNTIME && !(external ? light.has(path) : found.has(path)),
    );
  for (;;) {
    const left = [...found].filter(heavy);
    if (left.length === 0) return found;
    for (const module of left) found.delete(module);
  }
}

/** Puts modules into one chunk, by letting every entry import them. */
export function together(root: string, entries: readonly string[], modules: ReadonlySet<string>): Plugin {
  const paths = new Set(entries.map((entry) => resolve(root, entry)));
  return {
    name: 'together',
    setup(build) {
      build.onResolve({ filter: /^deploy-actions:shared$/ }, ({ path }) => ({ path, namespace: 'shared' }));
      build.onLoad({ filter: /.*/, namespace: 'shared' }, () => ({
        contents: [...modules]
          .toSorted()
          .map((module) => `import ${JSON.stringify(`./${module}`)};\n`)
          .join(''),
        resolveDir: root,
      }));
      build.onLoad({ filter: /\.js$/ }, async ({ path }) =>
        paths.has(path)
          ? { contents: `${await readFile(path, 'utf8')}\nimport 'deploy-actions:shared';\n` }
          : undefined,
      );
    },
  };
}
