import { compare, major, parse } from 'semver';

const VERSION = /^v\d+\.\d+\.\d+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Whether a text is the tag of a release: `v1.2.3`, or `v1.2.3-rc.1` for one that comes before it. */
export const isVersion = (text: string): boolean => VERSION.test(text) && parse(text) !== null;

/** Whether a version is to be tried before it is released, such as `v1.2.3-rc.1`. */
export const isPrerelease = (version: string): boolean => version.includes('-');

/** Above 0 when the first is the later one, in the order of https://semver.org. */
export const compareVersions = (a: string, b: string): number => compare(a, b);

/**
 * The tag that follows the releases of a version: `v1` for `v1.2.3`, `v0` for `v0.2.0`. There is none for one that is
 * only to be tried.
 */
export const movableTag = (version: string): string | undefined =>
  isPrerelease(version) ? undefined : `v${major(version)}`;
