import type { Json, JsonObject, Path } from '../taskdef/definition.ts';

/** What to do with a redirect: take it as the answer, follow it on the same host, or anywhere. */
export const REDIRECT_POLICIES = ['never', 'same-host', 'always'] as const;
export type RedirectPolicy = (typeof REDIRECT_POLICIES)[number];

/** Where to connect to; without a port, that of the URL. */
export interface Address {
  readonly host: string;
  readonly port: number | undefined;
}

/** What holds for a request that does not say otherwise. */
export interface RequestSettings {
  readonly attempts: number;
  /** ms */
  readonly intervalMs: number;
  /** ms, for one attempt with all its redirects. */
  readonly requestTimeoutMs: number;
  readonly followRedirects: RedirectPolicy;
  readonly connectTo: Address | undefined;
}

export type RequestBody =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'form'; readonly fields: readonly (readonly [name: string, value: string])[] };

/** What the answer's status may be. */
export interface StatusExpectation {
  /** As it was written: `2xx`, `200 or 204`. */
  readonly text: string;
  /** From and to, both included. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

export type JsonCheck =
  | { readonly kind: 'equals'; readonly value: Json }
  | { readonly kind: 'not' | 'contains'; readonly value: Json }
  | { readonly kind: 'one-of'; readonly values: readonly Json[] }
  | { readonly kind: 'exists'; readonly yes: boolean }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'matches'; readonly pattern: string }
  | { readonly kind: 'min' | 'max' | 'length'; readonly number: number };

export interface JsonExpectation {
  /** As it was written. */
  readonly path: string;
  readonly at: Path;
  readonly checks: readonly JsonCheck[];
}

export interface TextExpectation {
  readonly contains: readonly string[];
  readonly excludes: readonly string[];
  readonly matches: readonly string[];
}

export interface HeaderExpectation {
  readonly name: string;
  readonly checks: readonly (
    | { readonly kind: 'equals' | 'contains' | 'matches'; readonly text: string }
    | { readonly kind: 'exists'; readonly yes: boolean }
  )[];
}

/** All of it has to hold. Texts may have `${name}` in them. */
export interface Expectations {
  readonly status: StatusExpectation;
  readonly json: readonly JsonExpectation[];
  /** JSON Schema, or the path of a file that holds it. */
  readonly schema: JsonObject | boolean | { readonly file: string } | undefined;
  readonly text: TextExpectation;
  readonly headers: readonly HeaderExpectation[];
  readonly latencyMs: number | undefined;
}

/** A value of the answer that later requests use as `${name}`. */
export interface Capture {
  readonly name: string;
  readonly from:
    | { readonly kind: 'json'; readonly path: string; readonly at: Path }
    | { readonly kind: 'header'; readonly header: string }
    | { readonly kind: 'text' };
  /** A regular expression: the value is its first group, or all of what it matches. */
  readonly matches: string | undefined;
  readonly secret: boolean;
}

/** One request of the list. Texts may have `${name}` in them. */
export interface SmokeRequest extends RequestSettings {
  readonly name: string;
  /** Where it stands in the list. */
  readonly index: number;
  readonly method: string;
  readonly target:
    | { readonly kind: 'url'; readonly text: string }
    | { readonly kind: 'path'; readonly text: string };
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: RequestBody | undefined;
  readonly expect: Expectations;
  readonly captures: readonly Capture[];
  /** Names of requests that have to pass before, besides those whose captures it uses. */
  readonly after: readonly string[];
  /** Whether it may be made again when the server may have got it; by its method where it does not say. */
  readonly retry: boolean | undefined;
}
