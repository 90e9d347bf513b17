import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Door, SimulatedWorld } from '../world/world.ts';

/** A listener of a simulated load balancer that answers real HTTP. */
export interface DataPlane {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Opens a listener of a load balancer on a loopback port: what arrives there is routed by its rules and weights to a
 * task's behaviour, and counts as users' traffic. The answer's header `x-revision` names the revision.
 *
 * @param now the clock that rules the world, in ms since the epoch; the world catches up before each answer
 */
export async function listenDataPlane(
  world: SimulatedWorld,
  door: Door,
  now: () => number,
  port = 0,
): Promise<DataPlane> {
  const server = createServer((request, response) => {
    request.resume();
    world.advance(now());
    const headers = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : value]],
      ),
    );
    const { status, body, revision } = world.request(door, {
      path: request.url ?? '/',
      host: headers['host'] ?? '',
      method: request.method ?? 'GET',
      headers,
    });
    if (revision !== undefined) response.setHeader('x-revision', revision);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
