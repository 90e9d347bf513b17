import { describe, expect, test } from 'vitest';
import { readInputs } from '../../src/actions/frontend/inputs.ts';
import { contentType } from '../../src/frontend/content-type.ts';
import { type Entry, inOrder } from '../../src/frontend/entry.ts';
import { pathsToForget } from '../../src/frontend/invalidation.ts';
import { judge } from '../../src/frontend/publishable.ts';
import { handlingOf, IMMUTABLE } from '../../src/frontend/rules.ts';
import { decodeVersion, encodeVersion } from '../../src/frontend/version-object.ts';

const inputsOf = (given: Readonly<Record<string, string>>) => {
  const all: Readonly<Record<string, string>> = { directory: 'dist', bucket: 'shop', ...given };
  return readInputs((name) => all[name] ?? '');
};

describe('inputs', () => {
  test('are all told at once when they are wrong', () => {
    const wrong = {
      directory: '',
      bucket: 's3://shop/app',
      prefix: 'a/../b',
      distribution: 'd111.cloudfront.net',
      'cache-control': 'images/** public',
      grace: 'a week',
      compress: 'zip',
      version: 'previous',
      timeout: 'soon',
      'dry-run': 'maybe',
    };
    expect(() => inputsOf(wrong)).toThrowError(
      /^directory: is required[\s\S]*bucket: "s3:[\s\S]*prefix: [\s\S]*distribution: [\s\S]*cache-control line 1: [\s\S]*grace: [\s\S]*compress: [\s\S]*version: [\s\S]*timeout: [\s\S]*dry-run: /,
    );
  });

  test('take ARNs, days and folders as people write them', () => {
    expect(
      inputsOf({
        bucket: 'arn:aws:s3:::shop',
        distribution: 'arn:aws:cloudfront::123456789012:distribution/E1A2B3C4D5E6F7',
        prefix: '/sites/shop/',
        grace: '1d12h',
      }),
    ).toMatchObject({
      bucket: 'shop',
      distribution: 'E1A2B3C4D5E6F7',
      prefix: 'sites/shop/',
      graceMs: 36 * 3_600_000,
    });
  });
});

describe('a file is handed out', () => {
  const { rules } = inputsOf({});
  test.for([
    ['index.html', 'page', 'text/html; charset=utf-8', 'no-cache'],
    ['docs/index-B7kPx3Qz.html', 'page', 'text/html; charset=utf-8', 'no-cache'],
    ['assets/index-B7kPx3Qz.js', 'asset', 'text/javascript; charset=utf-8', IMMUTABLE],
    ['sw.js', 'file', 'text/javascript; charset=utf-8', 'no-cache'],
  ] as const)('%s as %s, %s, %s', ([path, kind, type, cache]) => {
    expect(handlingOf(path, rules)).toEqual({ kind, type, cache });
  });

  test('as the patterns of the user say, which win over names', () => {
    const { rules: own } = inputsOf({
      immutable: 'lib/**\n*.woff2',
      html: '*.html app/shell.json',
      'cache-control': 'images/**: public, max-age=86400\n# all others\n*.png: max-age=60',
    });
    expect(handlingOf('assets/index-B7kPx3Qz.js', own).kind).toBe('file');
    expect(handlingOf('fonts/roboto.woff2', own)).toMatchObject({ kind: 'asset', cache: IMMUTABLE });
    expect(handlingOf('lib/a.html', own).kind).toBe('asset');
    expect(handlingOf('app/shell.json', own).kind).toBe('page');
    expect(handlingOf('images/a.png', own).cache).toBe('public, max-age=86400');
    expect(handlingOf('icon.png', own).cache).toBe('max-age=60');
  });

  test.for([
    ['a.js.map', 'application/json'],
    ['site.webmanifest', 'application/manifest+json'],
    ['a.wasm', 'application/wasm'],
    ['a.woff2', 'font/woff2'],
    ['a.MJS', 'text/javascript; charset=utf-8'],
    ['favicon.ico', 'image/x-icon'],
    ['a.svg', 'image/svg+xml'],
    ['.well-known/apple-app-site-association', 'application/json'],
    ['CNAME', 'application/octet-stream'],
    ['video.unknown', 'application/octet-stream'],
  ] as const)('%s with the type %s', ([path, type]) => {
    expect(contentType(path)).toBe(type);
  });
});

test('assets go before other files, those before pages, and the entry page goes alone at the end', () => {
  const entry = (path: string): Entry => ({
    path,
    sha256: path,
    size: 1,
    ...handlingOf(path, inputsOf({}).rules),
  });
  const paths = ['index.html', 'shop/index.html', 'robots.txt', 'a-B7kPx3Qz.js', 'about.html'];
  expect(inOrder(paths.map(entry)).map((group) => group.map(({ path }) => path))).toEqual([
    ['a-B7kPx3Qz.js'],
    ['robots.txt'],
    ['shop/index.html', 'about.html'],
    ['index.html'],
  ]);
});

describe('published is', () => {
  test.for([
    ['index.html', 'publish'],
    ['.well-known/security.txt', 'publish'],
    ['días/ñandú & co.html', 'publish'],
    ['.git/config', 'skip'],
    ['a/.DS_Store', 'skip'],
    ['.deploy-actions/current.json', 'refuse'],
    ['a\nb.html', 'refuse'],
    [`${'ü'.repeat(600)}.html`, 'refuse'],
  ] as const)('%s: %s', ([path, kind]) => {
    expect(judge(path, 'app/').kind).toBe(kind);
  });

  test.for(['.env', 'config/.env.production', '.npmrc', 'certs/server.key', 'id_rsa', '.well-known/a.pem'])(
    'never %s, which a secret may be in',
    (path) => {
      expect(judge(path, '')).toEqual({ kind: 'skip', secret: true });
    },
  );
});

describe('CloudFront forgets', () => {
  test('directories with their index, encoded as it keeps them', () => {
    expect(pathsToForget(['index.html', 'días/index.html', "a b/it's~(1).html", 'x.txt'], '', '')).toEqual({
      paths: ['/', "/a%20b/it's%7E(1).html", '/d%C3%ADas/', '/d%C3%ADas/index.html', '/index.html', '/x.txt'],
      wildcard: false,
    });
  });

  test('what viewers ask for, where the origin puts a folder before it', () => {
    expect(pathsToForget(['app/index.html'], 'app/', 'app/').paths).toEqual(['/', '/index.html']);
    expect(pathsToForget(['app/index.html'], '', 'app/').paths).toEqual(['/app/', '/app/index.html']);
  });

  test('all by one path, where there are more than a thousand', () => {
    const keys = Array.from({ length: 1_001 }, (_, n) => `app/${n}.txt`);
    expect(pathsToForget(keys.slice(1), '', 'app/').paths).toHaveLength(1_000);
    expect(pathsToForget(keys, '', 'app/')).toEqual({ paths: ['/app/*'], wildcard: true });
    expect(pathsToForget(keys, 'app/', 'app/').paths).toEqual(['/*']);
  });
});

test('a version is read as it was written, and nothing else is taken for one', () => {
  const version = {
    record: { id: 'a', at: 1 },
    files: [],
    contents: new Map([
      ['x', Uint8Array.of(10, 0, 255)],
      ['y', new Uint8Array()],
    ]),
  };
  const bytes = encodeVersion(version);
  expect(decodeVersion(bytes)).toEqual(version);
  expect(decodeVersion(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
  expect(decodeVersion(new TextEncoder().encode('<html>\n'))).toBeUndefined();
});
