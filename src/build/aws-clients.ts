import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { edited } from './edit.ts';

/**
 * Ways to credentials that no runner has: a person's browser is needed for them. What stands in fails in the SDK's own
 * way, so that the run ends with what it says.
 */
const LEFT_OUT: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-sso': standIn('fromSSO', 'IAM Identity Center (sso_session, sso_start_url)'),
  '@aws-sdk/credential-provider-login': standIn('fromLoginCredentials', '"aws login" (login_session)'),
};

function standIn(name: string, what: string): string {
  const message = `the AWS profile takes its credentials from ${what}, which deploy-actions leaves out; take them from aws-actions/configure-aws-credentials, or from a profile with a role, keys, a credential_process or a web identity`;
  return `import { CredentialsProviderError } from '@smithy/core/config';
export const ${name} = () => async () => {
  throw new CredentialsProviderError(${JSON.stringify(message)}, { tryNextLink: false });
};
`;
}

const REGISTRATION = /^n0_registry\.registerError\((\w+)\$, \1\);\n/gm;

/** The errors of a service that the SDK tries again because its model says so: such a mark is on the class only. */
export function marked(errors: string): ReadonlySet<string> {
  const classes = errors.split(/^export class /m).slice(1);
  return new Set(
    classes.filter((text) => text.includes('$retryable')).map((text) => text.match(/^\w+/)?.[0] ?? ''),
  );
}

/** The errors that AWS sends by a name that is not the beginning of the one that the SDK gives them. */
export function renamed(schemas: string): ReadonlySet<string> {
  const codes = schemas.matchAll(/^export var (\w+)\$ = \[-3, n0, _\w+,\s*\{ \[_aQE\]: \[`([^`]+)`/gm);
  return new Set([...codes].flatMap(([, name = '', code = '']) => (name.startsWith(code) ? [] : [name])));
}

/**
 * A module of schemas without the errors that nobody asks for by name. Of an error that it does not know the SDK makes
 * the base exception of the service, with the name and the message that AWS sent; each of the hundreds that it knows is
 * a class and a schema of its own.
 */
export function withoutErrors(schemas: string, keeps: (name: string) => boolean): string {
  return schemas.replace(REGISTRATION, (whole, name: string) => (keeps(name) ? whole : ''));
}

/**
 * A module of schemas in which sums such as `64 | 0` are worked out and keys such as `[_xN]` are written as what they
 * stand for: esbuild takes both for code that may have effects, and so keeps every shape that has one.
 */
export function plain(schemas: string): string {
  const constants = new Map(
    [...schemas.matchAll(/^const (_\w+) = (".*");$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  return schemas
    .replace(/(?<=^[^"]*)\b(\d+) \| (\d+)\b/gm, (_, flag, type) => `${Number(flag) | Number(type)}`)
    .replace(/\[(_\w+)\]: /g, (whole, name) => {
      const value = constants.get(name);
      return value === undefined ? whole : `${value}: `;
    });
}

/** A structure of a module of schemas: its members' names and what they are, a line each. */
const STRUCTURE =
  /^(export var \w+\$ = \[3, n0, \w+,\n.*\n *)\[(_\w+(?:, _\w+)*)\],\n( *)\[(.*)\](, \d+)?\n\];$/gm;

/**
 * A module of schemas whose structures have only the members that somebody names: of the rest of an answer nothing is
 * read, and of the rest of a request nothing is set. The description of a distribution is a tree of hundreds.
 *
 * @param schemas as the package has it
 */
export function withoutMembers(schemas: string, keeps: (member: string) => boolean): string {
  const names = new Map(
    [...schemas.matchAll(/^const (_\w+) = "(.*)";$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  return schemas.replace(STRUCTURE, (_, head, members, indent, types, required) => {
    const all = (members as string).split(', ');
    const described = parts(types);
    if (described.length !== all.length)
      throw new Error(`${all.length} members are described as ${described.length}; look at withoutMembers`);
    const kept = all.map((name) => keeps(names.get(name) ?? ''));
    const only = (list: readonly string[]) => list.filter((_item, i) => kept[i]).join(', ');
    const count = kept.slice(0, Number(required?.slice(2) ?? 0)).filter(Boolean).length;
    return `${head}[${only(all)}],\n${indent}[${only(described)}]${count > 0 ? `, ${count}` : ''}\n];`;
  });
}

/** What commas part, except within brackets. */
function parts(text: string): readonly string[] {
  const found = [''];
  let depth = 0;
  for (const sign of text) {
    if ('([{'.includes(sign)) depth += 1;
    if (')]}'.includes(sign)) depth -= 1;
    if (sign === ',' && depth === 0) found.push('');
    else found[found.length - 1] += sign;
  }
  return found.map((part) => part.trim());
}

/** Clients whose answers are read member by member; of others' answers, some are handed on as they are. */
const READ_BY_NAME = /client-(?:s3|cloudfront)[\\/]/;
/** What the SDK itself sets. */
const SET_BY_SDK = new Set(['ChecksumAlgorithm', 'ChecksumMode']);

/**
 * Leaves out of the clients of the AWS SDK what no run needs: errors and members that nobody names, ways to credentials that no
 * runner has, the second copy of the client of STS, and all but the version of what each package says of itself. Keeps
 * the names of commands, which tell what was called.
 *
 * @param sources all that was emitted: an error whose name stands there is kept
 */
export function leanClients(sources: string): Plugin {
  const words = new Set(sources.match(/\w+/g));
  return {
    name: 'lean-clients',
    setup(build) {
      build.onResolve({ filter: /^@aws-sdk\/credential-provider-/ }, ({ path, resolveDir }) =>
        Object.hasOwn(LEFT_OUT, path)
          ? { path, namespace: 'left-out', pluginData: resolveDir, sideEffects: false }
          : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path, pluginData }) => ({
        contents: LEFT_OUT[path] ?? '',
        resolveDir: pluginData as string,
      }));

      // The same client, of which the credentials' has fewer operations.
      build.onResolve({ filter: /^@aws-sdk\/nested-clients\/sts$/ }, ({ kind, resolveDir }) =>
        build.resolve('@aws-sdk/client-sts', { kind, resolveDir }),
      );

      const clients = /@aws-sdk[\\/]client-[\w-]+[\\/]dist-es[\\/]/.source;
      build.onLoad({ filter: new RegExp(`${clients}schemas[\\\\/]schemas_0\\.js$`) }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        // The model of EC2 names no error at all.
        const file = join(path, '../../models/errors.js');
        const errors = existsSync(file) ? readFileSync(file, 'utf8') : '';
        const known = [...text.matchAll(REGISTRATION)].length;
        const classes = errors.match(/^export class /gm)?.length ?? 0;
        if ((errors !== '' && known === 0) || known !== classes)
          throw new Error(`${path} registers its errors in another way now; look at withoutErrors`);
        const kept = [words, marked(errors), renamed(text)];
        const fewer = withoutErrors(text, (name) => kept.some((names) => names.has(name)));
        const named = (name: string) => words.has(name) || SET_BY_SDK.has(name);
        return { contents: plain(READ_BY_NAME.test(path) ? withoutMembers(fewer, named) : fewer) };
      });

      build.onLoad({ filter: new RegExp(`${clients}commands[\\\\/]\\w+Command\\.js$`) }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const named = /^(export class (\w+Command) extends command\(.*\) \{)$/m;
        return { contents: edited(path, text, named, '$1\n    static name = "$2";') };
      });

      build.onLoad({ filter: new RegExp(`${clients}runtimeConfig\\.js$`) }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const imported = /^import packageInfo from ("[./]+package\.json");$/m;
        const version = edited(path, text, imported, 'import { version } from $1;');
        const used = edited(
          path,
          version,
          /\bclientVersion: packageInfo\.version\b/,
          'clientVersion: version',
        );
        if (/\bpackageInfo\b/.test(used))
          throw new Error(`${path} uses more than the version of its package; look at leanClients`);
        return { contents: used };
      });
    },
  };
}
