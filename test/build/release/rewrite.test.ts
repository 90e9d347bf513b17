import { describe, expect, it } from 'vitest';
import { publishedPath } from '../../../src/build/release/published.ts';
import { rewritten } from '../../../src/build/release/rewrite.ts';

const PATHS = new Set([
  'README.md',
  'CONTRIBUTING.md',
  'actions/canary/README.md',
  'actions/canary/action.yml',
  'actions/canary/policy.json',
  'actions/rollback/README.md',
  '.github/guides/pipelines.md',
  '.github/workflows/deploy.yml',
  '.github/workflows/ci.yml',
  '.github/adr/0001-x.md',
  '.github/bench/judge.svg',
  'examples/java.yml',
]);
const RELEASE = { repository: 'acme/deploy', version: 'v1.2.3', commit: 'c0ffee' };

const broken: string[] = [];
const inFile = (path: string, text: string): string =>
  rewritten(text, path, PATHS, RELEASE, (link) => broken.push(link));

describe('what is published', () => {
  it.each([
    ['README.md', 'README.md'],
    ['actions/canary/action.yml', 'canary/action.yml'],
    ['actions/canary/config.schema.json', 'canary/config.schema.json'],
    ['actions/canary/policy.json', undefined],
    ['actions/canary/README.md', undefined],
    ['.github/workflows/deploy.yml', '.github/workflows/deploy.yml'],
    ['.github/guides/pipelines.md', undefined],
    ['.github/policies/trust.json', undefined],
    ['dist/canary/main.js', 'dist/canary/main.js'],
    ['.github/workflows/ci.yml', undefined],
    ['.github/workflows/release.yml', undefined],
    ['.github/zizmor.yml', undefined],
    ['CONTRIBUTING.md', undefined],
    ['src/main.ts', undefined],
    ['test/main.test.ts', undefined],
    ['examples/java.yml', undefined],
    ['package.json', undefined],
  ])('%s: %s', (path, published) => {
    expect(publishedPath(path)).toBe(published);
  });
});

describe('references', () => {
  it.each([
    ['uses: org/deploy-actions@v1', 'uses: acme/deploy@v1.2.3'],
    ['uses: org/deploy-actions/canary@v1 # ours', 'uses: acme/deploy/canary@v1.2.3 # ours'],
    [
      'uses: org/deploy-actions/.github/workflows/deploy.yml@v1\n',
      'uses: acme/deploy/.github/workflows/deploy.yml@v1.2.3\n',
    ],
    ['Write `org/deploy-actions@v1`.', 'Write `acme/deploy@v1.2.3`.'],
    ['Write org/deploy-actions@v1.', 'Write acme/deploy@v1.2.3.'],
    ['uses: org/deploy-actions@v1.0.0', 'uses: acme/deploy@v1.0.0'],
    ['uses: org/deploy-actions@v12', 'uses: acme/deploy@v12'],
    ['content.com/org/deploy-actions/v1/canary/x.json', 'content.com/acme/deploy/v1.2.3/canary/x.json'],
    ['gh release verify v1 --repo org/deploy-actions', 'gh release verify v1 --repo acme/deploy'],
    ['uses: other/deploy-actions@v1', 'uses: other/deploy-actions@v1'],
    ['uses: aws-actions/configure@v1', 'uses: aws-actions/configure@v1'],
  ])('%s', (text, expected) => {
    expect(inFile('.github/workflows/deploy.yml', text)).toBe(expected);
  });

  it('lead an action to its program', () => {
    expect(inFile('actions/canary/action.yml', 'main: ../../dist/canary/main.js')).toBe(
      'main: ../dist/canary/main.js',
    );
  });
});

describe('links', () => {
  const sources = 'https://github.com/acme/deploy';
  it.each([
    [
      'README.md',
      '[a](actions/canary/README.md#inputs)',
      `[a](${sources}/blob/c0ffee/actions/canary/README.md#inputs)`,
    ],
    ['README.md', '[a](actions/canary)', `[a](${sources}/tree/c0ffee/actions/canary)`],
    ['README.md', '[`a`](actions/canary/action.yml)', '[`a`](canary/action.yml)'],
    ['README.md', '[a](.github/workflows/deploy.yml)', '[a](.github/workflows/deploy.yml)'],
    ['README.md', '[a](.github/workflows/ci.yml)', `[a](${sources}/blob/c0ffee/.github/workflows/ci.yml)`],
    ['README.md', '[a](CONTRIBUTING.md)', `[a](${sources}/blob/c0ffee/CONTRIBUTING.md)`],
    ['README.md', '[a](.github/adr)', `[a](${sources}/tree/c0ffee/.github/adr)`],
    [
      'README.md',
      '[a](examples/java.yml), [b](#c)',
      `[a](${sources}/blob/c0ffee/examples/java.yml), [b](#c)`,
    ],
    [
      'README.md',
      '![a, b](.github/bench/judge.svg)',
      `![a, b](${sources}/raw/c0ffee/.github/bench/judge.svg)`,
    ],
    ['README.md', '[a](https://aws.amazon.com/ecs)', '[a](https://aws.amazon.com/ecs)'],
    ['README.md', '```\n[a](nowhere)\n```', '```\n[a](nowhere)\n```'],
  ])('%s: %s', (path, text, expected) => {
    expect(inFile(path, text)).toBe(expected);
  });

  it('that lead nowhere are told', () => {
    broken.splice(0);
    expect(inFile('README.md', '[a](actions/nothing), [b](LICENSE#c)')).toBe(
      '[a](actions/nothing), [b](LICENSE#c)',
    );
    expect(broken).toEqual(['actions/nothing', 'LICENSE#c']);
    inFile('README.md', '[a](actions/canary), [b](#c)');
    expect(broken).toHaveLength(2);
  });
});
