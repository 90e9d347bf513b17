/** An object that a bucket of the scenario begins with. */
export interface ScenarioObject {
  /** Text, in UTF-8. */
  readonly body: string;
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly contentEncoding?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ScenarioBucket {
  /** The simulator's own if not given. */
  readonly region?: string;
  /** Whether each write gets a version id; older versions are not kept. */
  readonly versioning?: boolean;
  /** Beginnings of keys that the bucket's policy lets nobody delete. */
  readonly keeps?: readonly string[];
  readonly objects?: Readonly<Record<string, ScenarioObject>>;
}

/** Buckets of S3 by name. */
export type ScenarioBuckets = Readonly<Record<string, ScenarioBucket>>;

/** An object as a bucket holds it. */
export interface StoredObject {
  readonly key: string;
  readonly body: Uint8Array;
  /** Without quotes: the MD5 of the body. */
  readonly etag: string;
  /** ms since the epoch, whole seconds as in HTTP. */
  readonly modifiedAt: number;
  readonly contentType: string;
  readonly cacheControl: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly version: string | undefined;
}
