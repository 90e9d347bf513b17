/** So many paths, and CloudFront is told to forget all: more would cost more than they bring. */
export const MOST_PATHS = 1_000;

export interface Invalidation {
  readonly paths: readonly string[];
  /** Whether one path stands for all. */
  readonly wildcard: boolean;
}

/**
 * The paths that CloudFront has to forget, as viewers ask for them: `index.html` is also what its directory answers.
 *
 * @param keys of the objects that have changed
 * @param base what stands before a key in the bucket and not in the viewer's path: the origin's path, or nothing
 * @param all the prefix that covers all of them, with `/` at its end, or nothing
 */
export function pathsToForget(keys: readonly string[], base: string, all: string): Invalidation {
  const visible = (key: string) => `/${key.startsWith(base) ? key.slice(base.length) : key}`;
  const paths = [
    ...new Set(
      keys.flatMap((key) => {
        const path = visible(key);
        return path.endsWith('/index.html') ? [path, path.slice(0, -'index.html'.length)] : [path];
      }),
    ),
  ].sort();
  return paths.length > MOST_PATHS
    ? { paths: [`${encoded(visible(all))}*`], wildcard: true }
    : { paths: paths.map(encoded), wildcard: false };
}

/**
 * What is no ASCII and what RFC 1738 calls unsafe is encoded, and nothing else: CloudFront would look for another path.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
 */
const encoded = (path: string): string =>
  path.replace(/[^\x21-\x7e]|["#%<>[\\\]^`{|}~]/gu, (character) =>
    [...new TextEncoder().encode(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
