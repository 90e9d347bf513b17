import type { Status } from './status.ts';

/** One more thing to tell, as `Name: value`. */
export interface Field {
  readonly name: string;
  readonly value: string;
}

/** What came of a job or a step: GitHub's word, such as `success`, or another. */
export interface Part {
  readonly name: string;
  readonly result: string;
}

export interface Commit {
  readonly sha: string;
  readonly url: string | undefined;
  /** The first line of its message, where the event of the run tells it. */
  readonly subject: string | undefined;
  readonly author: string | undefined;
}

/** The run that tells it; all is empty outside of GitHub. */
export interface Origin {
  /** `OWNER/NAME` */
  readonly repository: string | undefined;
  /** The branch or tag. */
  readonly ref: string | undefined;
  /** Who has started the run. */
  readonly actor: string | undefined;
  readonly workflow: string | undefined;
  readonly runUrl: string | undefined;
  readonly commit: Commit | undefined;
}

/** How a deploy stands, to be told by any of the targets. Texts are as they were given: each target escapes them. */
export interface Notice {
  readonly status: Status;
  readonly title: string;
  readonly text: string | undefined;
  readonly reason: string | undefined;
  readonly service: string | undefined;
  readonly cluster: string | undefined;
  readonly environment: string | undefined;
  readonly version: string | undefined;
  /** Where users find the service. */
  readonly url: string | undefined;
  readonly fields: readonly Field[];
  readonly parts: readonly Part[];
  readonly origin: Origin;
}
