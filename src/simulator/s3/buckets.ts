import { createHash } from 'node:crypto';
import { hexId } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import type { ScenarioBucket, ScenarioBuckets, StoredObject } from './model.ts';

/** What a writer says of an object. */
export type Written = Omit<StoredObject, 'etag' | 'modifiedAt' | 'version'>;

/** A bucket: what is written is seen by whoever reads next. */
export class StoredBucket {
  readonly name: string;
  readonly region: string;
  readonly #keeps: readonly string[];
  readonly #versioning: boolean;
  readonly #kernel: Kernel;
  readonly #objects = new Map<string, StoredObject>();
  /** Keys in their order, until one comes or goes. */
  #sorted: readonly string[] | undefined;

  constructor(kernel: Kernel, name: string, settings: ScenarioBucket) {
    this.#kernel = kernel;
    this.name = name;
    this.region = settings.region ?? kernel.region;
    this.#keeps = settings.keeps ?? [];
    this.#versioning = settings.versioning === true;
    for (const [key, { body, contentType = 'binary/octet-stream', ...object }] of Object.entries(
      settings.objects ?? {},
    )) {
      this.put({
        key,
        body: Buffer.from(body),
        contentType,
        cacheControl: object.cacheControl,
        contentEncoding: object.contentEncoding,
        metadata: object.metadata ?? {},
      });
    }
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  put(written: Written): StoredObject {
    const object: StoredObject = {
      ...written,
      etag: createHash('md5').update(written.body).digest('hex'),
      modifiedAt: Math.floor(this.#kernel.events.now / 1_000) * 1_000,
      version: this.#versioning ? hexId(this.#kernel.random, 32) : undefined,
    };
    if (!this.#objects.has(written.key)) this.#sorted = undefined;
    this.#objects.set(written.key, object);
    return object;
  }

  /** Whether it may be deleted; it is then gone, if it was there. */
  delete(key: string): boolean {
    if (this.#keeps.some((beginning) => key.startsWith(beginning))) return false;
    if (this.#objects.delete(key)) this.#sorted = undefined;
    return true;
  }

  /** All keys, by the bytes of their UTF-8. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()]
      .map((key) => Buffer.from(key))
      .sort(Buffer.compare)
      .map(String);
    return this.#sorted;
  }
}

/** The buckets of the scenario: their names are unique in all regions. */
export class Buckets {
  readonly #buckets: ReadonlyMap<string, StoredBucket>;

  constructor(kernel: Kernel, buckets: ScenarioBuckets) {
    this.#buckets = new Map(
      Object.entries(buckets).map(([name, settings]) => [name, new StoredBucket(kernel, name, settings)]),
    );
  }

  get(name: string): StoredBucket | undefined {
    return this.#buckets.get(name);
  }
}
