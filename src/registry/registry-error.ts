/** A registry refused a request, or did not answer it. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;
  /** The registry's own word, such as `TAG_INVALID`. */
  readonly code: string | undefined;

  constructor(message: string, details: { status?: number; code?: string; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.status = details.status;
    this.code = details.code;
  }

  /** Whether asking again may help. */
  get passes(): boolean {
    return this.status === undefined || this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/**
 * Reads the errors of an answer.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export async function refusalOf(what: string, response: Response): Promise<RegistryError> {
  const text = await response.text().catch(() => '');
  let [code, message]: [string | undefined, string] = [undefined, text.slice(0, 300)];
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: string; message?: string }[] };
    code = errors?.[0]?.code;
    message = errors?.map((each) => each.message ?? each.code ?? '').join('; ') ?? message;
  } catch {
    // What is not JSON is told as it is.
  }
  return new RegistryError(`${what}: ${message || response.statusText} (HTTP ${response.status})`, {
    status: response.status,
    ...(code !== undefined && { code }),
  });
}
