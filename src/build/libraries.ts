import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { leanClients } from './aws-clients.ts';
import { compressedPostgres } from './postgres.ts';
import { leanS3 } from './s3-client.ts';
import { APART } from './shared-modules.ts';
import { leanToolkit } from './toolkit.ts';

/** What is imported of each package: names, `default` among them. */
type Imports = ReadonlyMap<string, ReadonlySet<string>>;

/** A package or a module of one, not a file and not a part of Node.js. */
const PACKAGE = /'((?!node:)[@\w][^']*)'/.source;
/** `import { A, B as C } from 'x';`, `import a from 'x';`, `import * as a from 'x';`, as tsc emits them. */
const STATIC = new RegExp(`^import ([^;]+?) from ${PACKAGE};$`, 'gm');
/** `const { A, B } = await import('x');` and `const a = await import('x');` */
const DYNAMIC = new RegExp(`\\bconst ([^;=]+?) = await import\\(${PACKAGE}\\);`, 'g');
const ANY = new RegExp(
  `^(?:import|export) (?:[^;'=(]*?\\bfrom )?${PACKAGE};$|\\bimport\\(${PACKAGE}\\)`,
  'gm',
);

/**
 * What a script that tsc emitted imports of packages.
 *
 * @throws where the names cannot be told
 */
export function importsOf(script: string): Imports {
  const text = script.replaceAll('"', "'");
  const dynamic = [...text.matchAll(DYNAMIC)];
  const imports = [...text.matchAll(STATIC), ...dynamic];
  const found = new Map<string, Set<string>>();
  for (const [whole, what = '', from = ''] of imports) {
    const names = found.get(from) ?? new Set();
    found.set(from, names);
    const list = what.match(/^\{([^{}]*)\}$/)?.[1];
    const [, star, alias] = what.match(/^(\* as )?(\w+)$/) ?? [];
    if (list !== undefined) {
      for (const name of list.split(',')) names.add(name.trim().replace(/( as |:).*/s, ''));
    } else if (alias !== undefined && (star !== undefined || dynamic.some(([text]) => text === whole))) {
      const uses = text
        .replace(whole, '')
        .matchAll(new RegExp(`(?<![\\w$.])${alias}\\b(?:\\??\\.(\\w+))?`, 'g'));
      for (const [, name] of uses) {
        if (name === undefined) throw new Error(`which names are used cannot be told: ${whole}`);
        names.add(name);
      }
    } else if (alias !== undefined) {
      names.add('default');
    } else {
      throw new Error(`which names are imported cannot be told: ${whole}`);
    }
    names.delete('');
  }
  const mentions = text.match(ANY)?.length ?? 0;
  if (mentions !== imports.length)
    throw new Error('a package is imported in a way that importsOf does not know');
  return found;
}

/** The file of dist/ that holds what is used of a package. */
export const fileOf = (name: string): string =>
  `lib/${name.replace('@', '').replace(/\.js$/, '').replaceAll('/', '-')}`;

/**
 * Bundles what is imported of packages, and no more of it, into modules of their own: a client of the AWS SDK describes
 * every operation of its service, of which a few are used here. What packages share is in chunks beside them.
 *
 * @param root of the checkout
 * @param emitted directory of what tsc emitted
 * @param outdir the directory in which `lib` is written
 * @param except the packages that are bundled elsewhere
 * @returns the names of the packages and of their modules that are imported
 */
export async function bundleLibraries(
  root: string,
  emitted: string,
  outdir: string,
  except: readonly string[],
): Promise<readonly string[]> {
  const scripts = readdirSync(emitted, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .toSorted()
    .map((file) => readFileSync(join(emitted, file), 'utf8'));
  const imports = new Map<string, Set<string>>();
  for (const script of scripts) {
    for (const [name, names] of importsOf(script))
      imports.set(name, new Set([...(imports.get(name) ?? []), ...names]));
  }
  const names = [...imports.keys()].filter((name) => !except.includes(name)).toSorted();
  const { warnings, outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [fileOf(name), `imported:${name}`])),
    outdir,
    write: false,
    metafile: true,
    chunkNames: 'lib/[name]-[hash]',
    bundle: true,
    splitting: true,
    minifySyntax: true,
    banner: { js: APART },
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Before the modules of CommonJS, of which nothing can be left out.
    conditions: ['module'],
    mainFields: ['module', 'main'],
    // Hashes of chunks hold the paths of files, which must not depend on where node_modules stands.
    preserveSymlinks: true,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [
      entries(root, imports),
      leanToolkit,
      leanS3,
      leanClients(scripts.join('\n')),
      yamlModules(root),
      compressedPostgres,
    ],
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  const reached = reachable(
    metafile,
    names.map((name) => relative(root, join(outdir, `${fileOf(name)}.js`))),
  );
  for (const { path, text } of outputFiles) {
    if (!reached.has(relative(root, path))) continue;
    // In an ES module, what stands in for `require` can only fail.
    if (text.includes('Dynamic require of'))
      throw new Error(
        `${path} requires a part of Node.js as CommonJS does; see what src/build/postgres.ts does to it`,
      );
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return names;
}

/** What is imported by an entry, at once or later: esbuild writes chunks too for imports in code that it leaves out. */
function reachable({ outputs }: Metafile, entries: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const look = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { path, external } of outputs[file]?.imports ?? []) if (!external) look(path);
  };
  for (const entry of entries) look(entry);
  return reached;
}

/** For each package a module that hands on what is imported of it. */
const entries = (root: string, imports: Imports): Plugin => ({
  name: 'entries',
  setup(build) {
    build.onResolve({ filter: /^imported:/ }, ({ path }) => ({
      path: path.replace('imported:', ''),
      namespace: 'imported',
    }));
    build.onLoad({ filter: /.*/, namespace: 'imported' }, ({ path }) => ({
      contents: `export { ${[...(imports.get(path) ?? [])].toSorted().join(', ')} } from '${path}';`,
      resolveDir: root,
    }));
  },
});

/** The package gives modules, of which parts can be left out, to browsers only; they run as well here. */
const yamlModules = (root: string): Plugin => ({
  name: 'yaml-modules',
  setup(build) {
    build.onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, 'node_modules/yaml/browser/dist/index.js'),
      sideEffects: false,
    }));
  },
});
