import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WireRequest, WireResponse } from './wire/protocol.ts';

/** What becomes of a request: an answer, a broken connection, or nothing until the client gives up. */
export type Reply = WireResponse | 'break' | 'silence';

/** A running HTTP server. */
export interface Listener {
  readonly url: string;
  /** Stops listening and breaks every connection. */
  close(): Promise<void>;
}

/**
 * Serves HTTP on the loopback interface.
 *
 * @param port any free one if 0
 * @throws Error when the port is taken
 */
export async function listen(
  port: number,
  handle: (request: WireRequest) => Promise<Reply>,
): Promise<Listener> {
  return await serve(port, (request, response) => {
    readRequest(request)
      .then(handle)
      .then((reply) => deliver(reply, response))
      // The client went away while it was sending, or the answer broke off.
      .catch(() => response.destroy());
  });
}

/** As `listen`, for who reads and answers requests piece by piece. */
export async function serve(port: number, answer: RequestListener): Promise<Listener> {
  const server = createServer(answer);
  // In scaled time a client is idle for long: a connection that it keeps must not break by itself.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(request: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers,
    body: Buffer.concat(chunks),
  };
}

async function deliver(reply: Reply, response: ServerResponse): Promise<void> {
  if (reply === 'silence') return;
  if (reply === 'break') {
    response.destroy();
    return;
  }
  response.writeHead(reply.status, reply.headers);
  const { body } = reply;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.end(body);
    return;
  }
  for await (const piece of body) {
    if (response.destroyed) return;
    // It has left before anything breaks.
    await new Promise((sent) => response.write(piece, sent));
  }
  response.end();
}
