/** A secret of the scenario. Times in ms. */
export interface ScenarioSecret {
  /** A text, or members of a JSON object; absent: it has no value yet. */
  readonly value?: string | Readonly<Record<string, string>>;
  /** What it was before, which it still has as AWSPREVIOUS. */
  readonly previous?: string | Readonly<Record<string, string>>;
  /** Kept as bytes, not as a text. */
  readonly binary?: boolean;
  /** The six characters at the end of its ARN; `AbCdEf` if not given. */
  readonly suffix?: string;
  /** ARN, id or alias of a customer's key. */
  readonly kmsKey?: string;
  /** How long before the scenario's start it was changed last; 30 days if not given. */
  readonly changedAgo?: number;
  /** How long before the scenario's start its deletion was ordered. */
  readonly deletedAgo?: number;
  /** Whoever calls may not read it: no policy allows it, or its key is closed to them. */
  readonly unreadable?: 'policy' | 'key';
  /** How long RotateSecret takes; AWS knows no function that rotates it if not given. */
  readonly rotationTime?: number;
  readonly region?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Secrets of Secrets Manager by name. */
export type ScenarioSecrets = Readonly<Record<string, ScenarioSecret>>;

/** One value of a secret. */
export interface SecretVersion {
  readonly id: string;
  readonly text: string | undefined;
  readonly bytes: Uint8Array | undefined;
  readonly stages: readonly string[];
  readonly createdAt: number;
}

/** A secret as it is at one moment. */
export interface SecretRecord {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly kmsKey: string | undefined;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly rotatedAt: number | undefined;
  readonly deletedAt: number | undefined;
  readonly unreadable: 'policy' | 'key' | undefined;
  readonly rotationTime: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly versions: readonly SecretVersion[];
}
