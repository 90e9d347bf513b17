import { type GithubAccess, openGithub, patiently } from '../../github/api.ts';

/** A release as GitHub keeps it. */
export interface Release {
  readonly id: number;
  readonly url: string;
  readonly draft: boolean;
  /** Whether its tag and its files can never be changed. */
  readonly immutable: boolean;
  readonly uploadUrl: string;
  readonly assets: readonly Asset[];
}

export interface Asset {
  readonly id: number;
  readonly name: string;
  /** `sha256:...`; `undefined` while GitHub has not the whole file. */
  readonly digest: string | undefined;
}

export interface Draft {
  readonly version: string;
  readonly commit: string;
  readonly text: string;
  readonly prerelease: boolean;
}

/** The releases of a repository: https://docs.github.com/rest/releases. */
export interface Releases {
  /** The release of a tag. Drafts are told only to those who may write. */
  find(version: string): Promise<Release | undefined>;
  /** Makes a draft, which nobody else sees, or answers the release that is there. */
  draft(draft: Draft): Promise<Release>;
  /** Puts a file into a draft; one of that name that is there is taken away first. */
  upload(release: Release, name: string, content: Buffer): Promise<void>;
  /** Makes a draft a release. Its tag and files stay as they are from then on, if the repository's settings say so. */
  publish(release: Release, latest: boolean): Promise<Release>;
}

interface Described {
  readonly id: number;
  readonly html_url: string;
  readonly upload_url: string;
  readonly tag_name: string;
  readonly draft: boolean;
  readonly immutable?: boolean;
  readonly assets: readonly {
    readonly id: number;
    readonly name: string;
    readonly state: string;
    readonly digest: string | null;
  }[];
}

export function openReleases(repository: string, access: GithubAccess): Releases {
  const [owner = '', repo = ''] = repository.split('/');
  const { request, paginate } = openGithub(access);
  const find = async (version: string): Promise<Release | undefined> => {
    const all = await paginate('GET /repos/{owner}/{repo}/releases', { owner, repo, per_page: 100 });
    const mine = all.filter(({ tag_name }) => tag_name === version);
    const found = mine.find(({ draft }) => !draft) ?? mine[0];
    return found && release(found);
  };
  return {
    find: (version) => patiently(access, () => find(version)),

    draft: ({ version, commit, text, prerelease }) =>
      patiently(access, async () => {
        // An answer that was lost may have left it there.
        const found = await find(version);
        if (found) return found;
        const { data } = await request('POST /repos/{owner}/{repo}/releases', {
          owner,
          repo,
          tag_name: version,
          target_commitish: commit,
          name: version,
          body: text,
          draft: true,
          prerelease,
        });
        return release(data);
      }),

    upload: ({ id, uploadUrl }, name, content) =>
      patiently(access, async () => {
        const { data } = await request('GET /repos/{owner}/{repo}/releases/{release_id}/assets', {
          owner,
          repo,
          release_id: id,
          per_page: 100,
        });
        for (const { id: asset_id } of data.filter((asset) => asset.name === name)) {
          await request('DELETE /repos/{owner}/{repo}/releases/assets/{asset_id}', { owner, repo, asset_id });
        }
        await request({
          method: 'POST',
          url: uploadUrl,
          name,
          headers: { 'content-type': 'application/gzip', 'content-length': content.length },
          data: content,
        });
      }),

    publish: ({ id }, latest) =>
      patiently(access, async () => {
        const address = { owner, repo, release_id: id };
        const { data: now } = await request('GET /repos/{owner}/{repo}/releases/{release_id}', address);
        // The answer to an earlier try was lost, and what is published cannot be changed.
        if (!now.draft) return release(now);
        const { data } = await request('PATCH /repos/{owner}/{repo}/releases/{release_id}', {
          ...address,
          draft: false,
          make_latest: latest ? 'true' : 'false',
        });
        return release(data);
      }),
  };
}

const release = ({ id, html_url, upload_url, draft, immutable, assets }: Described): Release => ({
  id,
  url: html_url,
  draft,
  immutable: immutable === true,
  uploadUrl: upload_url,
  assets: assets.map(({ id, name, state, digest }) => ({
    id,
    name,
    digest: state === 'uploaded' && digest !== null ? digest : undefined,
  })),
});
