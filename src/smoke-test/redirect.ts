import type { HttpAnswer, HttpRequest } from './exchange.ts';
import type { RedirectPolicy } from './request.ts';

export const MAX_REDIRECTS = 5;

export type NextHop =
  /** The answer is no redirect that could be followed. */
  | { readonly kind: 'none' }
  | { readonly kind: 'follow'; readonly request: HttpRequest }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * Where a redirect leads, by the rules of https://fetch.spec.whatwg.org/#http-redirect-fetch. To another host no secret
 * goes: neither a header nor a body that holds one.
 *
 * @param hops how many redirects were followed before
 * @param isSecret whether a header, or a body (which has no name), must not leave the host
 */
export function nextHop(
  request: HttpRequest,
  answer: HttpAnswer,
  policy: RedirectPolicy,
  hops: number,
  isSecret: (name: string | undefined, value: string) => boolean,
): NextHop {
  const location = answer.headers.get('location')?.[0];
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return { kind: 'none' };
  const url = URL.parse(location, request.url.href);
  if (!url || !/^https?:$/.test(url.protocol)) return { kind: 'none' };
  const leads = `leads to ${url.origin}${url.pathname}`;
  if (policy === 'never') return { kind: 'refused', why: `${leads}; follow-redirects is never` };
  if (hops >= MAX_REDIRECTS) {
    return {
      kind: 'refused',
      why: `${leads}, after ${MAX_REDIRECTS} redirects before it; more are not followed`,
    };
  }
  const same = isSameHost(request.url, url);
  if (!same && policy === 'same-host') {
    return {
      kind: 'refused',
      why: `${leads}, another host; follow-redirects: always follows it, without secrets`,
    };
  }
  const { status } = answer;
  const becomesGet =
    (status === 303 && request.method !== 'HEAD') || (status < 303 && request.method === 'POST');
  const { connectTo, body, ...rest } = request;
  const kept = becomesGet ? undefined : body;
  if (!same && kept !== undefined && isSecret(undefined, kept)) {
    return {
      kind: 'refused',
      why: `${leads}, another host, and the body holds a secret, which must not go there`,
    };
  }
  return {
    kind: 'follow',
    request: {
      ...rest,
      url,
      method: becomesGet ? 'GET' : request.method,
      headers: request.headers.filter(
        ([name, value]) =>
          (same || !(isSecret(name, value) || /^host$/i.test(name))) &&
          (kept !== undefined || !/^content-/i.test(name)),
      ),
      ...(kept !== undefined && { body: kept }),
      ...(same && connectTo && url.host === request.url.host && { connectTo }),
    },
  };
}

/** The same host and port, or the way from http to https. The way back would show the secrets to everyone. */
export function isSameHost(from: URL, to: URL): boolean {
  if (from.hostname !== to.hostname) return false;
  if (from.protocol === to.protocol) return from.port === to.port;
  return to.protocol === 'https:' && from.port === '' && to.port === '';
}
