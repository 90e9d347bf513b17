import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/** Below it, in bytes of source, a file costs more to open than to read. */
const SMALL = 20_000;
/** What fewer entries share is not worth its time to all the others. */
const SHARERS = 4;
/**
 * Stands at the beginning of every module that ncc is given: below 20,000 characters, it puts a module that several
 * others need into each of them, and has no option for that. terser takes it away.
 */
export const APART = `/*${' '.repeat(20_000)}*/`;
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
      .filter((chunk) => entriesWith(outputs, chunk) >= SHARERS)
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

type Outputs = Metafile['outputs'];

/** How many entries load a chunk when they start, themselves or by way of another chunk. */
function entriesWith(outputs: Outputs, chunk: Outputs[string]): number {
  const loads = (output: Outputs[string] | undefined): boolean =>
    output === chunk ||
    (output?.imports ?? []).some(
      ({ path, kind, external }) => kind === 'import-statement' && !external && loads(outputs[path]),
    );
  return Object.values(outputs).filter((output) => output.entryPoint !== undefined && loads(output)).length;
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
