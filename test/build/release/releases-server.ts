import { createHash } from 'node:crypto';
import { listen } from '../../../src/simulator/http.ts';
import type { Exchange } from '../../github/github-server.ts';

export interface KeptAsset {
  readonly id: number;
  readonly name: string;
  readonly content: Buffer;
  /** `open` when the upload broke off. */
  state: 'uploaded' | 'open';
}

export interface KeptRelease {
  readonly id: number;
  readonly tag: string;
  readonly target: string;
  readonly text: string;
  readonly prerelease: boolean;
  draft: boolean;
  immutable: boolean;
  latest: boolean;
  assets: KeptAsset[];
}

/** What goes wrong with the next request of a method to a path that ends so. */
export interface Fault {
  readonly method: string;
  readonly path: RegExp;
  readonly kind: 'outage' | 'lost-answer' | 'broken-upload';
}

export interface ReleasesOptions {
  /** Whether the repository's settings make releases immutable. */
  readonly immutable?: boolean;
  readonly faults?: readonly Fault[];
  readonly check?: (exchange: Exchange) => readonly string[];
  /** Whether a tag is in the repository: one that is not would be made when its release is published. */
  readonly hasTag?: (tag: string) => boolean;
}

export interface ReleasesServer {
  readonly url: string;
  readonly releases: readonly KeptRelease[];
  /** Requests that change something, as `POST /releases`. */
  readonly changes: readonly string[];
  readonly problems: readonly string[];
  /** What happens with the next requests. */
  readonly faults: Fault[];
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const REPOSITORY = '/repos/org/deploy-actions';
/** What a token may do. */
const TOKENS: Readonly<Record<string, 'write' | 'read'>> = {
  'token secret': 'write',
  'token read-only': 'read',
};

const refused = (status: number, message: string): Answer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
});

/** The part of GitHub's API that keeps the releases of a repository, on loopback. */
export async function startReleases(options: ReleasesOptions = {}): Promise<ReleasesServer> {
  const { immutable = true, check = () => [], hasTag = () => true } = options;
  const faults = [...(options.faults ?? [])];
  const releases: KeptRelease[] = [];
  const changes: string[] = [];
  const problems: string[] = [];
  let lastId = 100;

  const assetOf = (release: KeptRelease, { id, name, content, state }: KeptAsset) => ({
    url: `${listener.url}${REPOSITORY}/releases/assets/${id}`,
    id,
    node_id: `RA_${id}`,
    name,
    label: null,
    uploader: null,
    content_type: 'application/gzip',
    state,
    size: content.length,
    digest: state === 'uploaded' ? `sha256:${createHash('sha256').update(content).digest('hex')}` : null,
    download_count: 0,
    created_at: '2026-01-05T12:00:00Z',
    updated_at: '2026-01-05T12:00:00Z',
    browser_download_url: `https://github.com/org/deploy-actions/releases/download/${release.tag}/${name}`,
  });

  const releaseOf = (release: KeptRelease) => {
    const url = `${listener.url}${REPOSITORY}/releases/${release.id}`;
    return {
      url,
      html_url: `https://github.com/org/deploy-actions/releases/tag/${release.tag}`,
      assets_url: `${url}/assets`,
      upload_url: `${listener.url}/uploads${REPOSITORY}/releases/${release.id}/assets{?name,label}`,
      tarball_url: null,
      zipball_url: null,
      id: release.id,
      node_id: `RE_${release.id}`,
      tag_name: release.tag,
      target_commitish: release.target,
      name: release.tag,
      body: release.text,
      draft: release.draft,
      prerelease: release.prerelease,
      immutable: release.immutable,
      created_at: '2026-01-05T12:00:00Z',
      published_at: release.draft ? null : '2026-01-05T12:00:00Z',
      author: APP,
      assets: release.assets.map((asset) => assetOf(release, asset)),
    };
  };

  const publish = (release: KeptRelease, latest: boolean): Answer => {
    if (!release.draft && release.immutable) return refused(422, 'Cannot change an immutable release');
    if (!hasTag(release.tag)) problems.push(`${release.tag} was published before its tag was there`);
    release.draft = false;
    release.immutable = immutable;
    if (latest) for (const other of releases) other.latest = other === release;
    return { status: 200, body: releaseOf(release) };
  };

  const upload = (release: KeptRelease, name: string, content: Buffer, broken: boolean): Answer => {
    if (release.immutable) return refused(422, 'Cannot upload assets to an immutable release.');
    if (release.assets.some((asset) => asset.name === name)) return refused(422, 'already_exists');
    const asset: KeptAsset = { id: ++lastId, name, content, state: broken ? 'open' : 'uploaded' };
    release.assets.push(asset);
    return { status: 201, body: assetOf(release, asset) };
  };

  const answer = (
    method: string,
    template: string,
    id: number,
    body: unknown,
    may: 'write' | 'read',
  ): Answer => {
    if (method !== 'GET' && may === 'read') return refused(403, 'Resource not accessible by integration');
    const given = body as Readonly<Record<string, unknown>> | undefined;
    if (template.endsWith('/releases')) {
      if (method === 'GET') {
        const visible = releases.filter(({ draft }) => !draft || may === 'write');
        return { status: 200, body: visible.map(releaseOf) };
      }
      const release: KeptRelease = {
        id: ++lastId,
        tag: String(given?.['tag_name']),
        target: String(given?.['target_commitish']),
        text: String(given?.['body']),
        prerelease: given?.['prerelease'] === true,
        draft: given?.['draft'] === true,
        immutable: false,
        latest: false,
        assets: [],
      };
      releases.unshift(release);
      return { status: 201, body: releaseOf(release) };
    }
    if (template.includes('{asset_id}')) {
      const holder = releases.find(({ assets }) => assets.some((asset) => asset.id === id));
      if (!holder) return refused(404, 'Not Found');
      if (holder.immutable) return refused(422, 'Cannot delete assets of an immutable release.');
      holder.assets = holder.assets.filter((asset) => asset.id !== id);
      return { status: 204 };
    }
    const release = releases.find((each) => each.id === id);
    if (!release) return refused(404, 'Not Found');
    if (template.endsWith('/assets')) {
      return { status: 200, body: release.assets.map((asset) => assetOf(release, asset)) };
    }
    if (method === 'GET') return { status: 200, body: releaseOf(release) };
    return publish(release, given?.['make_latest'] === 'true');
  };

  const listener = await listen(0, async ({ method, url: path, headers, body }) => {
    const url = new URL(path, 'http://localhost');
    const at = faults.findIndex((fault) => fault.method === method && fault.path.test(url.pathname));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.kind;
    const isUpload = url.pathname.startsWith('/uploads/');
    const route = url.pathname.replace(/^\/uploads/, '').slice(REPOSITORY.length);
    if (method !== 'GET') changes.push(`${method} ${route.replace(/\d+/, 'ID')}`);
    const id = Number(/\d+/.exec(route)?.[0]);
    const template = `/repos/{owner}/{repo}${route.replace(/assets\/\d+/, 'assets/{asset_id}').replace(/\d+/, '{release_id}')}`;
    let reply: Answer;
    const may = TOKENS[String(headers.authorization)];
    if (may === undefined) reply = refused(401, 'Bad credentials');
    else if (fault === 'outage') reply = refused(502, 'Server Error');
    else if (isUpload && may === 'write') {
      const release = releases.find((each) => each.id === id);
      const name = url.searchParams.get('name') ?? '';
      reply = release ? upload(release, name, body, fault === 'broken-upload') : refused(404, 'Not Found');
      if (fault === 'broken-upload') reply = refused(502, 'Bad Gateway');
    } else {
      const sent = body.length > 0 ? (JSON.parse(body.toString()) as unknown) : undefined;
      reply = answer(method, template, id, sent, may);
      const query = Object.fromEntries(url.searchParams);
      problems.push(
        ...check({ method, template, query, headers, body: sent, status: reply.status, answer: reply.body }),
      );
    }
    if (fault === 'lost-answer') return 'break';
    return {
      status: reply.status,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: reply.body === undefined ? '' : JSON.stringify(reply.body),
    };
  });
  return {
    get url() {
      return listener.url;
    },
    releases,
    changes,
    problems,
    faults,
    close: () => listener.close(),
  };
}

const ACCOUNT = 'https://api.github.com/users/release-app%5Bbot%5D';

/** Whose token makes the releases. */
const APP = {
  login: 'release-app[bot]',
  id: 1,
  node_id: 'U_1',
  avatar_url: 'https://avatars.githubusercontent.com/u/1',
  gravatar_id: '',
  url: ACCOUNT,
  html_url: 'https://github.com/apps/release-app',
  followers_url: `${ACCOUNT}/followers`,
  following_url: `${ACCOUNT}/following{/other_user}`,
  gists_url: `${ACCOUNT}/gists{/gist_id}`,
  starred_url: `${ACCOUNT}/starred{/owner}{/repo}`,
  subscriptions_url: `${ACCOUNT}/subscriptions`,
  organizations_url: `${ACCOUNT}/orgs`,
  repos_url: `${ACCOUNT}/repos`,
  events_url: `${ACCOUNT}/events{/privacy}`,
  received_events_url: `${ACCOUNT}/received_events`,
  type: 'Bot',
  site_admin: false,
};
