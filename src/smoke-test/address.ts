import type { Address } from './request.ts';

/**
 * Reads an absolute address. A bare host gets `https://`.
 *
 * @returns the URL, or what is wrong with the text; passwords in it are not repeated
 */
export function parseAddress(text: string): URL | string {
  const schemed = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.parse(schemed);
  if (!url) {
    const fix = /^[\da-f:.]*:[\da-f:.]*:[\da-f:.]*$/i.test(text)
      ? `write an address of IPv6 in brackets: https://[${text}]`
      : 'write one such as https://shop.example.com';
    return `"${text}" is not a URL; ${fix}`;
  }
  if (!/^https?:$/.test(url.protocol))
    return `is ${url.protocol}//, which is not asked; write https:// or http://`;
  if (url.username !== '' || url.password !== '') {
    return 'has a user name or a password in it, which logs would show; give them by the header Authorization';
  }
  url.hash = '';
  return url;
}

/** Reads `HOST` or `HOST:PORT`; undefined when it is neither. */
export function parseHostAndPort(text: string): Address | undefined {
  const [, host, port] = /^(\[[\da-f:.%]+\]|[^\s:/[\]@]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === undefined || Number(port ?? 1) > 65_535 || Number(port ?? 1) === 0) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: port === undefined ? undefined : Number(port) };
}

/** An address below another: its path is put after the other's. */
export function addressBelow(base: URL, path: string): URL {
  const url = new URL(base);
  url.search = '';
  const rest = path.startsWith('/') || path.startsWith('?') || path === '' ? path : `/${path}`;
  const stem = path === '' || path.startsWith('?') ? url.pathname : url.pathname.replace(/\/$/, '');
  return new URL(`${url.origin}${stem}${rest.replace(/#.*$/s, '')}`);
}
