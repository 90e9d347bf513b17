/** What an alarm looks at: a metric, or an expression over others of the same alarm. */
export type AlarmMetric = { readonly id: string } & (
  | {
      readonly namespace: string;
      readonly metric: string;
      readonly dimensions: Readonly<Record<string, string>>;
      /** `Sum`, `Average`, `p95`, ... */
      readonly stat: string;
      readonly periodS: number;
    }
  | { readonly expression: string; readonly label: string }
);

/** How an alarm decides, and whom it tells. */
export interface AlarmSettings {
  readonly name: string;
  readonly description: string;
  /** One metric; or metrics and, last, the expression that is compared. */
  readonly metrics: readonly AlarmMetric[];
  readonly comparison: '>' | '>=' | '<' | '<=';
  /** In CloudWatch's unit of the metric. */
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapoints: number;
  readonly missing: 'missing' | 'ignore' | 'breaching' | 'notBreaching';
  /** ARNs by the state that is entered. */
  readonly actions: {
    readonly alarm: readonly string[];
    readonly ok: readonly string[];
    readonly noData: readonly string[];
  };
}

/** An alarm that is there. */
export interface KnownAlarm {
  readonly name: string;
  readonly arn: string;
  /** `OK`, `ALARM` or `INSUFFICIENT_DATA`. */
  readonly state: string;
  /** Undefined for what cannot be said in these terms, such as a composite alarm. */
  readonly settings: AlarmSettings | undefined;
}
