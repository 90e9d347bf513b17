import { randomBytes } from 'node:crypto';
import { tell } from '../arrivals.ts';
import type { Call, SimulatorContext } from '../operation.ts';
import { Regions } from '../world/regions.ts';
import { type FrontOptions, openFront, type RegistryFront } from './front.ts';
import { memoryRegistry } from './memory-registry.ts';
import { isTagMap, type ScenarioRepositories, type ScenarioRepository } from './model.ts';
import { PrivateRegistry } from './state.ts';
import { httpUpstream } from './upstream.ts';

/** A token is good for 12 hours. */
const TOKEN_LIFE = 12 * 3_600_000;

/** What GetAuthorizationToken gives. */
export interface Token {
  readonly password: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The call that asked for it. */
  readonly call: Call;
}

/** ECR in all accounts and regions: each has a registry of its own. */
export class Registries {
  readonly #context: SimulatorContext;
  readonly #registries: Regions<PrivateRegistry>;
  readonly #fronts = new Map<PrivateRegistry, Promise<RegistryFront>>();
  readonly #tokens = new Map<string, Token>();

  constructor(context: SimulatorContext, repositories: ScenarioRepositories) {
    this.#context = context;
    const upstream =
      context.registry?.upstream === undefined ? memoryRegistry() : httpUpstream(context.registry.upstream);
    this.#registries = new Regions(
      (accountId, region) => new PrivateRegistry(accountId, region, upstream, () => context.clock.now()),
    );
    for (const [key, given] of Object.entries(repositories)) {
      const repository: ScenarioRepository = isTagMap(given) ? { tags: given } : given;
      const { account = context.accountId, region = context.region, name = key } = repository;
      this.of(account, region).add(name, repository);
    }
  }

  of(accountId: string, region: string): PrivateRegistry {
    return this.#registries.in(accountId, region);
  }

  /** Gives a registry's endpoint, which is opened when it is first asked for. */
  front(accountId: string, region: string): Promise<RegistryFront> {
    const registry = this.of(accountId, region);
    const { clock } = this.#context;
    const accepts = (password: string): boolean => {
      const token = this.#tokens.get(password);
      return token !== undefined && token.region === region && clock.now() < token.expiresAt;
    };
    const heard: FrontOptions['heard'] = (password, { method, repository, path }) => {
      const call = this.#tokens.get(password)?.call;
      if (!call) return;
      const { userAgent = '', caller } = call;
      tell({
        service: 'registry',
        operation: method,
        input: { repository, path },
        userAgent,
        call: { region, accountId, ...(caller !== undefined && { caller }) },
        world: {},
      });
    };
    const front = this.#fronts.get(registry) ?? openFront({ registry, clock, accepts, heard });
    this.#fronts.set(registry, front);
    return front;
  }

  /** Where a registry answers: on the loopback interface, or under its AWS name when the simulator opens no port. */
  async url({ accountId, region }: PrivateRegistry): Promise<string> {
    if (this.#context.registry === undefined) return `https://${accountId}.dkr.ecr.${region}.amazonaws.com`;
    return (await this.front(accountId, region)).url;
  }

  /** Makes a token for all registries of a region. */
  issue(call: Call): Token {
    const { region, now } = call;
    // As opaque as AWS's, and of a length that a command line or a log would show.
    const payload = { payload: randomBytes(900).toString('base64'), version: '2', type: 'DATA_KEY' };
    const expiresAt = now + TOKEN_LIFE;
    const password = Buffer.from(
      JSON.stringify({ ...payload, expiration: Math.floor(expiresAt / 1000) }),
    ).toString('base64');
    const token = { password, region, expiresAt, call };
    this.#tokens.set(password, token);
    return token;
  }

  /** Closes every endpoint. */
  async close(): Promise<void> {
    const fronts = await Promise.all(this.#fronts.values());
    await Promise.all(fronts.map((front) => front.close()));
  }
}
