import { isDenied, isUnauthenticated } from '../../aws/connection.ts';
import { type ConfigError, DeployError, isOutage, isRefusal } from '../../errors.ts';
import type { CheckName } from '../../preflight/checks.ts';
import type { Seen, Unseen } from '../../preflight/finding.ts';
import { RegistryError } from '../../registry/registry-error.ts';
import { printable } from '../../taskdef/shape.ts';

/**
 * What everything else hangs on is not there, or may not be looked at: the check that looks at it fails, those that need
 * it look at nothing.
 */
export class NotThere extends Error {
  override readonly name = 'NotThere';
  readonly check: CheckName;
  readonly found: readonly { readonly what: string; readonly fix: string }[];

  constructor(check: CheckName, found: NotThere['found'], cause: unknown) {
    super(found.map(({ what }) => what).join('; '), { cause });
    this.check = check;
    this.found = found;
  }
}

/** As a check tells what is wrong with inputs: the fix stands behind the last semicolon of a problem. */
export const foundIn = ({ problems }: ConfigError): NotThere['found'] =>
  problems.map(({ input, message }) => {
    const at = message.lastIndexOf('; ');
    return at < 0
      ? { what: message, fix: `Mend ${input}.` }
      : { what: message.slice(0, at), fix: `${message[at + 2]?.toUpperCase()}${message.slice(at + 3)}.` };
  });

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
