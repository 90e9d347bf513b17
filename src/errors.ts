/** One thing that is wrong with what the user gave. */
export interface Problem {
  /** The input, key or file position, in the user's own terms: `steps`, `gates line 2`, `taskdef.json:3:5`. */
  readonly input: string;
  /** What is wrong, with the offending value, and what to write instead. */
  readonly message: string;
  /** Where in a file of the workspace, for an annotation on it; lines and columns count from 1. */
  readonly place?: { readonly file: string; readonly line?: number; readonly column?: number };
}

/** The user's configuration cannot be carried out; nothing was changed. It carries every problem found, each once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: Problem | readonly Problem[], options?: ErrorOptions) {
    const found = 'input' in problems ? [problems] : problems;
    const told = new Map(found.map((p) => [JSON.stringify([p.input, p.message, p.place]), p]));
    const all = [...told.values()];
    super(all.map((p) => `${p.input}: ${p.message}`).join('\n'), options);
    this.problems = all;
  }
}

export interface DeployErrorDetails {
  /** What state AWS is in now, in a sentence. */
  readonly state?: string;
  /** What the user should do next. */
  readonly next?: string;
  /** Where to look in the AWS console. */
  readonly consoleUrl?: string;
  readonly cause?: unknown;
}

/** A deployment could not be carried out, or was taken back. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  readonly state: string | undefined;
  readonly next: string | undefined;
  readonly consoleUrl: string | undefined;

  constructor(message: string, details: DeployErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.state = details.state;
    this.next = details.next;
    this.consoleUrl = details.consoleUrl;
  }
}

/** Whether an error of the AWS SDK says that AWS could not be reached, or could not answer: nobody's mistake. */
export function isOutage(error: unknown): error is Error {
  if (!(error instanceof Error) || !('$metadata' in error) || error.name === 'AbortError') return false;
  const { httpStatusCode: status = 500, attempts } = error.$metadata as {
    httpStatusCode?: number;
    attempts?: number;
  };
  return (
    attempts !== undefined && (status >= 500 || status === 429 || /throttl|TooManyRequests/i.test(error.name))
  );
}

/** Whether an error of the AWS SDK is AWS's word on what was asked of it, such as a limit that is reached. */
export const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && '$fault' in error && error.$fault === 'client' && !isOutage(error);
