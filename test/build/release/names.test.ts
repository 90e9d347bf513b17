import fc from 'fast-check';
import { valid } from 'semver';
import { describe, expect, it } from 'vitest';
import { changelogSection } from '../../../src/build/release/changelog.ts';
import { type Named, problemsOf } from '../../../src/build/release/names.ts';
import { compareVersions } from '../../../src/build/release/order.ts';
import { isPrerelease, isVersion, movableTag } from '../../../src/build/release/version.ts';

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.2.0] - 2026-01-05

### Added

- Something.

## [1.1.0] - 2025-12-01
[1.2.0]: https://example.com
`;

const named: Named = {
  version: 'v1.2.0',
  packageFile: '{ "version": "1.2.0" }',
  changelog: CHANGELOG,
  others: ['v1.1.0', 'v1.2.0-rc.1'],
  tagged: false,
};

const said = (changes: Partial<Named>) =>
  problemsOf({ ...named, ...changes }).map(({ input, message }) => `${input}: ${message}`);

describe('versions', () => {
  it.each(['v1.2.3', 'v0.1.0', 'v1.2.3-rc.1', 'v10.20.30-beta'])('%s is one', (text) => {
    expect(isVersion(text)).toBe(true);
  });

  it.each([
    '1.2.3',
    'v1.2',
    'v1',
    'v01.2.3',
    'v1.2.3-',
    'v1.2.3+build',
    'v1.2.3\n',
    'v1.2.3-rc_1',
    '--version',
  ])('%j is none', (text) => {
    expect(isVersion(text)).toBe(false);
  });

  it('are those that semver takes, without what builds add', () => {
    const part = fc.string({
      unit: fc.constantFrom('0', '1', '9', 'a', 'Z', '-', '.', '+', 'v'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(part, part, (core, rest) => {
        const text = `1.2.${core}-${rest}`;
        expect(isVersion(`v${text}`)).toBe(!text.includes('+') && valid(text) !== null);
      }),
      { numRuns: 500 },
    );
  });

  it('have a tag that follows their releases, and none for those to be tried', () => {
    expect(['v1.2.3', 'v0.2.0', 'v12.0.0', 'v1.2.3-rc.1'].map(movableTag)).toEqual([
      'v1',
      'v0',
      'v12',
      undefined,
    ]);
  });

  it('come after those that were to be tried', () => {
    const ordered = ['v0.9.0', 'v1.0.0-rc.2', 'v1.0.0-rc.10', 'v1.0.0', 'v1.0.1'];
    expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
    expect(ordered.filter(isPrerelease)).toEqual(['v1.0.0-rc.2', 'v1.0.0-rc.10']);
  });
});

describe('the section of a version', () => {
  it('ends at the next one', () => {
    expect(changelogSection(CHANGELOG, '1.2.0')).toEqual({
      date: '2026-01-05',
      text: '### Added\n\n- Something.',
    });
    expect(changelogSection(CHANGELOG, '1.1.0')).toEqual({ date: '2025-12-01', text: '' });
    expect(changelogSection(CHANGELOG, 'Unreleased')).toEqual({ date: undefined, text: '' });
    expect(changelogSection(CHANGELOG, '1.2')).toBeUndefined();
  });

  it('is what was written there, whatever stands before and after it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '-', '#', '\n') });
    const prose = text.map((each) => each.trim()).filter((each) => !/^## /m.test(each));
    fc.assert(
      fc.property(prose, prose, prose, (before, mine, after) => {
        const changelog = `${before}\n\n## [2.0.0] - 2026-02-01\n\n${mine}\n\n## [1.0.0] - 2026-01-01\n${after}`;
        expect(changelogSection(changelog, '2.0.0')).toEqual({ date: '2026-02-01', text: mine });
      }),
    );
  });
});

describe('what speaks against a release', () => {
  it('is nothing when everything names its version', () => {
    expect(said({})).toEqual([]);
    expect(said({ version: 'v1.2.0', others: [] })).toEqual([]);
  });

  it('is told all at once, with what to do', () => {
    expect(
      said({ packageFile: '{ "version": "1.1.0" }', changelog: '# Changelog', others: ['v2.0.0'] }),
    ).toEqual([
      'package.json: says 1.1.0; set it with "npm version --no-git-tag-version 1.2.0"',
      'CHANGELOG.md: has no section "## [1.2.0] - YYYY-MM-DD"',
      'version: v1.2.0 comes before v2.0.0, which is there already',
    ]);
  });

  it('is a section without a date, or without a word', () => {
    expect(said({ changelog: '## [1.2.0]\n- Something.' })).toEqual([
      'CHANGELOG.md: dates no release: write "## [1.2.0] - YYYY-MM-DD"',
    ]);
    expect(said({ changelog: '## [1.2.0] - 2026-01-05\n' })).toEqual(['CHANGELOG.md: says nothing of 1.2.0']);
  });

  it('is a change that would be released without being told', () => {
    const changelog = CHANGELOG.replace('## [Unreleased]', '## [Unreleased]\n\n- More.');
    expect(said({ changelog })).toEqual([
      'CHANGELOG.md: has changes below [Unreleased], which would be released; move them to [1.2.0]',
    ]);
  });

  it('is a version that is none', () => {
    expect(said({ version: '1.2' })).toEqual([
      'version: "1.2" is not a version; write it like v1.2.3, or v1.2.3-rc.1 for one to be tried first',
    ]);
  });

  it('is not a later version, when this one was begun before', () => {
    expect(said({ others: ['v1.3.0'], tagged: true })).toEqual([]);
  });
});
