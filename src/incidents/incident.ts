import type { StoppedTask } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import type { Difference } from '../taskdef/diff.ts';

/** How a release ended that was no good. `failed`: nobody has rolled it back. */
export const BAD_ENDS = ['rolled-back', 'rollback-failed', 'superseded', 'failed'] as const;
export type BadEnd = (typeof BAD_ENDS)[number];

/** What an incident is of: one service, wherever its cluster is. */
export interface Subject {
  readonly region: string;
  readonly cluster: string;
  readonly service: string;
}

/** Something that happened, in plain words. Times are ms since the epoch. */
export interface Moment {
  readonly at: number;
  readonly text: string;
}

/** What production looked like when it was looked at last. */
export interface Production {
  readonly seenAt: number;
  /** `family:revision` */
  readonly runs: string;
  readonly running: number;
  readonly desired: number;
  /** Percent of the traffic that the failed release has, where that is known. */
  readonly share: number | undefined;
  /** Whether parts of a canary are still there. */
  readonly leftovers: boolean;
}

/** What users had of the failed release. */
export interface Impact {
  /** The largest share of the traffic, in percent. */
  readonly share: number;
  readonly ms: number;
  /** Undefined before the first minute that CloudWatch has told of. */
  readonly answers: Answers | undefined;
}

/** What CloudWatch had told by then: not all of it. */
export interface Answers {
  readonly requests: number;
  readonly errors5xx: number;
  /** The minutes that it is of, ms since the epoch. */
  readonly from: number;
  readonly to: number;
}

/** The last lines that a container of the failed revision has written. */
export interface LogExcerpt {
  readonly task: string;
  readonly container: string;
  readonly lines: readonly { readonly at: number; readonly text: string }[];
}

export interface Commit {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
  /** Number of the pull request that it came by. */
  readonly pullRequest: number | undefined;
}

/** What has come since the last good release. */
export interface Commits {
  readonly base: string;
  readonly head: string;
  /** How the base is known. */
  readonly from: string;
  /** `diverged` and `behind`: the base is not among the ancestors of the head. */
  readonly relation: 'ahead' | 'identical' | 'diverged' | 'behind';
  /** Newest first, the newest of them only. */
  readonly newest: readonly Commit[];
  readonly total: number;
  readonly url: string;
}

/** The workflow run that tells of it. */
export interface Run {
  /** 0 outside of GitHub. */
  readonly id: number;
  readonly url: string | undefined;
  readonly repositoryUrl: string | undefined;
  readonly workflow: string | undefined;
  readonly actor: string | undefined;
}

/** A release that was no good, and all that is known of it. Texts are as they came: what shows them escapes them. */
export interface Incident {
  readonly subject: Subject;
  /** The id of the AWS account that the service is in, where that is known. */
  readonly account: string | undefined;
  readonly environment: string | undefined;
  readonly outcome: BadEnd;
  readonly reason: string;
  /** When it was decided that the release is no good. */
  readonly at: number;
  /** `about`: it was near. `told`: nobody knows, and it is when the incident is told. */
  readonly atIs: 'known' | 'about' | 'told';
  /** `family:revision` of the release. */
  readonly failed: string | undefined;
  /** The one before it. */
  readonly good: string | undefined;
  /** When all traffic was seen away from the release. */
  readonly backAt: number | undefined;
  readonly production: Production | undefined;
  readonly impact: Impact | undefined;
  /** Oldest first. */
  readonly timeline: readonly Moment[];
  readonly gates: readonly Finding[];
  readonly stops: readonly StoppedTask[];
  /** Newest first. */
  readonly events: readonly string[];
  readonly logs: readonly LogExcerpt[];
  readonly difference: Difference | undefined;
  readonly commits: Commits | undefined;
  /** Whether the database suits the revision that was gone back to; in sentences. */
  readonly migrations: { readonly compatible: boolean | undefined; readonly text: string } | undefined;
  readonly restoreCommands: string | undefined;
  readonly runbookUrl: string | undefined;
  readonly run: Run;
  /** What could not be found out, and why. */
  readonly unknown: readonly string[];
}
