import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import type { DockerRegistry } from './registry.ts';

/** An error of a registry as the distribution API writes it: docker shows the code in lower case, then the message. */
export interface Refusal {
  readonly status: number;
  /** Such as `TAG_INVALID`, `DENIED`, `NAME_UNKNOWN`, `TOOMANYREQUESTS`. */
  readonly code: string;
  readonly message: string;
}

export interface Question {
  readonly method: string;
  readonly path: string;
  /** How often this method and path were asked before: 0 at first. */
  readonly before: number;
}

export interface RegistryDoor {
  /** `127.0.0.1:PORT`: the first part of an image's name. */
  readonly host: string;
  readonly url: string;
  /** Every request so far, oldest first: `PUT /v2/app/manifests/1`, whatever became of it. */
  requests(): readonly string[];
  /** Breaks every open connection and closes the door. The registry stays. */
  stop(): Promise<void>;
}

/**
 * Stands in front of a registry and lets through what it does not refuse: for answers that Debian's registry does not
 * give, such as that of a repository with immutable tags.
 *
 * @param judge asked for each request: an answer to give instead of the registry's; `hang` gives none, `break` ends the
 *   connection; nothing lets it through.
 */
export async function registryDoor(
  registry: DockerRegistry,
  judge: (question: Question) => Refusal | 'hang' | 'break' | undefined,
): Promise<RegistryDoor> {
  const asked: string[] = [];
  const pass = (from: IncomingMessage, to: ServerResponse) => {
    const { method, url: path, headers } = from;
    const onward = request({ host: '127.0.0.1', port: registry.port, method, path, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      // An answer that breaks off breaks off here too.
      pipeline(answer, to, () => undefined);
    });
    onward.once('error', () => from.socket.destroy());
    from.once('error', () => onward.destroy());
    from.pipe(onward);
  };
  const server = createServer((from, to) => {
    const line = `${from.method} ${from.url}`;
    const before = asked.filter((other) => other === line).length;
    asked.push(line);
    const verdict = judge({ method: from.method ?? '', path: from.url ?? '', before });
    if (verdict === undefined) return pass(from, to);
    if (verdict === 'break') return void from.socket.destroy();
    from.resume();
    if (verdict === 'hang') return;
    const { status, code, message } = verdict;
    to.writeHead(status, {
      'content-type': 'application/json',
      'docker-distribution-api-version': 'registry/2.0',
    });
    to.end(JSON.stringify({ errors: [{ code, message }] }));
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    requests: () => [...asked],
    async stop() {
      const closed = new Promise((settle) => server.close(settle));
      server.closeAllConnections();
      await closed;
    },
  };
}
