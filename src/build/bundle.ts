/**
 * Builds dist/ from src/: tsc emits, ncc bundles what tsc emitted, esbuild takes blanks and comments out of every
 * chunk, and each step of each action gets a small entry that starts it.
 *
 * Identifiers stay as they are, so that a stack trace in a job's log can be read.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '../..');
const EMITTED = join(ROOT, 'build/emitted');
const BUNDLED = join(ROOT, 'build/bundled');
const DIST = join(ROOT, 'dist');

/** Entry files by the step that they start, as `main.ts` names it. */
const ENTRIES: Readonly<Record<string, string>> = {
  'render-task-definition/main.js': 'render-task-definition',
  'canary/main.js': 'canary',
  'canary/post.js': 'canary-post',
  'rollback/main.js': 'rollback',
};

const run = (tool: string, ...args: string[]): void => {
  execFileSync(process.execPath, [join(ROOT, 'node_modules', tool), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
};

// ncc never removes what an earlier build has left.
for (const directory of [EMITTED, BUNDLED]) rmSync(directory, { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
run('@vercel/ncc/dist/ncc/cli.js', 'build', join(EMITTED, 'main.js'), '--out', BUNDLED, '--quiet');

for (const file of readdirSync(BUNDLED).filter((name) => name.endsWith('.js'))) {
  const path = join(BUNDLED, file);
  const { code } = transformSync(readFileSync(path, 'utf8'), {
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    target: 'node24',
    format: 'esm',
  });
  writeFileSync(path, code);
}

for (const [file, step] of Object.entries(ENTRIES)) {
  const path = join(BUNDLED, file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `import { run } from '../index.js';\nawait run('${step}');\n`);
}

// dist is replaced only by a build that came to its end.
rmSync(DIST, { recursive: true, force: true });
renameSync(BUNDLED, DIST);
