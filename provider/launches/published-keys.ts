// Knows whether a token is signed under one of the keys that the cluster publishes. That alone makes nobody known: the API server
// is asked about the token all the same. https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery

import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { untilAborted } from '../concurrency/until-aborted.ts';
import { readTokenPart } from './token.ts';

export type VerifySignature = (
  token: string,
  signal: AbortSignal,
) => Promise<'verified' | 'unverified' | 'keys unknown'>;

export type PublishedKeysOptions = {
  /** As JSON Web Keys (RFC 7517). */
  readonly readKeys: () => Promise<readonly unknown[]>;
  readonly onFailure: (error: unknown) => void;
  /** In milliseconds, of a clock that does not go back. */
  readonly now: () => number;
};

/** Whoever makes up the id of a key makes us ask again, no more often than this; and than that where they cannot be read. */
const ONCE_IN_MS = 1_000;
const ONCE_IN_MS_AFTER_FAILURE = 10_000;
const MAX_KEYS = 100;

type Keys = ReadonlyMap<string, KeyObject>;

/** Keys are read when they are first needed, and again for one that is not among them. */
export function createSignatureVerifier(options: PublishedKeysOptions): VerifySignature {
  const { readKeys, onFailure, now } = options;
  let keys: Keys | undefined;
  let readAgainMs = -Infinity;
  let reading = Promise.resolve();

  function refresh(): Promise<void> {
    if (now() < readAgainMs) return reading;
    readAgainMs = now() + ONCE_IN_MS;
    // Where they cannot be read, the last ones stay.
    reading = readKeys().then(
      (read) => {
        keys = parseKeys(read);
      },
      (error: unknown) => {
        readAgainMs = now() + ONCE_IN_MS_AFTER_FAILURE;
        onFailure(error);
      },
    );
    return reading;
  }

  return async (token, signal) => {
    const signed = parseSigned(token);
    if (signed === undefined) return 'unverified';
    if (keys?.has(signed.kid) !== true) await untilAborted(refresh(), signal);
    if (keys === undefined) return 'keys unknown';
    const key = keys.get(signed.kid);
    return key !== undefined && isSignedUnder(key, signed) ? 'verified' : 'unverified';
  };
}

function parseKeys(written: readonly unknown[]): Keys {
  const keys = new Map<string, KeyObject>();
  for (const jwk of written.slice(0, MAX_KEYS)) {
    const { kid } = (jwk ?? {}) as { readonly kid?: unknown };
    const key = parseKey(jwk);
    if (typeof kid === 'string' && key !== undefined) keys.set(kid, key);
  }
  return keys;
}

/** `undefined` for one of a kind that is not known here. */
function parseKey(jwk: unknown): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    return hashFor(key) === undefined ? undefined : key;
  } catch {
    return undefined;
  }
}

/** RFC 7518, of those that Kubernetes signs with: RS256, ES256, ES384, ES512. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};

/** By the key and never by the token, which is not verified yet. */
function hashFor({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  if (asymmetricKeyType === 'rsa') return 'sha256';
  return CURVES[asymmetricKeyDetails?.namedCurve ?? ''];
}

type Signed = { readonly kid: string; readonly text: Buffer; readonly signature: Buffer };

function parseSigned(token: string): Signed | undefined {
  const [header = '', claims = '', written = ''] = token.split('.');
  const signature = Buffer.from(written, 'base64url');
  // One signature, one token: written otherwise, it would be another that was not refused yet.
  if (signature.toString('base64url') !== written) return undefined;
  const kid = parseKeyId(header);
  return kid === undefined
    ? undefined
    : { kid, text: Buffer.from(`${header}.${claims}`), signature };
}

function parseKeyId(header: string): string | undefined {
  const { kid } = readTokenPart(header);
  return typeof kid === 'string' ? kid : undefined;
}

function isSignedUnder(key: KeyObject, { text, signature }: Signed): boolean {
  return verify(hashFor(key), text, { key, dsaEncoding: 'ieee-p1363' }, signature);
}
