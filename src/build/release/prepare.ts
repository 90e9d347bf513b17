import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { changelogSection } from './changelog.ts';
import type { Git } from './git.ts';
import { problemsOf } from './names.ts';
import { rewritten } from './rewrite.ts';
import { stage } from './stage.ts';
import { isVersion } from './version.ts';

export interface Wanted {
  /** A clean checkout of the sources. */
  readonly root: string;
  /** `OWNER/REPO`. */
  readonly repository: string;
  readonly version: string;
}

/** A release that could be made, in the local repository alone. */
export interface Prepared {
  readonly repository: string;
  readonly version: string;
  /** The commit of the sources. */
  readonly source: string;
  /** The commit of what users get. */
  readonly commit: string;
  /** What the release says, in Markdown. */
  readonly text: string;
}

/**
 * Stages the sources and makes the commit of the release, the same one each time. Nothing leaves this machine.
 *
 * @throws ConfigError when the sources do not name the version, something is missing in them, or it is there and was made from others
 */
export function prepare(git: Git, { root, repository, version }: Wanted): Prepared {
  const tags = git.remoteTags();
  const tag = tags.get(version);
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const problems = problemsOf({
    version,
    packageFile: read('package.json'),
    changelog: read('CHANGELOG.md'),
    others: [...tags.keys()].filter((other) => isVersion(other) && other !== version),
    tagged: tag !== undefined,
  });
  if (problems.length > 0) throw new ConfigError(problems);

  const source = git.head();
  const tree = mkdtempSync(join(tmpdir(), 'release-tree-'));
  try {
    const unfit = stage(root, tree, { repository, version });
    if (unfit.length > 0) throw new ConfigError(unfit);
    const commit = git.commit({ tree, source, version });
    if (tag && tag.commit !== commit) {
      throw new ConfigError({
        input: 'version',
        message: `${version} is there, made from other sources: its tag is on ${tag.commit}. If that release was not finished, run again the workflow run that began it; else name the next version`,
      });
    }
    const named = { repository, version, commit: source };
    const changes = rewritten(read('CHANGELOG.md'), 'CHANGELOG.md', new Set(), named, () => undefined);
    const { text = '' } = changelogSection(changes, version.slice(1)) ?? {};
    return {
      repository,
      version,
      source,
      commit,
      text: `${text}\n\n${pinning(repository, version, commit)}`,
    };
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** The file that a release carries. */
export const assetName = (version: string): string => `deploy-actions-${version}.tar.gz`;

const pinning = (repository: string, version: string, commit: string): string =>
  `### To pin this release

\`\`\`yaml
uses: ${repository}/canary@${commit} # ${version}
\`\`\`

\`gh release verify ${version} --repo ${repository}\` shows that the tag is on that commit and cannot move. \`${assetName(version)}\` holds the same tree; \`gh attestation verify ${assetName(version)} --repo ${repository} --signer-workflow ${repository}/.github/workflows/release.yml\` shows which workflow built it from which commit.`;
