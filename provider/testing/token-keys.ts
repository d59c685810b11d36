// Signs tokens as an API server does, under a key that it publishes; the key can be replaced.

import {
  generateKeyPairSync,
  randomUUID,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

export type TokenKeys = {
  readonly sign: (claims: object) => string;
  /** From now on tokens are signed under another key; the former one is still published. */
  readonly rotate: () => void;
  readonly published: () => { readonly keys: readonly JsonWebKey[] };
};

export function createTokenKeys(): TokenKeys {
  const keys: JsonWebKey[] = [];
  let current = addKey(keys);
  return {
    sign: (claims) => signToken(claims, current),
    rotate: () => {
      current = addKey(keys);
    },
    published: () => ({ keys }),
  };
}

type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };

function addKey(keys: JsonWebKey[]): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  keys.push({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });
  return { kid, privateKey };
}

function signToken(claims: object, { kid, privateKey: key }: SigningKey): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const text = `${encode({ alg: 'ES256', kid })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
