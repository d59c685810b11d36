// What a registry is asked with, and the key under which answers to it are kept.

import { createHash } from 'node:crypto';

export type BasicCredential = {
  readonly kind: 'basic';
  readonly username: string;
  readonly password: string;
};

export type Credential =
  | { readonly kind: 'anonymous' }
  | BasicCredential
  /** Exchanged for registry tokens; `fallback` is for token servers that cannot do that. */
  | {
      readonly kind: 'identityToken';
      readonly identityToken: string;
      readonly fallback: BasicCredential;
    }
  /** Is a registry token already. */
  | { readonly kind: 'registryToken'; readonly registryToken: string };

export const ANONYMOUS: Credential = { kind: 'anonymous' };

const keys = new WeakMap<Credential, string>();

/** Equal for equal credentials only; reveals nothing of them. */
export function credentialKey(credential: Credential): string {
  if (credential.kind === 'anonymous') return 'anonymous';
  // Asked for several times in each lookup; most credentials outlive many.
  const known = keys.get(credential);
  if (known !== undefined) return known;
  const parts = JSON.stringify(listParts(credential));
  const key = createHash('sha256').update(parts).digest('hex');
  keys.set(credential, key);
  return key;
}

/** The Authorization header of HTTP Basic; undefined where the credential is not a name and password. */
export function basicAuthorization(credential: Credential): string | undefined {
  const basic = credential.kind === 'identityToken' ? credential.fallback : credential;
  if (basic.kind !== 'basic') return undefined;
  const pair = `${basic.username}:${basic.password}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function listParts(credential: Credential): readonly string[] {
  switch (credential.kind) {
    case 'anonymous':
      return [credential.kind];
    case 'basic':
      return [credential.kind, credential.username, credential.password];
    case 'identityToken':
      return [credential.kind, credential.identityToken, ...listParts(credential.fallback)];
    case 'registryToken':
      return [credential.kind, credential.registryToken];
  }
}
