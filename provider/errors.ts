// The one error type of the provider: a code that callers branch on, and a message that is safe to show.

export type ErrorCode = LaunchErrorCode | LookupErrorCode;

/** What a launcher can be answered, and any caller of a route (docs/troubleshooting.md). */
export type LaunchErrorCode =
  | 'invalid_request'
  | 'request_too_large'
  | 'rate_limited'
  | 'invalid_token'
  | 'pod_gone'
  | 'not_injected'
  | 'signature_mismatch'
  | 'container_not_running'
  | 'launch_window_closed'
  | 'reference_not_in_spec'
  | 'access_denied'
  | 'service_account_not_allowed'
  | 'invalid_annotation'
  | 'secret_not_found'
  | 'ambiguous_parameter'
  | 'values_too_large'
  | 'aws_access_denied'
  | 'aws_throttled'
  | 'aws_unavailable'
  | 'kubernetes_unavailable'
  | 'deadline_exceeded'
  | 'client_closed'
  | 'not_found'
  | 'internal_error';

/** What the lookup of one image can end with; its message goes to the author of the Pod. */
export type LookupErrorCode =
  | 'unsealed_message'
  | 'invalid_image_reference'
  | 'registry_not_allowed'
  | 'registry_denied'
  | 'registry_unavailable'
  | 'registry_rate_limited'
  | 'image_not_found'
  | 'image_unreadable'
  | 'platforms_disagree';

export class ProviderError extends Error {
  readonly code: ErrorCode;
  /** Seconds after which a retry makes sense; becomes the Retry-After header. */
  readonly retryAfterSeconds: number | undefined;

  /** `message` reaches the caller: never a secret value, a token or a URL query. The cause is only logged. */
  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly retryAfterSeconds?: number | undefined;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ProviderError';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/**
 * What is told of an error, for whoever keeps it longer than the request that it ended. The error itself holds more than it
 * shows: its cause, and until its stack is read the functions on it with all that they know, such as a document of megabytes.
 */
export type ErrorWords = Pick<ProviderError, 'code' | 'message' | 'retryAfterSeconds'>;

export function wordsOf({ code, message, retryAfterSeconds }: ProviderError): ErrorWords {
  return { code, message, retryAfterSeconds };
}

export function errorOf({ code, message, retryAfterSeconds }: ErrorWords): ProviderError {
  return new ProviderError(code, message, { retryAfterSeconds });
}
