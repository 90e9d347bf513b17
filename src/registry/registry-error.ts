/** A request as errors tell of it. */
export interface RegistryRequest {
  /** Registry and name: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/shop`. */
  readonly repository: string;
  /** What is done there, such as `HEAD manifests/1.2.3`. */
  readonly what: string;
  /** What IAM calls it, such as `ecr:PutImage`. */
  readonly permission: string;
}

/** A registry refused a request, or did not answer it. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;
  /** The registry's own word, such as `TAG_INVALID`. */
  readonly code: string | undefined;
  /** What was asked of whom; undefined where no request is to blame. */
  readonly request: RegistryRequest | undefined;
  /** It was answered, and the answer is what is wrong. */
  readonly #final: boolean;

  constructor(
    message: string,
    details: {
      status?: number;
      code?: string;
      request?: RegistryRequest;
      final?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.status = details.status;
    this.code = details.code;
    this.request = details.request;
    this.#final = details.final ?? false;
  }

  /** Whether asking again may help. */
  get passes(): boolean {
    if (this.#final) return false;
    return this.status === undefined || this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/**
 * Reads the errors of an answer.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export async function refusalOf(request: RegistryRequest, response: Response): Promise<RegistryError> {
  const text = await response.text().catch(() => '');
  let [code, message]: [string | undefined, string] = [undefined, text.slice(0, 300)];
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: string; message?: string }[] };
    if (Array.isArray(errors)) {
      code = errors[0]?.code;
      message = errors.map((each) => each.message ?? each.code ?? '').join('; ');
    }
  } catch {
    // What is not JSON is told as it is.
  }
  return new RegistryError(`${request.what}: ${message || response.statusText} (HTTP ${response.status})`, {
    status: response.status,
    ...(code !== undefined && { code }),
    request,
  });
}
