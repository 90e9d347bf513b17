import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../src/taskdef/definition.ts';

/** What happens to one call: ECS answers an error, or the connection breaks before or after the effect. */
export type Fault =
  | { readonly kind: 'error'; readonly status: number; readonly name: string; readonly message: string }
  | { readonly kind: 'lost-request' }
  | { readonly kind: 'lost-answer' };

interface Revision {
  readonly definition: JsonObject;
  readonly tags: readonly JsonObject[];
  readonly status: 'ACTIVE' | 'INACTIVE';
}

/**
 * The operations on task definitions as ECS answers them, over HTTP on loopback: revisions of any family, completed by
 * AWS's defaults. It is for faults at an exact call; the simulator is for how AWS behaves over time.
 */
export class EcsStandIn {
  readonly calls: string[] = [];
  readonly revisions: Revision[] = [];
  /** Services by `cluster/service`. */
  readonly services = new Map<string, JsonObject>();
  /** How many describing calls after a registration still answer what was there before. */
  lag = 0;
  readonly #faults = new Map<string, Fault[]>();
  readonly #server: Server;
  #hidden = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** The next calls of the operation meet these faults, one each. */
  fault(operation: string, ...faults: readonly Fault[]): void {
    this.#faults.set(operation, [...(this.#faults.get(operation) ?? []), ...faults]);
  }

  /** Makes a revision without a call. */
  put(definition: JsonObject, status: Revision['status'] = 'ACTIVE'): void {
    const { tags, ...rest } = definition;
    this.revisions.push({
      definition: rest,
      tags: Array.isArray(tags) ? (tags as readonly JsonObject[]) : [],
      status,
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.calls.push(operation);
    const fault = this.#faults.get(operation)?.shift();
    if (fault?.kind === 'lost-request') {
      request.socket.destroy();
      return;
    }
    const answer: Answer =
      fault?.kind === 'error' ? fault : this.#answer(operation, JSON.parse(Buffer.concat(chunks).toString()));
    if (fault?.kind === 'lost-answer') {
      request.socket.destroy();
      return;
    }
    const [status, body] =
      'status' in answer
        ? [answer.status, { __type: answer.name, message: answer.message }]
        : [200, answer.body];
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  }

  #answer(operation: string, input: JsonObject): Answer {
    switch (operation) {
      case 'RegisterTaskDefinition':
        this.put(input);
        this.#hidden = this.lag;
        return { body: this.#described(this.revisions.length) };
      case 'DescribeTaskDefinition':
        return this.#describe(String(input['taskDefinition']));
      case 'ListTaskDefinitions':
        return this.#page(Number(input['nextToken'] ?? 0));
      case 'DescribeServices':
        return this.#services(String(input['cluster']), String((input['services'] as readonly string[])[0]));
      default:
        return refusal(`no operation ${operation}`);
    }
  }

  #describe(reference: string): Answer {
    const [, family, revision] = /([^/:]+)(?::(\d+))?$/.exec(reference) ?? [];
    const visible = this.#hidden > 0 ? this.revisions.length - 1 : this.revisions.length;
    this.#hidden = Math.max(0, this.#hidden - 1);
    for (let number = visible; number > 0; number--) {
      const { definition, status } = this.revisions[number - 1] ?? {};
      const wanted = revision === undefined ? status === 'ACTIVE' : Number(revision) === number;
      if (definition?.['family'] === family && wanted) return { body: this.#described(number) };
    }
    if (revision === '0') return refusal('Invalid revision number. Number: 0');
    return refusal('Unable to describe task definition.');
  }

  #described(number: number): JsonObject {
    const revision = this.revisions[number - 1];
    if (!revision) throw new Error(`no revision ${number}`);
    const { definition, tags, status } = revision;
    return {
      taskDefinition: {
        volumes: [],
        ...definition,
        containerDefinitions: (definition['containerDefinitions'] as readonly JsonObject[]).map(
          (container) => ({
            cpu: 0,
            essential: true,
            mountPoints: [],
            ...container,
          }),
        ),
        taskDefinitionArn: arnOf(String(definition['family']), number),
        revision: number,
        status,
        compatibilities: ['EC2'],
        registeredAt: 1_763_000_000.5,
        registeredBy: 'arn:aws:iam::111122223333:role/deploy',
      },
      tags,
    };
  }

  /** Two a page, newest first. */
  #page(start: number): Answer {
    const arns = this.revisions.map(({ definition }, index) =>
      arnOf(String(definition['family']), index + 1),
    );
    const end = start + 2;
    return {
      body: {
        taskDefinitionArns: arns.reverse().slice(start, end),
        ...(end < arns.length && { nextToken: String(end) }),
      },
    };
  }

  #services(cluster: string, service: string): Answer {
    if (cluster === 'missing') {
      return { status: 400, name: 'ClusterNotFoundException', message: 'Cluster not found.' };
    }
    const found = this.services.get(`${cluster}/${service}`);
    return {
      body: found ? { services: [found] } : { services: [], failures: [{ arn: service, reason: 'MISSING' }] },
    };
  }
}

type Answer =
  | { readonly body: JsonObject }
  | { readonly status: number; readonly name: string; readonly message: string };

const refusal = (message: string): Answer => ({ status: 400, name: 'ClientException', message });

const arnOf = (family: string, revision: number): string =>
  `arn:aws:ecs:eu-west-1:111122223333:task-definition/${family}:${revision}`;
