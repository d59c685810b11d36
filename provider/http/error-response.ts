// Translates errors to HTTP: the only table from code to status. The caller gets code and message, the cause only the log.

import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ErrorCode, ProviderError } from '../errors.ts';

/** Also what docs/troubleshooting.md is held to. */
export const statuses = {
  invalid_request: 400,
  request_too_large: 413,
  rate_limited: 429,
  invalid_token: 401,
  pod_gone: 403,
  not_injected: 403,
  signature_mismatch: 403,
  container_not_running: 409,
  launch_window_closed: 403,
  reference_not_in_spec: 403,
  access_denied: 403,
  service_account_not_allowed: 403,
  invalid_annotation: 400,
  secret_not_found: 404,
  ambiguous_parameter: 409,
  values_too_large: 422,
  aws_access_denied: 403,
  aws_throttled: 503,
  aws_unavailable: 502,
  kubernetes_unavailable: 503,
  deadline_exceeded: 504,
  client_closed: 499,
  not_found: 404,
  internal_error: 500,
  unsealed_message: 401,
  // Lookup errors are told per image in an answer of status 200; these hold where one ends a whole request.
  invalid_image_reference: 400,
  registry_not_allowed: 403,
  registry_denied: 403,
  registry_unavailable: 502,
  registry_rate_limited: 503,
  image_not_found: 404,
  image_unreadable: 502,
  platforms_disagree: 409,
} as const satisfies Record<ErrorCode, number>;

export type ErrorResponse = {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly code: ErrorCode; readonly message: string };
};

export function toErrorResponse(error: unknown): ErrorResponse {
  if (!(error instanceof ProviderError)) {
    const message = 'the provider failed; its log says why';
    return { status: 500, headers: {}, body: { code: 'internal_error', message } };
  }
  const { code, message, retryAfterSeconds } = error;
  const headers =
    retryAfterSeconds === undefined ? {} : { 'Retry-After': toWholeSeconds(retryAfterSeconds) };
  // 499 is nginx's: nobody reads it, and the log tells it from answers that were read.
  return { status: statuses[code] as ContentfulStatusCode, headers, body: { code, message } };
}

/** RFC 9110: no fractions. */
function toWholeSeconds(seconds: number): string {
  return String(Math.max(0, Math.ceil(seconds)));
}
