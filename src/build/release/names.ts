import type { Problem } from '../../errors.ts';
import { changelogSection } from './changelog.ts';
import { compareVersions } from './order.ts';
import { isVersion } from './version.ts';

/** What the sources say of the version that is to be released. */
export interface Named {
  readonly version: string;
  /** The text of package.json. */
  readonly packageFile: string;
  readonly changelog: string;
  /** The versions that are there, without this one. */
  readonly others: readonly string[];
  /** Whether this version has its tag: then what came after it is no objection. */
  readonly tagged: boolean;
}

/** Everything that speaks against releasing the sources under that name. */
export function problemsOf({ version, packageFile, changelog, others, tagged }: Named): readonly Problem[] {
  if (!isVersion(version)) {
    const message = `"${version}" is not a version; write it like v1.2.3, or v1.2.3-rc.1 for one to be tried first`;
    return [{ input: 'version', message }];
  }
  const problems: Problem[] = [];
  const name = version.slice(1);
  const { version: packaged } = JSON.parse(packageFile) as { readonly version?: unknown };
  if (packaged !== name) {
    const message = `says ${String(packaged)}; set it with "npm version --no-git-tag-version ${name}"`;
    problems.push({ input: 'package.json', message });
  }
  const section = changelogSection(changelog, name);
  const heading = `## [${name}] - YYYY-MM-DD`;
  if (!section) problems.push({ input: 'CHANGELOG.md', message: `has no section "${heading}"` });
  else {
    if (!section.date)
      problems.push({ input: 'CHANGELOG.md', message: `dates no release: write "${heading}"` });
    if (section.text === '') problems.push({ input: 'CHANGELOG.md', message: `says nothing of ${name}` });
  }
  if (changelogSection(changelog, 'Unreleased')?.text) {
    const message = `has changes below [Unreleased], which would be released; move them to [${name}]`;
    problems.push({ input: 'CHANGELOG.md', message });
  }
  const later = others
    .filter((other) => compareVersions(other, version) > 0)
    .toSorted(compareVersions)
    .at(-1);
  if (later !== undefined && !tagged) {
    problems.push({ input: 'version', message: `${version} comes before ${later}, which is there already` });
  }
  return problems;
}
