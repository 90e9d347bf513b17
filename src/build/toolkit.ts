import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Plugin } from 'esbuild';
import { edited } from './edit.ts';

const refusing = (name: string): string =>
  `export function ${name}() { throw new Error('${name} is not part of this bundle'); }\n`;

/** What the toolkit loads for things that no action here asks of it, and what stands in. */
const STAND_INS: Readonly<Record<string, string>> = {
  // OIDC tokens in `@actions/core`, and proxies in `@actions/github`, which Node.js takes care of itself: half a
  // megabyte, which would be most of what every job starts.
  '@actions/http-client': 'export class HttpClient {\n  getAgent() {}\n  getAgentDispatcher() {}\n}\n',
  '@actions/http-client/lib/auth': refusing('BearerCredentialHandler'),
  undici: 'export const fetch = globalThis.fetch;\n',
  // A method for each of GitHub's thousand operations; the few that are needed are called by their routes.
  '@octokit/plugin-rest-endpoint-methods': 'export const restEndpointMethods = () => ({});\n',
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

/** Writes what `process.stdout` would. */
const PRINT = join(import.meta.dirname, '../github/standard-output.ts');
const PRINTING: readonly (readonly [string | RegExp, string])[] = [
  [/^/, "import { print } from 'deploy-actions:print';\n"],
  [/\bprocess\.stdout\.write\(/g, 'print('],
];

const IN_CORE = /@actions[\\/]core[\\/]lib[\\/]/;
/** By the file of `@actions/core`: what is replaced in it. */
const EDITS: Readonly<Record<string, readonly (readonly [string | RegExp, string])[]>> = {
  'core.js': PRINTING,
  'command.js': PRINTING,
  'file-command.js': [
    ["import * as crypto from 'crypto';", "import * as crypto from 'deploy-actions:random';"],
  ],
  // The promises of `node:fs` are a millisecond to load.
  'summary.js': [
    [
      "import { constants, promises } from 'fs';",
      "import { accessSync, appendFileSync, constants, writeFileSync } from 'fs';",
    ],
    [
      'const { access, appendFile, writeFile } = promises;',
      'const [access, appendFile, writeFile] = [accessSync, appendFileSync, writeFileSync];',
    ],
  ],
};

/** Leaves out of GitHub's toolkit what no action here asks of it. */
export const leanToolkit: Plugin = {
  name: 'lean-toolkit',
  setup(build) {
    build.onResolve({ filter: /^(@actions|@octokit|undici)\b/ }, ({ path }) =>
      Object.hasOwn(STAND_INS, path) ? { path, namespace: 'stand-in', sideEffects: false } : undefined,
    );
    // The name of the platform, by means of half of Node's own modules.
    build.onResolve({ filter: /^\.\/platform\.js$/ }, ({ path, importer }) =>
      IN_CORE.test(importer) ? { path, namespace: 'stand-in', sideEffects: false } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[path] ?? 'export {};\n',
    }));

    build.onResolve({ filter: /^deploy-actions:random$/ }, ({ path }) => ({ path, namespace: 'random' }));
    build.onLoad({ filter: /.*/, namespace: 'random' }, () => ({ contents: RANDOM }));
    build.onResolve({ filter: /^deploy-actions:print$/ }, () => ({ path: PRINT }));
    build.onLoad(
      { filter: /@actions[\\/]core[\\/]lib[\\/](core|command|file-command|summary)\.js$/ },
      async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const edits = EDITS[basename(path)] ?? [];
        return { contents: edits.reduce((edit, [from, to]) => edited(path, edit, from, to), text) };
      },
    );
  },
};
