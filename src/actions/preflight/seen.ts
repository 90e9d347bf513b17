import { isDenied, isUnauthenticated } from '../../aws/connection.ts';
import { type ConfigError, DeployError, isOutage, isRefusal } from '../../errors.ts';
import type { CheckName } from '../../preflight/checks.ts';
import type { Seen, Unseen } from '../../preflight/finding.ts';
import { RegistryError } from '../../registry/registry-error.ts';
import { printable } from '../../taskdef/shape.ts';

/** What everything else hangs on is not there: the check that looks at it fails, those that need it look at nothing. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
  readonly check: CheckName;
  readonly fault: ConfigError;

  constructor(check: CheckName, fault: ConfigError) {
    super(fault.message, { cause: fault });
    this.check = check;
    this.fault = fault;
  }
}

/** A fact, or why AWS did not tell it. What is a defect, or no word on the fact, is thrown on. */
export async function seen<Fact>(looking: Promise<Fact>): Promise<Seen<Fact>> {
  try {
    return await looking;
  } catch (error) {
    const why = unseenBy(error);
    if (!why) throw error;
    return why;
  }
}

/** @returns undefined for an error that no warning may hide */
export function unseenBy(error: unknown): Unseen | undefined {
  if (isUnauthenticated(error)) return undefined;
  if (isDenied(error)) {
    // Who is denied it, and by which policy, is for the log.
    return { unseen: error.message.split(':').slice(0, 2).join(':'), fix: error.next ?? '' };
  }
  if (error instanceof DeployError) return { unseen: printable(error.message), fix: error.next ?? AGAIN };
  if (error instanceof RegistryError) {
    const permission = error.status === 403 ? error.request?.permission : undefined;
    return {
      unseen: printable(`the registry ${error.passes ? 'did not answer' : 'refused it'} (${error.message})`),
      fix:
        permission === undefined
          ? AGAIN
          : `Allow ${permission} in the policy of the role that this job assumes.`,
    };
  }
  if (isOutage(error)) return { unseen: `AWS does not answer (${error.name})`, fix: AGAIN };
  if (isRefusal(error)) {
    return { unseen: printable(`AWS refused it: ${error.message} (${error.name})`), fix: AGAIN };
  }
  return undefined;
}

const AGAIN = 'Mend what it says, or run this step again once AWS answers.';
