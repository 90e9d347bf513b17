import { expect, test } from 'vitest';
import { isHashedName } from '../../src/frontend/hashed-name.ts';

test.for([
  ['Vite', 'assets/index-B7kPx3Qz.js'],
  ['Vite, with a separator in the hash', 'assets/vendor-D_x-9aBc.css'],
  ['Vite, in the name of a map', 'assets/index-B7kPx3Qz.js.map'],
  ['Rollup', 'chunk-a8F3kd92.mjs'],
  ['Astro', '_astro/hoisted.CXp9aQ2z.js'],
  ['webpack', 'main.8f3a2b1c9d0e4f5a6b7c.js'],
  ['webpack, with a chunk', 'js/runtime~main.8f3a2b1c.chunk.js'],
  ['webpack, a licence', 'main.8f3a2b1c9d0e4f5a6b7c.js.LICENSE.txt'],
  ['webpack, by the hash alone', '0f3ac2b19d8e.css'],
  ['Create React App', 'static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg'],
  ['Gatsby', 'app-8a1b2c3d4e5f60718293.js'],
  ['esbuild', 'out/app-3KX2QZ7M.js'],
  ['Angular', 'main-ABCDEFGH.js'],
  ['Angular, a picture', 'media/logo-Q3B7XKTM.svg'],
  ['Next.js', '_next/static/chunks/pages/_app-7d1e2f3a4b5c6d7e.js'],
  ['Next.js, by the id of the build', '_next/static/kJ3-xY/_buildManifest.js'],
  ['SvelteKit', '_app/immutable/entry/start.js'],
  ['Nuxt', '_nuxt/BkP3x9Qz.js'],
  ['Parcel', 'index.7f6b9f41.js'],
] as const)('%s: %s holds a hash', ([, path]) => {
  expect(isHashedName(path)).toBe(true);
});

test.for([
  'index.html',
  'sw.js',
  'service-worker.js',
  'app.js',
  'jquery-3.7.1.min.js',
  'polyfills-es2015.js',
  'user-settings.js',
  'user-Settings.js',
  'component-userName.js',
  'module-version2.js',
  'docs/chapter-12345678.pdf',
  'report-20260131.pdf',
  'img/banner-1024x768.jpg',
  'img/android-chrome-512x512.png',
  'my-long-name-app.js',
  'foo-page-2-b.js',
  'THIRD-PARTY-LICENSES.txt',
  'README-TEMPLATE.md',
  '3rdpartylicenses.txt',
  'favicon.ico',
  'manifest.webmanifest',
  'asset-manifest.json',
  '_nuxt/builds/latest.json',
  'fonts/roboto-regular.woff2',
  'fonts/inter-latin-400-normal.woff2',
  'img/feedback.png',
  'data/decade90.json',
  'ngsw-worker.js',
  'safety-worker.js',
  'bootstrap.bundle.min.js',
  'locale/messages-utf8text.json',
])('%s does not', (path) => {
  expect(isHashedName(path)).toBe(false);
});
