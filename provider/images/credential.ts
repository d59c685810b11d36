// What a registry is asked with, and the key under which answers to it are kept.

import { createHash } from 'node:crypto';

export type Credential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identityToken'; readonly identityToken: string };

export const ANONYMOUS: Credential = { kind: 'anonymous' };

/** Equal for equal credentials only; reveals nothing of them. */
export function credentialKey(credential: Credential): string {
  if (credential.kind === 'anonymous') return 'anonymous';
  const parts =
    credential.kind === 'basic'
      ? [credential.kind, credential.username, credential.password]
      : [credential.kind, credential.identityToken];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The Authorization header of HTTP Basic; undefined where the credential is not a name and password. */
export function basicAuthorization(credential: Credential): string | undefined {
  if (credential.kind !== 'basic') return undefined;
  const pair = `${credential.username}:${credential.password}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
