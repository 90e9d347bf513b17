import type { HttpRequest } from './exchange.ts';
import type { RedirectPolicy } from './request.ts';
import type { Secrets } from './secrets.ts';

export interface CurlSettings {
  readonly timeoutMs: number;
  readonly redirects: RedirectPolicy;
  readonly maxRedirects: number;
}

/** A command for a shell that repeats a request; a secret is a variable in it, which whoever runs it sets. */
export function curlLine(request: HttpRequest, settings: CurlSettings, secrets: Secrets): string {
  const { method, url, headers, body, connectTo } = request;
  const word = (text: string): string =>
    secrets
      .pieces(text)
      .map((piece) => (typeof piece === 'string' ? quoted(piece) : `"$${piece.variable}"`))
      .join('') || "''";
  const words: string[] = ['curl', '-sS', '-i', '-g', '--compressed'];
  words.push('--max-time', String(Math.max(1, Math.ceil(settings.timeoutMs / 1000))));
  if (method === 'HEAD') words.push('--head');
  else if (method !== (body === undefined ? 'GET' : 'POST')) words.push('-X', quoted(method));
  if (connectTo) {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    const host = connectTo.host.includes(':') ? `[${connectTo.host}]` : connectTo.host;
    words.push('--connect-to', quoted(`${url.hostname}:${port}:${host}:${connectTo.port ?? port}`));
  }
  // curl knows no such thing as "on the same host": what is not to be followed anywhere is not followed at all.
  if (settings.redirects === 'always') words.push('-L', '--max-redirs', String(settings.maxRedirects));
  for (const [name, value] of headers)
    words.push('-H', word(value === '' ? `${name};` : `${name}: ${value}`));
  if (body !== undefined) {
    // curl would call every body a form.
    if (!headers.some(([name]) => /^content-type$/i.test(name))) words.push('-H', 'Content-Type:');
    words.push('--data-raw', word(body));
  }
  words.push(word(url.href));
  return words.join(' ');
}

/** A word of a shell. Control characters are written in the way of bash and zsh. */
function quoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!/\p{Cc}/u.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text
    .replace(/[\\']/g, '\\$&')
    .replace(/\p{Cc}/gu, (character) =>
      character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `$'${escaped}'`;
}
