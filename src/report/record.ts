import type { Action, Observation, Outcome, Phase, Rollout } from '../rollout/controller.ts';
import type { Evidence, Period } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';

/** The whole story of one rollout. Times are ms since the epoch. */
export interface RolloutRecord {
  readonly version: 1;
  readonly rolloutId: string;
  readonly cluster: string;
  readonly service: string;
  readonly startedAt: number;
  readonly rollout: Rollout;
  readonly entries: RecordEntry[];
  endedAt?: number;
  outcome?: Outcome;
  reason?: string;
  /** What ECS said last of the canary service, newest first. */
  events?: readonly string[];
}

export type RecordEntry =
  | {
      readonly at: number;
      readonly kind: 'observation';
      /** The minutes of its evidence stand in entries of their own, each once. */
      readonly observation: Omit<Observation, 'evidence'> & {
        readonly evidence: Omit<Evidence, 'canary' | 'stable' | 'before'>;
      };
    }
  /** What CloudWatch said of some minutes for the first time, or differently than before. */
  | {
      readonly at: number;
      readonly kind: 'metrics';
      readonly canary: readonly Period[];
      readonly stable: readonly Period[];
      /** Stable's, from before the rollout. */
      readonly before: readonly Period[];
    }
  | {
      readonly at: number;
      readonly kind: 'decision';
      readonly phase: Phase;
      readonly action: Action;
      readonly findings: readonly Finding[];
    }
  | {
      readonly at: number;
      readonly kind: 'call';
      readonly operation: string;
      readonly ms: number;
      readonly outcome: string;
    }
  | { readonly at: number; readonly kind: 'error'; readonly doing: string; readonly message: string };
