import type { Clock } from '../clock.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { AwsCall } from '../ports.ts';

/** What all AWS adapters of one run share. */
export interface Connection {
  readonly clock: Clock;
  /** Ends calls and retries that are under way when it aborts. */
  signal?: AbortSignal;
  readonly onCall?: (call: AwsCall) => void;
}

/** Throttling is AWS asking for patience: it gets ten minutes of it before the run gives up. */
const THROTTLING_PATIENCE_MS = 600_000;
/** Outages, server errors and broken connections: as long as a rollout can wait without knowing. */
const FAULT_PATIENCE_MS = 90_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** A scaled clock must not turn a machine's hiccup into an outage: in real time, patience never ends before this. */
const REAL_TIMEOUT_MS = 2_000;
const REAL_PATIENCE_MS = 5_000;

/**
 * The settings that every SDK client of the product is made with. Retries follow the SDK's own classification of
 * errors: throttling and faults are tried again with full jitter, the user's mistakes (access denied, validation)
 * never. Waits run on the product's clock.
 *
 * @param patienceMs asks for no longer than that, for changes that the caller has to think over before each try
 * @param retryFaults false for an operation that is not idempotent: after a fault its caller looks before it leaps
 */
export function clientSettings(
  { clock }: Connection,
  { retryFaults = true, patienceMs = Number.POSITIVE_INFINITY } = {},
) {
  return {
    retryStrategy: {
      async acquireInitialRetryToken() {
        return retryToken(0, 0, clock.now());
      },
      async refreshRetryTokenForRetry(token: RetryToken, info: { errorType: string }) {
        const usual = Math.min(
          patienceMs,
          info.errorType === 'THROTTLING' ? THROTTLING_PATIENCE_MS : FAULT_PATIENCE_MS,
        );
        const retryable =
          info.errorType === 'THROTTLING' || (info.errorType !== 'CLIENT_ERROR' && retryFaults);
        const floor = Math.min(patienceMs, REAL_PATIENCE_MS) * clock.scale;
        const patience = retryable ? Math.max(usual, floor) : 0;
        const attempt = token.getRetryCount() + 1;
        const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt, 10));
        const delay = ceiling / 2 + (Math.random() * ceiling) / 2;
        if (clock.now() + delay - token.startedAt > patience) throw new Error('out of patience');
        return retryToken(attempt, delay / clock.scale, token.startedAt);
      },
      recordSuccess: () => undefined,
    },
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: Math.max(REAL_TIMEOUT_MS, REQUEST_TIMEOUT_MS / clock.scale),
      throwOnRequestTimeout: true,
    },
    customUserAgent: [['deploy-actions', '1']] as [string, string][],
  };
}

interface RetryToken {
  getRetryCount(): number;
  getRetryDelay(): number;
  readonly startedAt: number;
}

const retryToken = (count: number, delay: number, startedAt: number): RetryToken => ({
  getRetryCount: () => count,
  getRetryDelay: () => delay,
  startedAt,
});

/** Any SDK client; which commands it takes, the adapter that owns it knows. */
interface Sender {
  send(command: never, options: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** A change of traffic or of a service: its caller asks again itself, and makes sure first that it still may. */
export const CHANGE = { patienceMs: 2_000 } as const;

/** The names that AWS services give to "you may not". */
const DENIED =
  /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|NotAuthorized|AuthorizationError|AuthorizationErrorException)$/;
const CREDENTIALS =
  /^(CredentialsProviderError|ExpiredToken|ExpiredTokenException|InvalidClientTokenId|UnrecognizedClientException|InvalidSignatureException|TokenProviderError)$/;

export const errorName = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

/** Whether AWS has said "you may not", as `call` tells it. */
export const isDenied = (error: unknown): error is DeployError =>
  error instanceof DeployError && DENIED.test(errorName(error.cause));

/** Whether this run has no credentials, or none that AWS takes: then nothing can be asked. */
export const isUnauthenticated = (error: unknown): error is DeployError =>
  error instanceof DeployError && CREDENTIALS.test(errorName(error.cause));

/** Whether the answer may have been lost after the effect: the caller has to look before it tries again. */
export const isUncertain = (error: unknown): boolean => {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === undefined || status >= 500;
};

/**
 * Sends one command: records it, and turns what no retry can mend into an error that names the permission or
 * the credentials that are missing. Other errors pass as the SDK throws them.
 *
 * @param permission what IAM calls the action, where that is not the operation's name
 */
export async function call<Output>(
  connection: Connection,
  service: string,
  client: Sender,
  command: object,
  permission?: string,
): Promise<Output> {
  const { clock, signal, onCall } = connection;
  const action = `${service}:${command.constructor.name.replace(/Command$/, '')}`;
  const at = clock.now();
  const record = (outcome: string) => onCall?.({ at, operation: action, ms: clock.now() - at, outcome });
  try {
    const output = await client.send(command as never, signal ? { abortSignal: signal } : {});
    record('ok');
    return output as Output;
  } catch (error) {
    record(errorName(error));
    throw explain(error, permission ?? action);
  }
}

/**
 * Whether AWS has denied something that is not there any more: a policy that allows a change of what carries our tag
 * denies it once nothing carries it, also to a repetition whose first answer was lost.
 *
 * @param isGone looks whether it is so
 */
export async function deniedAsGone(error: unknown, isGone: () => Promise<boolean>): Promise<boolean> {
  return isDenied(error) && (await isGone());
}

function explain(error: unknown, action: string): unknown {
  const name = errorName(error);
  const message = error instanceof Error ? error.message : String(error);
  if (DENIED.test(name)) {
    return new DeployError(`AWS does not allow ${action}: ${message}`, {
      next: `Allow ${action} in the policy of the role that this job assumes.`,
      cause: error,
    });
  }
  if (CREDENTIALS.test(name)) {
    return new DeployError(`AWS does not accept the credentials of this job for ${action}: ${message}`, {
      next: 'Run aws-actions/configure-aws-credentials with role-to-assume before this step, in a job with the permission id-token: write, and give it a role-duration-seconds that is longer than the job takes.',
      cause: error,
    });
  }
  if (/Region not accepted/.test(message)) {
    const fix = 'set a region such as eu-west-1, by the inputs of this step or by AWS_REGION';
    return new ConfigError(
      { input: 'region', message: `is empty or no name of one; ${fix}` },
      { cause: error },
    );
  }
  if (/Region is missing/.test(message)) {
    return new ConfigError(
      {
        input: 'AWS_REGION',
        message:
          'no AWS region is set; run aws-actions/configure-aws-credentials with aws-region before this step',
      },
      { cause: error },
    );
  }
  return error;
}
