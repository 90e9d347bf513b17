import { parse } from 'semver';

const VERSION = /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Whether a text is the tag of a release: `v1.2.3`, or `v1.2.3-rc.1` for one that comes before it. */
export const isVersion = (text: string): boolean => VERSION.test(text) && parse(text.slice(1)) !== null;
