import type { ImageIdentifier } from '@aws-sdk/client-ecr';
import { imageNotFound, type Place, repositoryNotFound } from './errors.ts';
import { factsOf } from './manifest.ts';
import type { Repository, ScenarioRepository, StoredImage } from './model.ts';
import type { Upstream } from './upstream.ts';

/** Milliseconds that a scan takes if nobody says. */
const SCAN_TIME = 20_000;

type NewRepository = ScenarioRepository &
  Partial<Pick<Repository, 'mutability' | 'exclusions' | 'encryption'>>;

/** The manifest that a push brings. */
export interface PushedManifest {
  /** A tag or a digest. */
  readonly reference: string;
  readonly mediaType: string;
  readonly body: Uint8Array;
}

const scanOnPush = ({ scanning = 'manual' }: Pick<ScenarioRepository, 'scanning'>, pushedAt: number) =>
  scanning === 'manual' ? {} : { scanAskedAt: pushedAt };

/** The private registry of one account in one region. */
export class PrivateRegistry {
  readonly accountId: string;
  readonly region: string;
  /** By name. */
  readonly repositories = new Map<string, Repository>();
  readonly #upstream: Upstream;
  readonly #now: () => number;

  constructor(accountId: string, region: string, upstream: Upstream, now: () => number) {
    this.accountId = accountId;
    this.region = region;
    this.#upstream = upstream;
    this.#now = now;
  }

  place(name: string): Place {
    return { name, registryId: this.accountId };
  }

  /** @throws AwsError when there is no such repository */
  repository(name: string | undefined): Repository {
    const found = this.repositories.get(name ?? '');
    if (!found) throw repositoryNotFound(this.place(name ?? ''));
    return found;
  }

  /** Adds a repository; its name has to be free. */
  add(name: string, given: NewRepository): Repository {
    const now = this.#now();
    const tags = new Map(Object.entries(given.tags ?? {}));
    const repository: Repository = {
      name,
      arn: `arn:aws:ecr:${this.region}:${this.accountId}:repository/${name}`,
      createdAt: now,
      mutability: given.mutability ?? (given.immutable ? 'IMMUTABLE' : 'MUTABLE'),
      exclusions: given.exclusions ?? [],
      scanning: given.scanning ?? 'manual',
      scanTime: given.scanTime ?? SCAN_TIME,
      scannedFor: given.scannedFor ?? Number.POSITIVE_INFINITY,
      findings: given.findings ?? [],
      encryption: given.encryption ?? { encryptionType: 'AES256' },
      images: new Map(
        [...tags.values()].map((digest) => [digest, { digest, pushedAt: now, ...scanOnPush(given, now) }]),
      ),
      tags,
      resourceTags: new Map(),
      lifecyclePolicy: undefined,
      turn: Promise.resolve(),
    };
    this.repositories.set(name, repository);
    return repository;
  }

  /** @throws AwsError when there is no such image, or its tag belongs to another digest */
  image(repository: Repository, id: ImageIdentifier): StoredImage {
    const { imageDigest, imageTag } = id;
    const tagged = imageTag === undefined ? undefined : repository.tags.get(imageTag);
    const digest = imageTag === undefined ? imageDigest : tagged;
    const found = repository.images.get(digest ?? '');
    if (!found || (imageDigest !== undefined && imageDigest !== digest)) {
      throw imageNotFound(id, this.place(repository.name));
    }
    return found;
  }

  /** Asks the upstream for what is below `/v2/NAME/`; there every registry has names of its own. */
  content(name: string, rest: string, request: Omit<Parameters<Upstream>[0], 'path'>): Promise<Response> {
    return this.#upstream({ ...request, path: `${this.prefix}${name}/${rest}` });
  }

  /** What paths of the upstream begin with. */
  get prefix(): string {
    return `/v2/${this.accountId}/${this.region}/`;
  }

  /** Does something with a repository when all that was begun before has ended. */
  inTurn<T>(repository: Repository, act: () => Promise<T>): Promise<T> {
    const turn = repository.turn.then(act);
    repository.turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Stores a manifest upstream and remembers the image; to be called in turn.
   *
   * @returns the upstream's answer, which may be a refusal
   */
  async push(repository: Repository, { reference, mediaType, body }: PushedManifest): Promise<Response> {
    const answer = await this.content(repository.name, `manifests/${reference}`, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body,
    });
    const digest = answer.headers.get('docker-content-digest');
    if (!answer.ok || digest === null) return answer;
    const known = repository.images.get(digest);
    if (known?.facts === undefined) {
      const pushedAt = this.#now();
      repository.images.set(digest, {
        digest,
        pushedAt,
        mediaType,
        facts: factsOf(Buffer.from(body).toString('utf8'), mediaType),
        ...scanOnPush(repository, pushedAt),
      });
    }
    if (!reference.includes(':')) repository.tags.set(reference, digest);
    return answer;
  }
}
