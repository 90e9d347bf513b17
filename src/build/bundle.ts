/**
 * Builds dist/ from src/: tsc emits; esbuild takes out of packages and of what tsc emitted what is used, and makes modules of
 * it that are loaded together; ncc bundles these; terser makes the result small. Each step of each action gets a small
 * entry that starts it. build/maps holds what leads from a stack trace in a job's log back to functions.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { minify } from 'terser';
import { compiledAtOnce, marked } from './at-once.ts';
import { loadedAtUse, withoutRequire } from './at-use.ts';
import { inOrder } from './chunk-names.ts';
import { bundleLibraries, fileOf } from './libraries.ts';
import { compressedWasm, placed, WASM } from './postgres.ts';
import { APART, grouped, together } from './shared-modules.ts';
import { leanToolkit } from './toolkit.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const EMITTED = join(ROOT, 'build/emitted');
const PREPARED = join(ROOT, 'build/prepared');
const BUNDLED = join(ROOT, 'build/bundled');
const MAPS = join(ROOT, 'build/maps');
const DIST = join(ROOT, 'dist');

/** Entry files by the step that they start, as `main.ts` names it. */
const ENTRIES: Readonly<Record<string, string>> = {
  'alarms/main.js': 'alarms',
  'backup/main.js': 'backup',
  'render-task-definition/main.js': 'render-task-definition',
  'canary/main.js': 'canary',
  'canary/post.js': 'canary-post',
  'check-migrations/main.js': 'check-migrations',
  'ecr-push/main.js': 'ecr-push',
  'ecr-push/post.js': 'ecr-push-post',
  'frontend/main.js': 'frontend',
  'incident/main.js': 'incident',
  'promote/main.js': 'promote',
  'migrate/main.js': 'migrate',
  'migrate/post.js': 'migrate-post',
  'monitor/main.js': 'monitor',
  'notify/main.js': 'notify',
  'plan/main.js': 'plan',
  'preflight/main.js': 'preflight',
  'refresh/main.js': 'refresh',
  'refresh/post.js': 'refresh-post',
  'rollback/main.js': 'rollback',
  'smoke-test/main.js': 'smoke-test',
};

const run = (tool: string, ...args: readonly string[]): void => {
  execFileSync(process.execPath, [join(ROOT, 'node_modules', tool), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
};

/** Small, and loaded by every action: it is bundled as our own code is. */
const CORE = '@actions/core';

// Nothing of an earlier build is left in them.
for (const directory of [EMITTED, PREPARED, BUNDLED, MAPS])
  rmSync(directory, { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
const libraries = new Set(await bundleLibraries(ROOT, EMITTED, PREPARED, [CORE]));

const toLibraries: Plugin = {
  name: 'libraries',
  setup({ onResolve }) {
    onResolve({ filter: /^[@\w]/ }, ({ path }) =>
      libraries.has(path) ? { path: `./${fileOf(path)}.js`, external: true } : undefined,
    );
  },
};

/** @param outdir where the modules are written; without it, they are only described */
async function prepare(plugins: readonly Plugin[], outdir?: string): Promise<Metafile> {
  const { warnings, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(EMITTED, 'main.js')],
    outdir: outdir ?? PREPARED,
    write: outdir !== undefined,
    metafile: true,
    bundle: true,
    splitting: true,
    minifySyntax: true,
    ...(outdir !== undefined && { banner: { js: APART } }),
    format: 'esm',
    platform: 'node',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [toLibraries, leanToolkit, loadedAtUse, ...plugins],
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  return metafile;
}

const groups = grouped(await prepare([]), relative(ROOT, join(EMITTED, 'main.js')));
await prepare([together(ROOT, groups)], PREPARED);
writeFileSync(join(PREPARED, 'package.json'), '{"type":"module"}\n');

run('@vercel/ncc/dist/ncc/cli.js', 'build', join(PREPARED, 'main.js'), '--out', BUNDLED, '--quiet');

mkdirSync(MAPS);
const written = readdirSync(BUNDLED).filter((name) => name.endsWith('.js'));
const scripts = inOrder(new Map(written.map((file) => [file, readFileSync(join(BUNDLED, file), 'utf8')])));
for (const file of written) rmSync(join(BUNDLED, file));
for (const [file, script] of scripts) {
  const { code, map } = await minify(
    { [file]: marked(withoutRequire(placed(script))) },
    {
      module: true,
      ecma: 2020,
      format: { comments: false },
      sourceMap: { includeSources: true },
    },
  );
  if (code === undefined) throw new Error(`terser makes nothing of ${file}`);
  writeFileSync(join(BUNDLED, file), compiledAtOnce(code));
  writeFileSync(join(MAPS, `${file}.map`), String(map));
}
writeFileSync(join(BUNDLED, WASM), await compressedWasm(ROOT));
writeFileSync(join(BUNDLED, 'package.json'), '{"type":"module"}\n');
for (const [file, step] of Object.entries(ENTRIES)) {
  const path = join(BUNDLED, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `import { run } from '../index.js';\nawait run('${step}');\n`);
}

// dist is replaced only by a build that came to its end.
rmSync(DIST, { recursive: true, force: true });
renameSync(BUNDLED, DIST);
