/**
 * Builds dist/ from src/: tsc emits, esbuild bundles what is used of packages into dist/lib and what tsc emitted into
 * chunks that import it, and each step of each action gets a small entry that starts it.
 *
 * Functions and classes of our own keep their names, so that a stack trace in a job's log can be read.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { bundleLibraries, fileOf } from './libraries.ts';
import { compressedWasm, WASM } from './postgres.ts';
import { smallShared, together } from './shared-modules.ts';
import { leanToolkit } from './toolkit.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const EMITTED = join(ROOT, 'build/emitted');
const BUNDLED = join(ROOT, 'build/bundled');
const DIST = join(ROOT, 'dist');

/** Entry files by the step that they start, as `main.ts` names it. */
const ENTRIES: Readonly<Record<string, string>> = {
  'backup/main.js': 'backup',
  'render-task-definition/main.js': 'render-task-definition',
  'canary/main.js': 'canary',
  'canary/post.js': 'canary-post',
  'check-migrations/main.js': 'check-migrations',
  'ecr-push/main.js': 'ecr-push',
  'ecr-push/post.js': 'ecr-push-post',
  'promote/main.js': 'promote',
  'migrate/main.js': 'migrate',
  'migrate/post.js': 'migrate-post',
  'notify/main.js': 'notify',
  'plan/main.js': 'plan',
  'rollback/main.js': 'rollback',
  'smoke-test/main.js': 'smoke-test',
};

/** Small, and loaded by every action: it is bundled as our own code is. */
const CORE = '@actions/core';

// Nothing of an earlier build is left in them; builds of before put packages beside what was emitted.
for (const directory of [EMITTED, BUNDLED, join(ROOT, 'build/node_modules')])
  rmSync(directory, { recursive: true, force: true });
execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
const libraries = new Set(await bundleLibraries(ROOT, EMITTED, BUNDLED, [CORE]));
writeFileSync(join(BUNDLED, 'lib', WASM), await compressedWasm(ROOT));

const toLibraries: Plugin = {
  name: 'libraries',
  setup({ onResolve }) {
    onResolve({ filter: /^[@\w]/ }, ({ path }) =>
      libraries.has(path) ? { path: `./${fileOf(path)}.js`, external: true } : undefined,
    );
  },
};

async function bundle(write: boolean, plugins: readonly Plugin[]): Promise<Metafile> {
  const { warnings, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(EMITTED, 'main.js')],
    outdir: BUNDLED,
    write,
    metafile: true,
    bundle: true,
    splitting: true,
    minify: true,
    // Functions and classes tell their names in a stack trace.
    keepNames: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [toLibraries, leanToolkit, ...plugins],
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  return metafile;
}

const apart = await bundle(false, []);
const entries = Object.values(apart.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
const shared = smallShared(apart, new Set(['node:timers/promises']));
await bundle(true, [together(ROOT, entries, shared)]);

writeFileSync(join(BUNDLED, 'package.json'), '{"type":"module"}\n');
for (const [file, step] of Object.entries(ENTRIES)) {
  const path = join(BUNDLED, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `import { run } from '../main.js';\nawait run('${step}');\n`);
}

// dist is replaced only by a build that came to its end.
rmSync(DIST, { recursive: true, force: true });
renameSync(BUNDLED, DIST);
