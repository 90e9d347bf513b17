import { type HttpAnswer, type HttpFailure, isAnswer } from './exchange.ts';
import type { SmokeRequest } from './request.ts';

/** Made twice, they do what they do once: https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Why a request that failed is not made again; undefined when it may be.
 *
 * @param end how its last exchange ended
 * @param reachedBefore the server has got the request already, and redirected it
 */
export function reasonNotToRetry(
  { method, retry }: Pick<SmokeRequest, 'method' | 'retry'>,
  end: HttpAnswer | HttpFailure,
  reachedBefore: boolean,
): string | undefined {
  if (!isAnswer(end) && end.kind === 'certificate') return 'a wrong certificate does not mend itself';
  if (retry === false) return 'retry is false';
  if (retry === true || IDEMPOTENT.has(method)) return undefined;
  if (!isAnswer(end) && end.kind === 'not-reached' && !reachedBefore) return undefined;
  return `the server may have done already what ${method} asks for; retry: true makes it again`;
}
