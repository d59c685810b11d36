import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { ErrorCode } from '../errors.ts';
import { translateAwsFailure } from './aws-failure.ts';

const call = {
  action: 'ssm:GetParametersByPath',
  resource: 'parameter path /shop',
  region: 'eu-west-1',
};
const FOREVER = new AbortController().signal;

function failure(name: string, status?: number, retryAfter?: string): object {
  return Object.assign(new Error('AWS says: hunter2'), {
    name,
    $metadata: { httpStatusCode: status },
    $response: { headers: { 'retry-after': retryAfter }, body: 'hunter2' },
  });
}

const cases: Record<string, [error: unknown, code: ErrorCode, message: RegExp]> = {
  'what does not exist': [
    failure('ResourceNotFoundException', 400),
    'secret_not_found',
    /path \/shop in eu-west-1 does not exist/,
  ],
  'what is marked for deletion': [
    failure('InvalidRequestException', 400),
    'secret_not_found',
    /deletion/,
  ],
  'what AWS does not take': [
    failure('ValidationException', 400),
    'invalid_annotation',
    /correct the annotation/,
  ],
  'a right that is missing': [
    failure('AccessDeniedException', 400),
    'aws_access_denied',
    /may not ssm:GetParametersByPath parameter path \/shop in eu-west-1/,
  ],
  'a key that is not the role’s': [
    failure('DecryptionFailure', 400),
    'aws_access_denied',
    /kms:Decrypt/,
  ],
  'credentials that are not there': [
    failure('CredentialsProviderError'),
    'aws_unavailable',
    /no AWS credentials/,
  ],
  'credentials that have expired': [
    failure('ExpiredTokenException', 400),
    'aws_access_denied',
    /does not accept.*credentials/,
  ],
  'a role that may not be assumed': [
    failure('AccessDenied', 403),
    'aws_access_denied',
    /check its role/,
  ],
  'too many requests': [
    failure('ThrottlingException', 400),
    'aws_throttled',
    /throttles ssm:GetParametersByPath in eu-west-1/,
  ],
  'too many requests, by status': [failure('Unknown', 429), 'aws_throttled', /try again/],
  'a failure of AWS': [failure('InternalServiceError', 500), 'aws_unavailable', /answered 500/],
  'a timeout': [
    failure('TimeoutError'),
    'aws_unavailable',
    /could not be reached \(TimeoutError\)/,
  ],
  'what is no error at all': [undefined, 'aws_unavailable', /could not be reached/],
};

for (const [name, [error, code, message]] of Object.entries(cases)) {
  test(`${name} becomes ${code}, without a word of AWS`, () => {
    const translated = translateAwsFailure(call, error, FOREVER);
    assert.equal(translated.code, code);
    assert.match(translated.message, message);
    assert.ok(!inspect(translated, { showHidden: true, depth: 9 }).includes('hunter2'));
  });
}

const waits: Record<string, [retryAfter: string | undefined, seconds: number]> = {
  'a wait that AWS names': ['7', 7],
  'no wait': [undefined, 2],
  'a wait of nothing': ['0', 1],
  'a wait without reason': ['86400', 30],
  'a date': ['Fri, 31 Dec 2027 23:59:59 GMT', 2],
};

for (const [name, [retryAfter, seconds]] of Object.entries(waits)) {
  test(`${name} is passed on as ${seconds} s`, () => {
    const error = failure('ThrottlingException', 400, retryAfter);
    assert.equal(translateAwsFailure(call, error, FOREVER).retryAfterSeconds, seconds);
  });
}

test('a call that its request cut off is no failure of AWS', () => {
  const translated = translateAwsFailure(call, failure('AbortError'), AbortSignal.abort());
  assert.equal(translated.code, 'deadline_exceeded');
});
