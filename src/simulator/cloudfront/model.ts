/** A distribution of CloudFront before one bucket. */
export interface ScenarioDistribution {
  /** Of S3; it may be read by the distribution alone. */
  readonly bucket: string;
  /** Before every path, such as `site` for `site/index.html`. */
  readonly originPath?: string;
  readonly aliases?: readonly string[];
  readonly enabled?: boolean;
  /** What `/` stands for; `index.html` if not given. */
  readonly defaultRootObject?: string;
  /** The key of what is handed out, with 200, where there is no object: pages that a script makes. */
  readonly errorPage?: string;
  /** How long an object without Cache-Control is kept, in ms; a day if not given. */
  readonly defaultTtl?: number;
}

/** Distributions by their ids, such as `E1A2B3C4D5E6F7`. */
export type ScenarioDistributions = Readonly<Record<string, ScenarioDistribution>>;

/** What a user gets for a path. */
export interface EdgeAnswer {
  readonly status: number;
  /** Text, unpacked as a browser does it. */
  readonly body: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly cacheControl: string | undefined;
  /** Whether it came from the edge's cache. */
  readonly cached: boolean;
}

export interface StoredInvalidation {
  readonly id: string;
  readonly reference: string;
  readonly paths: readonly string[];
  readonly createdAt: number;
  completed: boolean;
}
