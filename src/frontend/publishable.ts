import { RESERVED } from './entry.ts';

/** What becomes of a file of the build folder. */
export type Judgement =
  | { readonly kind: 'publish' }
  /** It stays where it is. */
  | { readonly kind: 'skip'; readonly secret: boolean }
  | { readonly kind: 'refuse'; readonly why: string };

/** Never published, wherever they lie. */
const SECRET =
  /^(?:\.env(?:\..*)?|.*\.(?:pem|key|p12|pfx|jks|keystore|kdbx)|id_(?:rsa|dsa|ecdsa|ed25519)|\.npmrc|\.netrc|\.pgpass|\.htpasswd|credentials)$/i;

/** The one directory with a dot that websites are asked for: https://www.rfc-editor.org/rfc/rfc8615 */
const WELL_KNOWN = '.well-known';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const LONGEST_KEY = 1024;

/**
 * @param path below the folder
 * @param prefix below which it goes, with `/` at its end, or empty
 */
export function judge(path: string, prefix: string): Judgement {
  const segments = path.split('/');
  if (segments.some((segment) => SECRET.test(segment))) return { kind: 'skip', secret: true };
  if (segments[0] === RESERVED) {
    return { kind: 'refuse', why: `${RESERVED} is where this action keeps what it needs; rename the folder` };
  }
  if (segments.some((segment) => segment.startsWith('.') && segment !== WELL_KNOWN))
    return { kind: 'skip', secret: false };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x1f\x7f\ufffd]/.test(path)) {
    return { kind: 'refuse', why: 'its name has characters that are no text in UTF-8; rename it' };
  }
  const bytes = new TextEncoder().encode(prefix + path).length;
  if (bytes > LONGEST_KEY) {
    return {
      kind: 'refuse',
      why: `its key has ${bytes} bytes, and S3 takes ${LONGEST_KEY}; shorten its path`,
    };
  }
  return { kind: 'publish' };
}
