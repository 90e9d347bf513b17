import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';

/** `import { A, B as C } from '@aws-sdk/client-x';` as tsc emits it. */
const IMPORT = /import \{([^}]*)\} from '(@aws-sdk\/client-[\w-]+)'/g;

/** The names that emitted JavaScript imports from each client of the SDK. */
export function clientImports(emitted: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const scripts = readdirSync(emitted, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  );
  for (const script of scripts) {
    const text = readFileSync(join(emitted, script), 'utf8').replaceAll('"', "'");
    const mentions = text.match(/'@aws-sdk\/client-[\w-]+'/g)?.length ?? 0;
    const imports = [...text.matchAll(IMPORT)];
    if (mentions !== imports.length) {
      throw new Error(
        `${script} imports a client of the AWS SDK in a way from which its names cannot be told`,
      );
    }
    for (const [, names = '', client = ''] of imports) {
      const known = found.get(client) ?? new Set();
      found.set(client, known);
      for (const name of names.split(',')) known.add(name.replace(/ as .*/s, '').trim());
    }
  }
  return found;
}

/**
 * Puts copies of the clients beside what was emitted that hold no more than what is imported of them: a client describes
 * every operation of its service, of which a few are used here, and would be most of what every job downloads. What
 * clients share is in chunks of its own, and as small.
 *
 * @param root of the checkout
 * @param beside the node_modules directory that the emitted files find first
 */
export function shakeClients(root: string, emitted: string, beside: string): void {
  const entries = join(root, 'build/clients');
  rmSync(entries, { recursive: true, force: true });
  const imports = clientImports(emitted);
  for (const [client, names] of imports) {
    const entry = join(entries, `${client}.js`);
    mkdirSync(dirname(entry), { recursive: true });
    const used = [...names].filter((name) => name !== '').toSorted();
    writeFileSync(entry, `export { ${used.join(', ')} } from '${client}';\n`);
  }
  const { warnings } = buildSync({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(
      [...imports.keys()].map((client) => [`${client}/index`, join(entries, `${client}.js`)]),
    ),
    outdir: beside,
    chunkNames: '@aws-sdk/shared/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Before the modules of CommonJS, of which nothing can be left out.
    conditions: ['module'],
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'silent',
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  for (const client of imports.keys()) {
    const description = { name: client, type: 'module', exports: './index.js' };
    writeFileSync(join(beside, client, 'package.json'), JSON.stringify(description));
  }
  writeFileSync(join(beside, '@aws-sdk/shared/package.json'), JSON.stringify({ type: 'module' }));
}
