import { compare } from 'semver';

/** Above 0 when the first is the later one, in the order of https://semver.org. */
export const compareVersions = (a: string, b: string): number => compare(a, b);
