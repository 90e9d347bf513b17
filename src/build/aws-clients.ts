import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
 * Puts a copy of each client beside what was emitted that holds no more than what is imported of it: a client describes
 * every operation of its service, of which a few are used here, and would be most of what every job downloads.
 *
 * @param root of the checkout
 * @param beside the node_modules directory that the emitted files find first
 */
export function shakeClients(root: string, emitted: string, beside: string): void {
  for (const [client, names] of clientImports(emitted)) {
    const directory = join(beside, client);
    mkdirSync(directory, { recursive: true });
    const used = [...names].filter((name) => name !== '').toSorted();
    const { warnings } = buildSync({
      stdin: {
        contents: `export { ${used.join(', ')} } from '${client}';\n`,
        resolveDir: root,
      },
      outfile: join(directory, 'index.js'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      mainFields: ['module', 'main'],
      // What clients share is left to be shared.
      external: ['@smithy/*', 'tslib', ...sharedPackages(root)],
      legalComments: 'none',
      logLevel: 'silent',
    });
    if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
    writeFileSync(
      join(directory, 'package.json'),
      JSON.stringify({ name: client, type: 'module', exports: './index.js' }),
    );
  }
}

/** Packages of the SDK that are no clients. */
const sharedPackages = (root: string): readonly string[] =>
  readdirSync(join(root, 'node_modules/@aws-sdk'))
    .filter((name) => !name.startsWith('client-') && existsSync(join(root, 'node_modules/@aws-sdk', name)))
    .flatMap((name) => [`@aws-sdk/${name}`, `@aws-sdk/${name}/*`]);
