import { createHash } from 'node:crypto';

/** Who an assumed role's credentials belong to. */
export interface RoleSession {
  readonly accessKeyId: string;
  readonly accountId: string;
  /** The session's ARN. */
  readonly caller: string;
  /** `ROLE_ID:SESSION`. */
  readonly userId: string;
}

/** Who signed a call, and for which region, as far as the signature tells. */
export interface Signer {
  readonly region?: string;
  readonly accountId?: string;
  readonly caller?: string;
  readonly userId?: string;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Letters and digits as AWS's ids have them, the same for the same text. */
const idOf = (text: string, length: number): string =>
  [...createHash('sha256').update(text).digest()]
    .slice(0, length)
    .map((byte) => LETTERS.charAt(byte % 32))
    .join('');

/** The temporary credentials that AssumeRole has given. */
export class Credentials {
  readonly #sessions = new Map<string, RoleSession>();

  /** Begins a role's session; the same role and name give the same credentials. */
  assume(accountId: string, role: string, session: string): RoleSession {
    const begun: RoleSession = {
      accessKeyId: `ASIA${idOf(`${accountId} ${role} ${session}`, 16)}`,
      accountId,
      caller: `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`,
      userId: `AROA${idOf(`${accountId} ${role}`, 17)}:${session}`,
    };
    this.#sessions.set(begun.accessKeyId, begun);
    return begun;
  }

  /**
   * Reads who signed a call; long-term credentials are nobody in particular.
   *
   * @param authorization the header as Signature Version 4 writes it:
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
   */
  signer(authorization: string | undefined): Signer {
    const [, key, region] = /\bCredential=([^/,\s]+)\/\d{8}\/([^/,\s]+)\//.exec(authorization ?? '') ?? [];
    if (key === undefined || region === undefined) return {};
    const { accessKeyId: _, ...session } = this.#sessions.get(key) ?? { accessKeyId: key };
    return { region, ...session };
  }
}
