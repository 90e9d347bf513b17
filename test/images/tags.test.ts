import { describe, expect, test } from 'vitest';
import { isImmutable } from '../../src/images/mutability.ts';
import { DEFAULT_TAGS, readTags, versionOf } from '../../src/images/tags.ts';
import { listLines } from '../../src/rollout/list-lines.ts';

const SHA = 'a'.repeat(40);

const read = (text: string, ref = 'refs/heads/main', prefix = '', sha = SHA) =>
  readTags(listLines(text), { sha, ref }, prefix);

const names = (...given: Parameters<typeof read>) => read(...given).tags.map(({ tag }) => tag);

describe('the tags of an image', () => {
  test.each([
    ['a release', 'refs/tags/v1.2.3', [SHA, '1.2.3', '1.2']],
    ['a release without the letter', 'refs/tags/1.2.3', [SHA, '1.2.3', '1.2']],
    ['a first release', 'refs/tags/v0.0.1', [SHA, '0.0.1', '0.0']],
    ['a pre-release, which no series may follow', 'refs/tags/v1.2.3-rc.1', [SHA, '1.2.3-rc.1']],
    ['a release with build metadata', 'refs/tags/v1.2.3+exp.5', [SHA, '1.2.3', '1.2']],
    ['a version of two parts', 'refs/tags/v1.2', [SHA]],
    ['a version with a zero before a number', 'refs/tags/v01.2.3', [SHA]],
    ['another tag', 'refs/tags/nightly', [SHA]],
    ['a branch', 'refs/heads/v1.2.3', [SHA]],
    ['a pull request', 'refs/pull/12/merge', [SHA]],
    ['no reference', '', [SHA]],
  ])('by default, for %s', (_, ref, tags) => {
    expect(names(DEFAULT_TAGS, ref)).toEqual(tags);
  });

  test('get the prefix, each of them, and are told once', () => {
    expect(names('- sha\n- semver\nlatest # moves\n1.2', 'refs/tags/v1.2.3', 'api-')).toEqual([
      `api-${SHA}`,
      'api-1.2.3',
      'api-1.2',
      'api-latest',
    ]);
  });

  test('move when they are a series or latest, and are asked for when the user wrote them', () => {
    expect(read('sha\nsemver\nlatest\nstaging', 'refs/tags/v1.2.3').tags).toEqual([
      { tag: SHA, moves: false, asked: false },
      { tag: '1.2.3', moves: false, asked: false },
      { tag: '1.2', moves: true, asked: false },
      { tag: 'latest', moves: true, asked: true },
      { tag: 'staging', moves: false, asked: true },
    ]);
  });

  test('are all refused together that a registry would not take', () => {
    const { tags, problems } = read('.hidden\nok\na b\nfeature/x\nsha', 'refs/heads/main', '', '');
    expect(tags.map(({ tag }) => tag)).toEqual(['ok']);
    expect(problems.map(({ input }) => input)).toEqual([
      'tags line 1',
      'tags line 3',
      'tags line 4',
      'tags line 5',
    ]);
    expect(problems[2]?.message).toContain('"feature/x" is not a tag');
    expect(problems[3]?.message).toContain('GITHUB_SHA is not set');
    expect(read('x'.repeat(127), '', 'p-').problems).toHaveLength(1);
    expect(read('x'.repeat(126), '', 'p-').problems).toEqual([]);
  });

  test('do not take a name for a version that is none', () => {
    for (const ref of [
      'refs/tags/v1',
      'refs/tags/vv1.2.3',
      'refs/tags/release-1.2.3',
      'refs/tags/v1.2.3.4',
    ]) {
      expect(versionOf(ref), ref).toBeUndefined();
    }
  });
});

describe('a tag is immutable', () => {
  test.each([
    [true, [], 'latest', true],
    [false, [], 'latest', false],
    [true, ['latest', 'dev-*'], 'latest', false],
    [true, ['latest', 'dev-*'], 'dev-7', false],
    [true, ['latest', 'dev-*'], 'my-dev-7', true],
    [true, ['1.2'], '1x2', true],
    [false, ['v*'], 'v1.2.3', true],
    [false, ['*-rc.*'], '1.0.0-rc.1', true],
    [false, ['v*'], '1.2.3', false],
  ])('immutable: %s, except %j: %s is %s', (immutable, except, tag, expected) => {
    expect(isImmutable({ immutable, except }, tag)).toBe(expected);
  });
});
