import type { Rollout } from '../rollout/controller.ts';
import type { Evidence } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import type { Decision, Watch } from '../watch/decide.ts';
import type { RecordEntry } from './record.ts';

export type WatchOutcome = 'passed' | 'failed' | 'rolled-back' | 'superseded' | 'rollback-failed';

/** The whole story of one watch, in the form of a rollout's record as far as there is the same to tell. */
export interface WatchRecord {
  readonly version: 1;
  readonly kind: 'watch';
  /** Names the watch. */
  readonly rolloutId: string;
  readonly cluster: string;
  readonly service: string;
  readonly startedAt: number;
  /** `from`: what the service ran before, empty where that is not known; `to`: what is watched. */
  readonly rollout: Pick<Rollout, 'from' | 'to' | 'gates' | 'minRequests' | 'metricDelayMs'>;
  readonly watch: Omit<Watch, 'gates' | 'minRequests' | 'metricDelayMs'>;
  readonly entries: WatchEntry[];
  endedAt?: number;
  outcome?: WatchOutcome;
  reason?: string;
}

export type WatchEntry =
  | Extract<RecordEntry, { kind: 'metrics' | 'call' | 'error' }>
  | {
      readonly at: number;
      readonly kind: 'observation';
      /** The minutes of its evidence stand in entries of their own, each once. */
      readonly observation: {
        readonly evidence: Omit<Evidence, 'canary' | 'stable' | 'before'>;
        /** How many lines each pattern has found. */
        readonly lines: Readonly<Record<string, number>>;
      };
    }
  | {
      readonly at: number;
      readonly kind: 'decision';
      readonly decision: Decision['kind'];
      readonly findings: readonly Finding[];
    };
