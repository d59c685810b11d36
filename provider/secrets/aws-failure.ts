// Translates what the AWS SDK throws. Nothing of AWS's own text is passed on, not even to the log: it can quote what was
// sent or answered. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors

import { ProviderError, type ErrorCode } from '../errors.ts';
import type { AssumedRole } from './assumed-role.ts';

export type AwsCall = {
  /** As IAM names it, such as "secretsmanager:GetSecretValue". */
  readonly action: string;
  /** What it was asked for, such as "secret shop/api". */
  readonly resource: string;
  readonly region: string;
  /** The role that asks; `undefined`: the provider's own. */
  readonly role?: AssumedRole | undefined;
};

/** Called when a question begins; what it returns, when it ends. */
export type ObserveAwsCall = (action: string) => (code: ErrorCode | 'ok') => void;

type Failure = { readonly name: string; readonly status: number; readonly retryAfter: string };

/** In the log, behind the error that callers are told. */
class AwsFailure extends Error {
  readonly status: number;

  constructor({ name, status }: Failure) {
    super(`${name}, HTTP status ${status}`);
    this.status = status;
  }
}

const DECIDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'secret_not_found',
  'aws_access_denied',
  'invalid_annotation',
]);

/** Whether AWS will say the same again: it is about what was asked for, and not about AWS being slow, busy or away. */
export function isDecided(error: unknown): error is ProviderError {
  if (!(error instanceof ProviderError)) return false;
  const { code, cause } = error;
  if (DECIDED.has(code)) return true;
  // Refused with a name that translateAwsFailure does not know, such as one of KMS's.
  const status = cause instanceof AwsFailure ? cause.status : 0;
  return code === 'aws_unavailable' && status >= 400 && status < 500 && status !== 408;
}

const DEFAULT_RETRY_AFTER_SECONDS = 2;
const MAX_RETRY_AFTER_SECONDS = 30;

type ObservedCall = {
  readonly call: AwsCall;
  readonly signal: AbortSignal;
  readonly observe: ObserveAwsCall | undefined;
};

/** Throws what `translateAwsFailure` makes of a failure. */
export async function callAws<T>(
  { call, signal, observe }: ObservedCall,
  send: () => Promise<T>,
): Promise<T> {
  const observeEnd = observe?.(call.action);
  try {
    const answer = await send();
    observeEnd?.('ok');
    return answer;
  } catch (error) {
    const translated = translateAwsFailure(call, error, signal);
    observeEnd?.(translated.code);
    throw translated;
  }
}

export function translateAwsFailure(
  call: AwsCall,
  error: unknown,
  signal: AbortSignal,
): ProviderError {
  if (error instanceof ProviderError) return error;
  const failure = readFailure(error);
  const cause = new AwsFailure(failure);
  if (signal.aborted) {
    const message = `AWS did not answer in time for ${describe(call)}; try again`;
    return new ProviderError('deadline_exceeded', message, { cause });
  }
  return translateByName(call, failure, cause) ?? translateByStatus(call, failure, cause);
}

function translateByName(call: AwsCall, failure: Failure, cause: Error): ProviderError | undefined {
  const { action, resource } = call;
  switch (failure.name) {
    case 'ResourceNotFoundException':
    case 'ParameterNotFound':
      return missing(
        `${describe(call)} does not exist, or not in this version; check name, region and version`,
      );
    case 'InvalidRequestException':
      return missing(
        `${describe(call)} cannot be read; is it marked for deletion, or without a value?`,
      );
    case 'InvalidParameterException':
    case 'ValidationException':
      return new ProviderError(
        'invalid_annotation',
        `AWS does not take ${resource} as a name, path or version; correct the annotation`,
        { cause },
      );
    case 'AccessDeniedException':
    case 'DecryptionFailure':
      return new ProviderError(
        'aws_access_denied',
        `${describeRole(call)} may not ${action} ${describe(call)}; allow it, and kms:Decrypt where it has its own key`,
        { cause },
      );
    case 'CredentialsProviderError':
      return unavailable(call, {
        problem: 'the provider has no AWS credentials; give its service account a role',
        cause,
      });
    default:
      return undefined;
  }

  function missing(message: string): ProviderError {
    return new ProviderError('secret_not_found', message, { cause });
  }
}

const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/;
const CREDENTIALS_REFUSED =
  /^(?:UnrecognizedClient|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|InvalidClientTokenId|SignatureDoesNotMatch|AccessDenied|InvalidIdentityToken|NotAuthorized)/;

function translateByStatus(call: AwsCall, failure: Failure, cause: Error): ProviderError {
  const { name, status, retryAfter } = failure;
  if (THROTTLED.test(name) || status === 429) {
    const message = `AWS throttles ${call.action} in ${call.region}; try again`;
    const retryAfterSeconds = parseRetryAfter(retryAfter);
    return new ProviderError('aws_throttled', message, { cause, retryAfterSeconds });
  }
  if (CREDENTIALS_REFUSED.test(name) || status === 401 || status === 403) {
    const message = describeRefusal(call, name);
    return new ProviderError('aws_access_denied', message, { cause });
  }
  const answer = status === 0 ? `could not be reached (${name})` : `answered ${status}`;
  return unavailable(call, {
    problem: `AWS ${answer}; check the region and the network, or try again`,
    cause,
  });
}

function describeRefusal(call: AwsCall, name: string): string {
  const { action } = call;
  if (action === 'sts:AssumeRole' && name === 'AccessDenied') {
    return `the provider's AWS role may not ${action} ${describe(call)}; allow it, and look at that role's trust policy: principal, external id, sts:TagSession`;
  }
  return `AWS does not accept the provider's credentials for ${action} of ${describe(call)} (${name}); check its role`;
}

function unavailable(
  call: AwsCall,
  { problem, cause }: { readonly problem: string; readonly cause: Error },
): ProviderError {
  return new ProviderError('aws_unavailable', `${describe(call)}: ${problem}`, { cause });
}

function describeRole({ role }: AwsCall): string {
  return role === undefined ? "the provider's AWS role" : `AWS role ${role.roleArn}`;
}

function describe({ resource, region }: AwsCall): string {
  return `${resource} in ${region}`;
}

/** Seconds; a date is not looked at. */
function parseRetryAfter(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : DEFAULT_RETRY_AFTER_SECONDS;
  return Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS);
}

/** The SDK's errors by their form: https://github.com/aws/aws-sdk-js-v3/blob/main/supplemental-docs/ERROR_HANDLING.md */
function readFailure(error: unknown): Failure {
  const {
    name = 'Error',
    $metadata: { httpStatusCode: status = 0 } = {},
    $response: { headers = {} } = {},
  } = (error ?? {}) as {
    readonly name?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  return { name, status, retryAfter: headers['retry-after'] ?? '' };
}
