/**
 * Builds dist/ from src/: tsc emits, ncc bundles what tsc emitted, esbuild takes blanks and comments out of every
 * chunk, and each step of each action gets a small entry that starts it.
 *
 * Identifiers stay as they are, so that a stack trace in a job's log can be read.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { shakeClients } from './aws-clients.ts';

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

const run = (tool: string, ...args: string[]): void => {
  execFileSync(process.execPath, [join(ROOT, 'node_modules', tool), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
};

const refusing = (name: string): string =>
  `export function ${name}() { throw new Error('${name} is not part of this bundle'); }\n`;

/** What the toolkit loads for things that no action here asks of it: packages, their modules, and what stands in. */
const STAND_INS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // OIDC tokens in `@actions/core`, and proxies in `@actions/github`, which Node.js takes care of itself: half a
  // megabyte, which would be most of what every job starts.
  '@actions/http-client': {
    '.': 'export class HttpClient {\n  getAgent() {}\n  getAgentDispatcher() {}\n}\n',
    './lib/auth': refusing('BearerCredentialHandler'),
  },
  undici: { '.': 'export const fetch = globalThis.fetch;\n' },
  // A method for each of GitHub's thousand operations; the few that are needed are called by their routes.
  '@octokit/plugin-rest-endpoint-methods': { '.': 'export const restEndpointMethods = () => ({});\n' },
  // The name of the platform: half of Node's own modules.
  '@actions/exec': { '.': refusing('getExecOutput') },
};

/**
 * The toolkit takes the delimiter of an output from `node:crypto`, which takes a fifth of an action's start to load. The
 * operating system gives random bytes as good.
 */
const RANDOM = `import { closeSync, openSync, readSync } from 'node:fs';
export function randomUUID() {
  try {
    const source = openSync('/dev/urandom', 'r');
    const bytes = Buffer.alloc(16);
    const read = readSync(source, bytes);
    closeSync(source);
    if (read === bytes.length) return bytes.toString('hex');
  } catch {}
  return process.getBuiltinModule('node:crypto').randomUUID();
}
`;

/** What was emitted finds a copy of the toolkit beside it, and that copy stand-ins for what is not used. */
function standInForUnused(): void {
  const beside = join(ROOT, 'build/node_modules');
  rmSync(beside, { recursive: true, force: true });
  for (const name of ['@actions/core', '@actions/github']) {
    cpSync(join(ROOT, 'node_modules', name), join(beside, name), { recursive: true });
    // A package of its own would be found before the stand-in.
    rmSync(join(beside, name, 'node_modules'), { recursive: true, force: true });
  }
  const outputs = join(beside, '@actions/core/lib/file-command.js');
  const text = readFileSync(outputs, 'utf8');
  const lighter = text.replace("import * as crypto from 'crypto';", "import * as crypto from './random.js';");
  if (lighter === text)
    throw new Error('@actions/core takes its delimiters from elsewhere now; look at RANDOM');
  writeFileSync(outputs, lighter);
  writeFileSync(join(beside, '@actions/core/lib/random.js'), RANDOM);
  for (const [name, modules] of Object.entries(STAND_INS)) {
    const directory = join(beside, name);
    mkdirSync(directory, { recursive: true });
    const exports: Record<string, string> = {};
    for (const [module, text] of Object.entries(modules)) {
      const file = `${module.split('/').at(-1)?.replace('.', 'index')}.js`;
      exports[module] = `./${file}`;
      writeFileSync(join(directory, file), text);
    }
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, type: 'module', exports }));
  }
}

/**
 * PostgreSQL's parser is a file of its own, which stands beside the chunk that loads it, and which only that chunk loads.
 * It looks for it where a CommonJS module stands, and chunks are ES modules.
 */
function placeWebAssembly(): void {
  const name = 'libpg-query.wasm';
  const chunks = readdirSync(BUNDLED)
    .filter((file) => file.endsWith('.js'))
    .map((file) => join(BUNDLED, file))
    .filter((file) => readFileSync(file, 'utf8').includes(name));
  const [chunk, ...others] = chunks;
  const text = chunk === undefined ? '' : readFileSync(chunk, 'utf8');
  const placed = text.replaceAll(
    /scriptDirectory\s*=\s*__dirname\b/g,
    'scriptDirectory = import.meta.dirname',
  );
  if (chunk === undefined || others.length > 0 || placed === text)
    throw new Error(`libpg-query finds ${name} in another way now; look at placeWebAssembly`);
  writeFileSync(chunk, placed);
  // Written anew, because the package's file may be executed, which git would notice.
  writeFileSync(join(BUNDLED, name), readFileSync(join(ROOT, 'node_modules/libpg-query/wasm', name)));
}

// ncc never removes what an earlier build has left.
for (const directory of [EMITTED, BUNDLED]) rmSync(directory, { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
standInForUnused();
shakeClients(ROOT, EMITTED, join(ROOT, 'build/node_modules'));
run('@vercel/ncc/dist/ncc/cli.js', 'build', join(EMITTED, 'main.js'), '--out', BUNDLED, '--quiet');

placeWebAssembly();

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
