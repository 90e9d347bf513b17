import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Buckets } from '../s3/buckets.ts';
import type { StoredObject } from '../s3/model.ts';
import { hexId } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import type { EdgeAnswer, ScenarioDistribution, ScenarioDistributions, StoredInvalidation } from './model.ts';

const DAY = 86_400_000;
/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html: errors are kept too. */
const ERROR_TTL = 10_000;
/** How long an invalidation takes, in ms. */
const SLOWNESS = { min: 20_000, max: 90_000 } as const;

interface Kept {
  readonly answer: Omit<EdgeAnswer, 'cached'>;
  readonly at: number;
  readonly until: number;
}

/** A distribution and what its edge has of the bucket: one cache stands for those of all places. */
export class Distribution {
  readonly id: string;
  readonly settings: ScenarioDistribution;
  readonly domain: string;
  readonly changedAt: number;
  readonly invalidations = new Map<string, StoredInvalidation>();
  readonly #kernel: Kernel;
  readonly #buckets: Buckets;
  readonly #kept = new Map<string, Kept>();

  constructor(kernel: Kernel, buckets: Buckets, id: string, settings: ScenarioDistribution) {
    this.#kernel = kernel;
    this.#buckets = buckets;
    this.id = id;
    this.settings = settings;
    this.domain = `d${hexId(kernel.random, 13)}.cloudfront.net`;
    this.changedAt = Math.floor(kernel.events.now / 1_000) * 1_000;
  }

  /** What a user gets for a path now. What has not expired and was not invalidated is as old as it is. */
  get(path: string): EdgeAnswer {
    const { now } = this.#kernel.events;
    const plain = decoded(path.split('?')[0] ?? '');
    const kept = this.#kept.get(plain);
    if (kept && now < kept.until) return { ...kept.answer, cached: true };
    const { object, status } = this.#origin(plain);
    const answer = {
      status,
      body: object ? textOf(object) : 'Access Denied',
      contentType: object?.contentType ?? 'application/xml',
      contentEncoding: object?.contentEncoding,
      cacheControl: object?.cacheControl,
    };
    const ttl = object ? ttlOf(object.cacheControl, this.settings.defaultTtl ?? DAY) : ERROR_TTL;
    if (ttl > 0) this.#kept.set(plain, { answer, at: now, until: now + ttl });
    else this.#kept.delete(plain);
    return { ...answer, cached: false };
  }

  #origin(path: string): { readonly object: StoredObject | undefined; readonly status: number } {
    const { bucket: name, originPath = '', defaultRootObject = 'index.html', errorPage } = this.settings;
    const bucket = this.#buckets.get(name);
    const keyOf = (rest: string) => [...originPath.split('/'), rest].filter((step) => step !== '').join('/');
    const object = bucket?.get(keyOf(path === '/' ? defaultRootObject : path.slice(1)));
    if (object) return { object, status: 200 };
    const page = errorPage === undefined ? undefined : bucket?.get(keyOf(errorPage.replace(/^\//, '')));
    // Who may not list a bucket is not told that an object is not there.
    return page ? { object: page, status: 200 } : { object: undefined, status: 403 };
  }

  /** Takes as long as AWS takes; until it has completed, the edge may hand out what it has. */
  invalidate(reference: string, paths: readonly string[]): StoredInvalidation {
    const { events, random, between } = this.#kernel;
    const createdAt = events.now;
    const id = `I${hexId(random, 13).toUpperCase()}`;
    const invalidation: StoredInvalidation = { id, reference, paths, createdAt, completed: false };
    this.invalidations.set(id, invalidation);
    events.at(createdAt + Math.round(between(SLOWNESS.min, SLOWNESS.max)), () => {
      invalidation.completed = true;
      for (const [path, { at }] of this.#kept) {
        if (at <= createdAt && paths.some((pattern) => matches(pattern, path))) this.#kept.delete(path);
      }
    });
    return invalidation;
  }
}

/** All distributions. */
export class Edge {
  readonly #distributions: ReadonlyMap<string, Distribution>;

  constructor(kernel: Kernel, buckets: Buckets, distributions: ScenarioDistributions) {
    this.#distributions = new Map(
      Object.entries(distributions).map(([id, settings]) => {
        if (!buckets.get(settings.bucket))
          throw new Error(`distribution ${id}: there is no bucket ${settings.bucket}`);
        return [id, new Distribution(kernel, buckets, id, settings)];
      }),
    );
  }

  distribution(id: string): Distribution | undefined {
    return this.#distributions.get(id);
  }

  /**
   * What a user sees at a path now.
   *
   * @param id of the distribution; the first one if not given
   */
  get(path: string, id?: string): EdgeAnswer {
    const [first] = this.#distributions.keys();
    const distribution = this.#distributions.get(id ?? first ?? '');
    if (!distribution) throw new Error(`there is no distribution ${id ?? ''}`);
    return distribution.get(path);
  }
}

function textOf({ body, contentEncoding }: StoredObject): string {
  if (contentEncoding === 'gzip') return gunzipSync(body).toString();
  if (contentEncoding === 'br') return brotliDecompressSync(body).toString();
  return Buffer.from(body).toString();
}

/** Only at the end does a star stand for anything. */
function matches(pattern: string, path: string): boolean {
  const plain = decoded(pattern);
  return plain.endsWith('*') ? path.startsWith(plain.slice(0, -1)) : path === plain;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html, with a minimum TTL of 0. */
function ttlOf(cacheControl: string | undefined, otherwise: number): number {
  const text = cacheControl?.toLowerCase() ?? '';
  if (/\b(no-store|no-cache|private)\b/.test(text)) return 0;
  const seconds = (/\bs-maxage=(\d+)/.exec(text) ?? /\bmax-age=(\d+)/.exec(text))?.[1];
  return seconds === undefined ? otherwise : Number(seconds) * 1_000;
}
