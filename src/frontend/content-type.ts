import { lookup } from 'mrmime';

/** What the library does not know, or takes for something that no website means. */
const OTHERS: Readonly<Record<string, string>> = {
  cjs: 'text/javascript',
  ico: 'image/x-icon',
  rsc: 'text/x-component',
  ts: 'text/plain',
};

/** By their whole names, which others ask for without an extension. */
const NAMES: Readonly<Record<string, string>> = {
  'apple-app-site-association': 'application/json',
  'apple-developer-merchantid-domain-association': 'text/plain',
  'security.txt': 'text/plain',
};

/** The `Content-Type` of a file, by its name; texts are UTF-8. */
export function contentType(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const extension = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
  const type =
    NAMES[name] ??
    (extension === '' ? undefined : (OTHERS[extension] ?? lookup(extension))) ??
    'application/octet-stream';
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}

const COMPRESSIBLE =
  /^(?:text\/|image\/svg\+xml|application\/(?:json|manifest\+json|ld\+json|xml|wasm|.*\+(?:json|xml))|font\/(?:ttf|otf)|image\/x-icon)/;

/** Whether it is worth it to compress files of a type; most of the others are compressed by what they are. */
export const isCompressible = (type: string): boolean => COMPRESSIBLE.test(type);
