import { createHash } from 'node:crypto';
import type { Bucket, NewObject } from '../../src/ports.ts';

/** What S3 would keep of an object. */
export interface Kept extends NewObject {
  readonly etag: string;
}

/** A client of it: what it asks for goes through, until it dies. */
export interface Client {
  readonly bucket: Bucket;
  /** Calls that it has made. */
  calls: number;
}

/** Objects in memory, and clients that die at a call, before or after its effect. */
export class MemoryBucket {
  readonly objects = new Map<string, Kept>();
  /** Looks at the objects before each call and after it. */
  look: () => void = () => undefined;
  #written = 0;

  put(object: NewObject): string {
    const body = Uint8Array.from(object.body);
    const etag = `${createHash('md5').update(body).digest('hex')}-${++this.#written}`;
    this.objects.set(object.key, { ...object, body, etag });
    return etag;
  }

  text(key: string): string | undefined {
    const found = this.objects.get(key);
    return found && new TextDecoder().decode(found.body);
  }

  /**
   * @param dies at which call, counted from 1, and whether that call has its effect all the same
   * @param locked keys that it may not delete
   */
  client(
    dies: { readonly call: number; readonly after: boolean } = { call: Infinity, after: false },
    locked: readonly string[] = [],
  ): Client {
    const call = async <T>(effect: () => T): Promise<T> => {
      const number = ++client.calls;
      // Others come between calls.
      await Promise.resolve();
      const dead = new Error('the runner has died');
      if (number > dies.call || (number === dies.call && !dies.after)) throw dead;
      this.look();
      const result = effect();
      this.look();
      if (number === dies.call) throw dead;
      return result;
    };
    const { objects } = this;
    const put = (object: NewObject) => this.put(object);
    const client: Client = {
      calls: 0,
      bucket: {
        read: (key) =>
          call(() => {
            const found = objects.get(key);
            return found && { body: found.body, etag: found.etag, metadata: {} };
          }),
        write: (object, condition) =>
          call(() => {
            const etag = objects.get(object.key)?.etag;
            const holds =
              !condition || ('absent' in condition ? etag === undefined : etag === condition.ifMatch);
            return holds ? { etag: put(object) } : 'conflict';
          }),
        async *list(prefix) {
          const page = await call(() => [...objects.values()].filter(({ key }) => key.startsWith(prefix)));
          for (const { key, body, etag } of page) yield { key, size: body.length, etag, modifiedAt: 0 };
        },
        delete: (keys) =>
          call(() => {
            const refused = keys.filter((key) => locked.includes(key));
            for (const key of keys) if (!refused.includes(key)) objects.delete(key);
            return refused.map((key) => ({ key, reason: 'AccessDenied' }));
          }),
        copy: async () => undefined,
      },
    };
    return client;
  }
}
