import type { Bound } from './bound.ts';
import type { AlarmSettings } from './settings.ts';

/** A metric that the user names in full. */
export interface NamedMetric {
  readonly namespace: string;
  readonly metric: string;
  /** With `{cluster}`, `{service}`, `{target-group}` and `{load-balancer}` still in it. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: string;
}

/** A DB instance or DB cluster of RDS. */
export interface Database {
  readonly kind: 'instance' | 'cluster';
  readonly name: string;
}

/** What an alarm is put on. */
export type Subject =
  | {
      readonly kind: 'measure';
      readonly measure: string;
      readonly stat?: string;
      readonly database?: Database;
    }
  | { readonly kind: 'metric'; readonly metric: NamedMetric }
  | {
      readonly kind: 'expression';
      readonly expression: string;
      readonly metrics: Readonly<Record<string, NamedMetric>>;
    };

/** One alarm as the definition asks for it. */
export interface AlarmOrder extends Bound {
  readonly name: string;
  readonly subject: Subject;
  readonly missing: AlarmSettings['missing'];
  readonly actions: AlarmSettings['actions'];
  readonly description?: string;
}

/** What is to be put for a service. */
export interface Definition {
  readonly alarms: readonly AlarmOrder[];
  /** `false` for none, a name for one of that name. */
  readonly dashboard: boolean | string;
  /** Databases that have a widget. */
  readonly databases: readonly Database[];
  /**
   * Whose traffic alarms on requests look at. `auto`: the whole load balancer's, which a canary is a part of, where it
   * serves nothing else; otherwise that of the service's own target groups.
   */
  readonly scope: 'auto' | 'load-balancer' | 'target-group';
}
