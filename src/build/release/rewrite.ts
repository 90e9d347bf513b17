import { posix } from 'node:path';
import { publishedPath } from './published.ts';

/** What the text of a release depends on. */
export interface ReleaseIdentity {
  /** `OWNER/REPO`. */
  readonly repository: string;
  /** `v1.2.3`. */
  readonly version: string;
  /** The commit of the sources, in full. */
  readonly commit: string;
}

/** As the sources name the repository and its movable tag. */
const PLACEHOLDER = 'org/deploy-actions';
const REFERENCE = /\borg\/deploy-actions((?:\/[\w.-]+)*)@v1(?![\w-]|\.\w)/g;

/**
 * A file of the sources as readers of the release need it: references between the actions name the version itself, so
 * that a pinned release refers to nothing else; links lead to what is in the release, and else to the commit of the
 * sources.
 *
 * @param path where the file is in the sources
 * @param paths all files of the sources
 * @param broken is told of each link that leads nowhere
 */
export function rewritten(
  text: string,
  path: string,
  paths: ReadonlySet<string>,
  { repository, version, commit }: ReleaseIdentity,
  broken: (link: string) => void,
): string {
  const named = text
    .replace(REFERENCE, `${repository}$1@${version}`)
    .replaceAll(`${PLACEHOLDER}/v1/`, `${repository}/${version}/`)
    .replace(/\borg\/deploy-actions\b/g, repository);
  // Comments are for readers of the sources; those behind a reference say which version it is.
  if (path.endsWith('.yml')) return named.replace(/^ *#.*\n/gm, '').replaceAll('../../dist/', '../dist/');
  if (!path.endsWith('.md')) return named;
  const sources = `https://github.com/${repository}`;
  return withLinks(named, (link, image) => {
    const [target = '', fragment] = link.split('#', 2);
    const place = posix.join(posix.dirname(path), target).replace(/\/$/, '');
    const isFile = paths.has(place);
    if (!isFile && ![...paths].some((file) => file.startsWith(`${place}/`))) {
      broken(link);
      return link;
    }
    const published = isFile ? publishedPath(place) : undefined;
    const to =
      published === undefined
        ? `${sources}/${image ? 'raw' : isFile ? 'blob' : 'tree'}/${commit}/${place}`
        : posix.relative(posix.dirname(publishedPath(path) ?? path), published);
    return fragment === undefined ? to : `${to}#${fragment}`;
  });
}

/** Puts others in the place of a Markdown document's relative links; what stands in code blocks is no link. */
function withLinks(markdown: string, replace: (link: string, image: boolean) => string): string {
  let inCode = false;
  return markdown
    .split('\n')
    .map((line) => {
      if (/^\s*(```|~~~)/.test(line)) inCode = !inCode;
      if (inCode) return line;
      return line.replace(
        /(!?)(\[(?:[^\]]|\](?!\())*\]\()([^)\s#:]+(?:#[^)\s]*)?)\)/g,
        (_, bang: string, label: string, link: string) => `${bang}${label}${replace(link, bang === '!')})`,
      );
    })
    .join('\n');
}
