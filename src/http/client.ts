import http from 'node:http';
import https from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Clock } from '../clock.ts';
import type { HttpAnswer, HttpClient, HttpFailure, HttpRequest } from '../smoke-test/exchange.ts';

/** How much of a body is read: what is looked for stands at the beginning, and memory is not the server's to fill. */
export const BODY_LIMIT = 1024 * 1024;

/** A scaled clock must not turn a machine's hiccup into a time-out: in real time, a request has at least this. */
const REAL_TIMEOUT_MS = 2_000;

/**
 * Requests over Node.js's own HTTP and TLS, a connection for each, which shows the load balancer as a new user sees it.
 * Certificates are checked against the names of the URLs, wherever the connection goes. Proxies are those of the
 * variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY, except for requests that connect to a place of their own.
 */
export function httpClient(clock: Clock, env: NodeJS.ProcessEnv, cancelled: AbortSignal): HttpClient {
  return {
    async send(request, timeoutMs) {
      cancelled.throwIfAborted();
      const started = clock.now();
      const elapsed = () => clock.now() - started;
      const outOfTime = new AbortController();
      const done = new AbortController();
      const limit = clock.scale === 1 ? timeoutMs : Math.max(timeoutMs, REAL_TIMEOUT_MS * clock.scale);
      void clock.sleep(limit, done.signal).then(() => outOfTime.abort());
      const exchange = new Exchange(request, env, AbortSignal.any([outOfTime.signal, cancelled]));
      try {
        const answer = await exchange.run();
        return { ...answer, ms: elapsed() };
      } catch (error) {
        cancelled.throwIfAborted();
        return { ...failureOf(error, exchange, outOfTime.signal.aborted), ms: elapsed() };
      } finally {
        done.abort();
      }
    },
  };
}

/** One request and its answer. */
class Exchange {
  readonly #request: HttpRequest;
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;
  /** The connection stands, certificate and all: from now on the server may have got the request. */
  reached = false;
  answered = false;

  constructor(request: HttpRequest, env: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.#request = request;
    this.#env = env;
    this.#signal = signal;
  }

  get host(): string {
    return this.#request.url.host;
  }

  async run(): Promise<Omit<HttpAnswer, 'ms'>> {
    const response = await this.#open();
    this.answered = true;
    // Gone with the connection, which may be closed when the body has come to its end.
    const remoteAddress = response.socket?.remoteAddress;
    const { bytes, cut } = await readBody(response, this.#request.method);
    const headers = new Map(
      Object.entries(response.headersDistinct).map(([name, values]) => [name, values ?? []]),
    );
    response.destroy();
    return {
      status: response.statusCode ?? 0,
      headers,
      body: decode(bytes, headers.get('content-type')?.[0]),
      cut,
      remoteAddress,
    };
  }

  #open(): Promise<http.IncomingMessage> {
    const { method, url, headers, body, connectTo } = this.#request;
    const secure = url.protocol === 'https:';
    const host = bare(url.hostname);
    const settings = {
      method,
      // A header that is given twice is sent twice.
      headers: this.#headers(headers, body),
      host: bare(connectTo?.host ?? host),
      port: connectTo?.port ?? (url.port === '' ? (secure ? 443 : 80) : Number(url.port)),
      path: `${url.pathname}${url.search}`,
      signal: this.#signal,
      agent: this.#agent(secure, connectTo !== undefined),
      setHost: false,
    };
    const request = secure
      ? https.request({
          ...settings,
          // Names of servers are no addresses: RFC 6066, section 3.
          servername: isIP(host) ? '' : host,
          checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
        })
      : http.request(settings);
    return new Promise((settle, refuse) => {
      request.on('socket', (socket: Socket | TLSSocket) => {
        const opening = secure
          ? (socket as TLSSocket & { secureConnecting?: boolean }).secureConnecting
          : socket.connecting;
        const stands = () => {
          this.reached = true;
        };
        if (opening) socket.once(secure ? 'secureConnect' : 'connect', stands);
        else stands();
      });
      request.once('response', settle);
      request.on('error', refuse);
      request.end(body);
    });
  }

  #headers(given: HttpRequest['headers'], body: string | undefined): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {
      Host: this.#request.url.host,
      Accept: '*/*',
      'Accept-Encoding': 'gzip, br',
      'User-Agent': 'deploy-actions-smoke-test',
      ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
    };
    const names = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
    const own = new Set<string>();
    for (const [name, value] of given) {
      const key = names.get(name.toLowerCase()) ?? name;
      names.set(name.toLowerCase(), key);
      headers[key] = own.has(key) ? [headers[key] ?? [], value].flat() : value;
      own.add(key);
    }
    return headers;
  }

  #agent(secure: boolean, direct: boolean): http.Agent {
    // Not in Node.js before 24.5, where requests go straight to their hosts.
    const options = direct ? {} : { proxyEnv: this.#env as http.ProxyEnv };
    return secure ? new https.Agent(options) : new http.Agent(options);
  }
}

/** An address of IPv6 stands in brackets in URLs only. */
const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

function decompressed(response: http.IncomingMessage, method: string): Readable {
  const { statusCode = 0, headers } = response;
  if (method === 'HEAD' || statusCode === 204 || statusCode === 304 || headers['content-length'] === '0') {
    return response;
  }
  const makers: Readonly<Record<string, () => Duplex>> = {
    gzip: createGunzip,
    'x-gzip': createGunzip,
    br: createBrotliDecompress,
    deflate: createInflate,
    zstd: createZstdDecompress,
  };
  const make = makers[headers['content-encoding']?.trim().toLowerCase() ?? ''];
  if (!make) return response;
  const stream = make();
  response.once('error', (error) => stream.destroy(error));
  response.pipe(stream);
  return stream;
}

async function readBody(
  response: http.IncomingMessage,
  method: string,
): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  let received = 0;
  const body = decompressed(response, method);
  if (body !== response) response.on('data', (chunk: Buffer) => (received += chunk.length));
  try {
    for await (const chunk of body) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      // Leaving the loop destroys the stream.
      if (length > BODY_LIMIT) break;
    }
  } catch (error) {
    // Servers name the encoding of empty bodies, too, whose end only comes with them; nothing is what there is in them.
    if (body === response || received > 0 || !response.complete) throw error;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, BODY_LIMIT), cut: length > BODY_LIMIT };
}

function decode(bytes: Buffer, contentType: string | undefined): string {
  const [, label = 'utf-8'] = /charset="?([\w-]+)/i.exec(contentType ?? '') ?? [];
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

const CERTIFICATE = /CERT|ISSUER|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|LEAF_SIGNATURE/;

/** Words for what happens most; everything else is told as Node.js tells it. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has no address in DNS',
  EAI_AGAIN: 'could not be looked up in DNS',
  EHOSTUNREACH: 'cannot be reached from this runner',
  ENETUNREACH: 'cannot be reached from this runner',
  ETIMEDOUT: 'does not take the connection',
  ECONNRESET: 'closed the connection',
  EPIPE: 'closed the connection',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  CERT_NOT_YET_VALID: 'has a certificate that is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that it has signed itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of an authority that this runner does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'has a certificate whose issuer is not known; does it send the certificates between its own and the authority?',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate of an authority that this runner does not trust',
};

function failureOf(error: unknown, exchange: Exchange, outOfTime: boolean): Omit<HttpFailure, 'ms'> {
  const { host, reached, answered } = exchange;
  if (outOfTime) {
    const message = !reached
      ? `${host} did not take the connection in time`
      : answered
        ? `${host} did not come to the end of its answer in time`
        : `${host} did not answer in time`;
    return { kind: reached ? 'unanswered' : 'not-reached', message };
  }
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  if (code.startsWith('Z_') || code.startsWith('ERR__ERROR')) {
    return { kind: 'unanswered', message: `${host} sent a body that cannot be decompressed (${code})` };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { cert } = error as { cert?: { subjectaltname?: string } };
    const names = cert?.subjectaltname ?? 'no name';
    return { kind: 'certificate', message: `the certificate of ${host} is for another name (${names})` };
  }
  if (/wrong version number|packet length too long/i.test(message)) {
    return {
      kind: 'not-reached',
      message: `${host} does not speak TLS there; is it http:// or another port?`,
    };
  }
  // OpenSSL tells its source files as well.
  const [, routine] = /:SSL routines:[^:]*:([^:]+):/.exec(message) ?? [];
  if (routine !== undefined)
    return { kind: 'not-reached', message: `${host} fails at TLS: ${routine} (${code})` };
  const kind = CERTIFICATE.test(code) ? 'certificate' : reached ? 'unanswered' : 'not-reached';
  const meaning = MEANINGS[code];
  return {
    kind,
    message: meaning ? `${host} ${meaning} (${code})` : `${host}: ${message}${code && ` (${code})`}`,
  };
}
