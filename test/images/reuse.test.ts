import { describe, expect, test } from 'vitest';
import { BUILD_INPUTS, originLabels, REVISION } from '../../src/images/labels.ts';
import { type Candidate, decideReuse, type TakenTag } from '../../src/images/reuse.ts';

const SHA = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const BUILD: Candidate = { kind: 'build', sha: SHA, inputs: 'i1' };

const taken = (tag: string, given: Partial<TakenTag> = {}): TakenTag => ({
  tag,
  digest: 'sha256:1',
  configDigest: 'sha256:c1',
  labels: { [REVISION]: SHA, [BUILD_INPUTS]: 'i1' },
  ...given,
});

describe('an image whose tags cannot be moved', () => {
  test('is pushed when none of them is taken', () => {
    expect(decideReuse([], BUILD)).toEqual({ kind: 'push' });
    expect(decideReuse([], { kind: 'image', digests: [] })).toEqual({ kind: 'push' });
  });

  test('is used again that was built from the same commit by the same inputs', () => {
    expect(decideReuse([taken(SHA), taken('1.2.3')], BUILD)).toEqual({ kind: 'reuse', digest: 'sha256:1' });
  });

  test('is used again with a word of doubt when only its tag names the commit', () => {
    expect(decideReuse([taken(`api-${SHA}`, { labels: {} })], BUILD)).toEqual({
      kind: 'reuse',
      digest: 'sha256:1',
      note: `api-${SHA} was built by something else: only its tag says that it is this commit`,
    });
    const labels = { [REVISION]: SHA };
    expect(decideReuse([taken('1.2.3', { labels })], BUILD)).toMatchObject({
      kind: 'reuse',
      note: expect.stringContaining('1.2.3'),
    });
  });

  test.each([
    ['another commit', { [REVISION]: OTHER, [BUILD_INPUTS]: 'i1' }, `was built from commit ${OTHER}`],
    ['other inputs', { [REVISION]: SHA, [BUILD_INPUTS]: 'i2' }, 'by other inputs of this step'],
    ['nobody knows what', {}, 'does not say which commit it was built from'],
  ])('is a conflict when it was built from %s', (_, labels, reason) => {
    const decision = decideReuse([taken('1.2.3', { labels })], BUILD);
    expect(decision.kind === 'conflict' && decision.reasons.join()).toContain(reason);
  });

  test('is a conflict when its tags name different images', () => {
    const decision = decideReuse([taken(SHA), taken('1.2.3', { digest: 'sha256:2' })], BUILD);
    expect(decision).toEqual({
      kind: 'conflict',
      reasons: [`${SHA} and 1.2.3 are different images there (sha256:1, sha256:2)`],
    });
  });

  test('tells of each tag that is in the way', () => {
    const labels = { [REVISION]: OTHER };
    const decision = decideReuse([taken(SHA), taken('a', { labels }), taken('b', { labels })], BUILD);
    expect(decision.kind === 'conflict' && decision.reasons).toHaveLength(2);
  });

  test('is known by its manifest or its configuration where it is built already', () => {
    const image = (...digests: string[]): Candidate => ({ kind: 'image', digests });
    expect(decideReuse([taken('v1')], image('sha256:1'))).toEqual({ kind: 'reuse', digest: 'sha256:1' });
    expect(decideReuse([taken('v1')], image('sha256:c1'))).toEqual({ kind: 'reuse', digest: 'sha256:1' });
    expect(decideReuse([taken('v1')], image('sha256:9'))).toEqual({
      kind: 'conflict',
      reasons: ['v1 is another image there (sha256:1)'],
    });
    expect(decideReuse([taken('v1', { configDigest: undefined })], image())).toMatchObject({
      kind: 'conflict',
    });
  });

  test('is not taken for that of a commit that nobody knows', () => {
    const unknown: Candidate = { kind: 'build', sha: '', inputs: 'i1' };
    expect(decideReuse([taken('v1', { labels: {} })], unknown)).toMatchObject({ kind: 'conflict' });
  });
});

describe('the labels of an image', () => {
  const origin = {
    sha: SHA,
    ref: 'refs/tags/v1.2.3',
    source: 'https://github.com/org/shop',
    committedAt: '2026-01-05T12:00:00Z',
  };

  test('say where it comes from, by the conventions of OCI', () => {
    expect(Object.fromEntries(originLabels(origin, 'api'))).toEqual({
      'org.opencontainers.image.title': 'api',
      'org.opencontainers.image.created': '2026-01-05T12:00:00Z',
      'org.opencontainers.image.revision': SHA,
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.source': 'https://github.com/org/shop',
      'org.opencontainers.image.url': 'https://github.com/org/shop',
    });
  });

  test('leave out what is not known', () => {
    const labels = originLabels(
      { sha: '', ref: 'refs/pull/7/merge', source: '', committedAt: undefined },
      'api',
    );
    expect(Object.fromEntries(labels)).toEqual({
      'org.opencontainers.image.title': 'api',
      'org.opencontainers.image.version': '7/merge',
    });
  });
});
