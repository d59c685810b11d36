// Reads what a registry itself says about its refusal, so that the author of the Pod can read it
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes).

import type { Credential } from './credential.ts';
import type { OutboundAnswer } from './outbound-client.ts';
import { isObject, parseJsonObject } from './registry-json.ts';
import { shorten } from './shorten.ts';

const MAX_LENGTH = 200;

/** Says no more than the status, in letters only. */
const PLATITUDES = new Set([
  'accessdenied',
  'authenticationrequired',
  'denied',
  'forbidden',
  'manifestunknown',
  'notfound',
  'toomanyrequests',
  'unauthorized',
]);

/**
 * One short line; undefined where there is nothing to tell. Only the form that registries use is read: an author who names
 * some other server of the cluster as registry is not shown its answers. What repeats the credential is not shown either.
 */
export function readRegistryMessage(
  { body }: Pick<OutboundAnswer, 'body'>,
  credential: Credential,
): string | undefined {
  const message = readFirstMessage(body);
  const isSecret = listSecrets(credential).some((secret) => message.includes(secret));
  if (isSecret) return undefined;
  const line = message.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
  const letters = line.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (letters === '' || PLATITUDES.has(letters)) return undefined;
  return shorten(line.replaceAll('"', "'"), MAX_LENGTH);
}

function readFirstMessage(body: Uint8Array): string {
  const errors = parseErrors(body);
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const isError = isObject(first) && typeof first['code'] === 'string';
  return isError && typeof first['message'] === 'string' ? first['message'] : '';
}

function parseErrors(body: Uint8Array): unknown {
  try {
    return parseJsonObject(body, 'error')['errors'];
  } catch {
    // Many answer with a page of HTML, or with nothing.
    return undefined;
  }
}

function listSecrets(credential: Credential): readonly string[] {
  switch (credential.kind) {
    case 'anonymous':
      return [];
    case 'basic': {
      const pair = Buffer.from(`${credential.username}:${credential.password}`).toString('base64');
      return [pair, credential.password].filter((secret) => secret !== '');
    }
    case 'identityToken':
      return [credential.identityToken, ...listSecrets(credential.fallback)];
    case 'registryToken':
      return [credential.registryToken];
  }
}
