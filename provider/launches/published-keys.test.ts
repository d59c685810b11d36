import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { createTokenKeys } from '../testing/token-keys.ts';
import { createSignatureVerifier } from './published-keys.ts';

const FOREVER = new AbortController().signal;

function createVerifier(readKeys: () => Promise<readonly unknown[]>) {
  let nowMs = 0;
  let reads = 0;
  const failures: unknown[] = [];
  const verify = createSignatureVerifier({
    readKeys: () => {
      reads += 1;
      return readKeys();
    },
    onFailure: (error) => failures.push(error),
    now: () => nowMs,
  });
  return {
    verify: (token: string) => verify(token, FOREVER),
    pass: (ms: number) => (nowMs += ms),
    reads: () => reads,
    failures,
  };
}

/** Under a key named "k", as RFC 7515 writes it. */
function signed(key: KeyObject, hash: string, header: object = { kid: 'k' }): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const text = `${encode(header)}.${encode({ sub: 'x' })}`;
  const signature = sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const pairs: Record<string, [pair: { publicKey: KeyObject; privateKey: KeyObject }, hash: string]> =
  {
    RS256: [generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'],
    ES256: [ec('P-256'), 'sha256'],
    ES384: [ec('P-384'), 'sha384'],
    ES512: [ec('P-521'), 'sha512'],
  };

for (const [name, [{ publicKey, privateKey }, hash]] of Object.entries(pairs)) {
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k' };
  test(`a token that is signed under a published key is verified: ${name}`, async () => {
    const { verify } = createVerifier(() => Promise.resolve([jwk]));
    assert.equal(await verify(signed(privateKey, hash)), 'verified');
  });
  test(`a token with another signature, or another text, is not: ${name}`, async () => {
    const { verify } = createVerifier(() => Promise.resolve([jwk]));
    const [header = '', claims = '', signature = ''] = signed(privateKey, hash).split('.');
    const forged = Buffer.alloc(Buffer.from(signature, 'base64url').length, 1).toString(
      'base64url',
    );
    for (const text of [
      `${header}.${claims}.${forged}`,
      `${header}.${claims}x.${signature}`,
      `${header}.${claims}.`,
      `${header}.${claims}.AAAA`,
    ]) {
      assert.equal(await verify(text), 'unverified', text);
    }
  });
}

const { publicKey, privateKey } = pairs['ES256']?.[0] ?? assert.fail();
const jwk: JsonWebKey = { ...publicKey.export({ format: 'jwk' }), kid: 'k' };
const good = signed(privateKey, 'sha256');
const unverified: Record<string, string> = {
  'a token that names no key': signed(privateKey, 'sha256', { alg: 'ES256' }),
  'a token that says that it has no signature': signed(privateKey, 'sha256', { alg: 'none' }),
  'a token under the name of a key that is not published': signed(privateKey, 'sha256', {
    kid: 'x',
  }),
  'a token whose signature is written another way': `${good}=`,
  'a header that is no JSON': `####.${good.slice(good.indexOf('.') + 1)}`,
  'a header that is null': `bnVsbA.${good.slice(good.indexOf('.') + 1)}`,
  'a name of Object.prototype as key': signed(privateKey, 'sha256', { kid: '__proto__' }),
};

for (const [name, token] of Object.entries(unverified)) {
  test(`${name} is not verified`, async () => {
    const { verify } = createVerifier(() => Promise.resolve([jwk]));
    assert.equal(await verify(token), 'unverified');
  });
}

test('keys of other kinds are passed over', async () => {
  const others = [
    null,
    'key',
    {},
    { kty: 'oct', k: 'c2VjcmV0', kid: 'k' },
    { kty: 'RSA', kid: 'k' },
  ];
  const { verify } = createVerifier(() => Promise.resolve([jwk, ...others]));
  assert.equal(await verify(good), 'verified');
});

test('keys are read once, and again for one that is new, once a second', async () => {
  const keys = createTokenKeys();
  const { verify, reads, pass } = createVerifier(() => Promise.resolve([...keys.published().keys]));
  assert.equal(await verify(keys.sign({})), 'verified');
  pass(60_000);
  assert.equal(await verify(keys.sign({ jti: '2' })), 'verified');
  assert.equal(reads(), 1);
  keys.rotate();
  const many = Array.from({ length: 100 }, (_, index) => verify(keys.sign({ index })));
  assert.deepEqual(new Set(await Promise.all(many)), new Set(['verified']));
  assert.equal(reads(), 2);
  for (const kid of ['x', 'y']) await verify(signed(privateKey, 'sha256', { kid }));
  assert.equal(reads(), 2);
  pass(1_000);
  await verify(signed(privateKey, 'sha256', { kid: 'z' }));
  assert.equal(reads(), 3);
});

test('keys that cannot be read are told, and tried again after ten seconds', async () => {
  let isForbidden = true;
  const read = () => (isForbidden ? Promise.reject(new Error('403')) : Promise.resolve([jwk]));
  const { verify, reads, failures, pass } = createVerifier(read);
  assert.deepEqual([await verify(good), await verify(good)], ['keys unknown', 'keys unknown']);
  assert.deepEqual([reads(), failures.length], [1, 1]);
  isForbidden = false;
  pass(9_999);
  assert.equal(await verify(good), 'keys unknown');
  pass(1);
  assert.equal(await verify(good), 'verified');
  isForbidden = true;
  pass(10_000);
  await verify(signed(privateKey, 'sha256', { kid: 'x' }));
  assert.equal(await verify(good), 'verified', 'the last ones stay');
});
