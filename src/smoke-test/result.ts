import type { HttpAnswer, HttpRequest } from './exchange.ts';
import type { Finding } from './finding.ts';
import type { SmokeRequest } from './request.ts';

/** What came of one request. */
export type Result = {
  readonly request: SmokeRequest;
  /** How often it was made. */
  readonly attempts: number;
} & (
  | { readonly outcome: 'passed'; readonly sent: HttpRequest; readonly answer: HttpAnswer }
  | {
      readonly outcome: 'failed';
      /** Of the last attempt; absent where a captured value made it no request. */
      readonly sent: HttpRequest | undefined;
      /** Absent where there was none. */
      readonly answer: HttpAnswer | undefined;
      readonly findings: readonly Finding[];
      /** Why it was not made again. */
      readonly over: string;
      /** The answer may hold a secret that could not be told from the rest. */
      readonly hidden: boolean;
    }
  | { readonly outcome: 'skipped'; readonly why: string }
);

export const hasPassed = ({ outcome }: Result): boolean => outcome === 'passed';
