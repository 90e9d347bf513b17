/** One request as it is sent. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** Another place to connect to than the host of the URL, whose name the certificate and `Host` keep. */
  readonly connectTo?: { readonly host: string; readonly port: number | undefined };
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in small letters; a header that stands several times has several values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Decompressed and decoded; the beginning of it where it is longer than what is read. */
  readonly body: string;
  /** The body was longer than what is read. */
  readonly cut: boolean;
  /** From the beginning of the request to the end of the body, in ms of the clock. */
  readonly ms: number;
  /** The address that answered. */
  readonly remoteAddress: string | undefined;
}

/** Why there is no answer. */
export interface HttpFailure {
  /**
   * `not-reached` when the server cannot have got the request, `certificate` when it is not who it should be, `unanswered`
   * when it may have got the request: then the request was cut off or ran out of time.
   */
  readonly kind: 'not-reached' | 'certificate' | 'unanswered';
  /** What happened, in a sentence that fits after the request's name. */
  readonly message: string;
  readonly ms: number;
}

/** Sends single requests, follows nothing and repeats nothing. */
export interface HttpClient {
  /**
   * @param timeoutMs for all of it, in ms of the clock
   * @returns an answer of any status, or why there is none
   * @throws Error named AbortError when the run was cancelled
   */
  send(request: HttpRequest, timeoutMs: number): Promise<HttpAnswer | HttpFailure>;
}

export const isAnswer = (end: HttpAnswer | HttpFailure): end is HttpAnswer => 'status' in end;
