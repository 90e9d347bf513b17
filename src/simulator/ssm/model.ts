/** A parameter of the scenario in full. */
export interface ScenarioParameter {
  readonly value: string;
  /** `String` if not given. */
  readonly type?: 'String' | 'StringList' | 'SecureString';
  /** How long before the scenario's start it was written, in ms. */
  readonly changedAgo?: number;
  /** Whoever calls may not read it. */
  readonly unreadable?: boolean;
}

/** Parameters by name: values of type String, or parameters in full. */
export type ScenarioParameters = Readonly<Record<string, string | ScenarioParameter>>;
