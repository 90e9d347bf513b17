/** Directories in which a framework puts nothing but what has a hash, or the id of the build, in its path. */
const HASHED_PLACES = /(?:^|\/)(?:_next\/static|_app\/immutable)\//;

/** A token before the ends of a name: `index-B7kPx3Qz.js`, `main.8f3a2b1c.chunk.js.map`, `0f3ac2b19d.css`. */
const ENDS = String.raw`(?=(?:\.[A-Za-z][A-Za-z0-9]*){1,4}$)`;

/** webpack, Create React App, Gatsby, Parcel, Next: hexadecimal, of any length. */
const HEX = new RegExp(`(?:^|[-._~])([0-9a-f]{8,64})${ENDS}`);
/** esbuild and Angular: eight of base32. */
const BASE32 = new RegExp(`[-._]([A-Z2-7]{8})${ENDS}`);
/** Vite, Rollup, Astro, Nuxt: eight and more of base64url. */
const BASE64 = new RegExp(`(?:^|[-._])([A-Za-z0-9_-]{8})${ENDS}`);

/** What bundlers give names with hashes without a digit in them; a text of such a name is more likely a word. */
const BUNDLED = /\.(?:m?js|css|map|wasm|woff2?|ttf|otf|eot|svg|png|jpe?g|gif|webp|avif|ico|mp4|webm)$/i;

/**
 * Whether a name holds a hash of the content, as bundlers put it there. In doubt it does not: a file that is taken for
 * one that changes is only asked for once more, one that is wrongly taken for immutable is seen old for a year.
 */
export function isHashedName(path: string): boolean {
  if (HASHED_PLACES.test(path)) return true;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const hex = HEX.exec(name)?.[1];
  if (hex !== undefined && /\d/.test(hex) && /[a-f]/.test(hex) && !isWord(hex)) return true;
  if (BUNDLED.test(name) && BASE32.test(name)) return true;
  const token = BASE64.exec(name)?.[1];
  if (token === undefined || isWord(token)) return false;
  const kinds = [/[A-Z]/, /[a-z]/, /\d/].filter((kind) => kind.test(token)).length;
  // With a separator in it, it may be several words.
  if (/[-_]/.test(token)) return kinds === 3;
  return kinds === 3 || (BUNDLED.test(name) && kinds === 2 && /[a-z]/.test(token));
}

/** What people write: `settings`, `userName`, `version2`, `192x1920`, `20260131`, `utf8text`. */
const isWord = (token: string): boolean =>
  /^[A-Za-z]?[a-z]{2,}(?:[A-Z][a-z]{2,})*\d{0,4}$/.test(token) ||
  /^[A-Z]{0,2}[a-z]+\d{1,2}[a-z]{3,}$/.test(token) ||
  /^\d+(?:x\d+)?$/.test(token) ||
  /^v?\d{1,4}[a-z]{3,}$/.test(token);
