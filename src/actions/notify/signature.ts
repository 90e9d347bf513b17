import { createHmac } from 'node:crypto';

export const SIGNATURE = 'X-Deploy-Actions-Signature-256';
export const TIMESTAMP = 'X-Deploy-Actions-Timestamp';
export const DELIVERY = 'X-Deploy-Actions-Delivery';

/**
 * The headers that prove a body: a time, and the HMAC with SHA-256 of that time, a dot and the body. Who knows the secret
 * can tell that neither was changed, and that it is not an old message sent again.
 * https://www.rfc-editor.org/rfc/rfc2104
 *
 * @param now in ms since the Unix epoch
 */
export function signature(body: string, secret: string, now: number): readonly (readonly [string, string])[] {
  const timestamp = String(Math.floor(now / 1000));
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return [
    [TIMESTAMP, timestamp],
    [SIGNATURE, `sha256=${digest}`],
  ];
}
