/**
 * The commit that an image was built from, as far as its tags tell it: `ecr-push` gives each image that of the commit,
 * or a version.
 *
 * @returns a commit or a git tag
 */
export function commitIn(tags: readonly string[]): string | undefined {
  const find = (pattern: RegExp): string | undefined => {
    for (const tag of tags) {
      const [, found] = pattern.exec(tag) ?? [];
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const version = find(/(?:^|[-_.])v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/);
  return (
    find(/(?:^|[-_.])([0-9a-f]{40})$/) ??
    // A word of seven letters may be one of hexadecimal digits by chance, a number may be a date.
    find(/^(?:(?:sha|git)-)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])([0-9a-f]{7,12})$/) ??
    (version === undefined ? undefined : `v${version}`)
  );
}
