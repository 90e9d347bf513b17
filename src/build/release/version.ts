const NUMBER = '(?:0|[1-9]\\d*)';
/** As in https://semver.org, without what builds may add. */
const VERSION = new RegExp(
  `^v(${NUMBER})\\.${NUMBER}\\.${NUMBER}(?:-(?:${NUMBER}|\\d*[A-Za-z-][\\dA-Za-z-]*)(?:\\.(?:${NUMBER}|\\d*[A-Za-z-][\\dA-Za-z-]*))*)?$`,
);

/** Whether a text is the tag of a release: `v1.2.3`, or `v1.2.3-rc.1` for one that comes before it. */
export const isVersion = (text: string): boolean => VERSION.test(text);

/** Whether a version is to be tried before it is released, such as `v1.2.3-rc.1`. */
export const isPrerelease = (version: string): boolean => version.includes('-');

/**
 * The tag that follows the releases of a version: `v1` for `v1.2.3`, `v0` for `v0.2.0`. There is none for one that is
 * only to be tried.
 */
export function movableTag(version: string): string | undefined {
  const major = VERSION.exec(version)?.[1];
  return major === undefined || isPrerelease(version) ? undefined : `v${major}`;
}
