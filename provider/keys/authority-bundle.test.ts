import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { extendBundle, parseBundle, writeBundle } from './authority-bundle.ts';
import { createAuthority } from './certificates.ts';

const DAY_MS = 86_400_000;
const now = Date.now();

async function makeAuthority(name: string, toDays: number): Promise<X509Certificate> {
  const notBefore = new Date(now - 9 * DAY_MS);
  const validity = { notBefore, notAfter: new Date(now + toDays * DAY_MS) };
  return new X509Certificate((await createAuthority(name, validity)).certificate);
}

const first = await makeAuthority('first', 10);
const second = await makeAuthority('second', 10);
const expired = await makeAuthority('expired', -1);
const text = writeBundle([first, second]);

const texts: Record<string, [text: string, certificates: X509Certificate[]]> = {
  'an empty text': ['', []],
  'two certificates, in order': [text, [first, second]],
  'certificates among comments, with the line ends of Windows': [
    `# ours\n${text.replaceAll('\n', '\r\n')}# end`,
    [first, second],
  ],
  'a readable one beside one that is cut off': [
    `${text.slice(0, 300)}\n${second.toString()}`,
    [second],
  ],
  'a readable one beside a block that is none': [
    `-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n${second.toString()}`,
    [second],
  ],
  'a private key as nothing': [
    '-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n',
    [],
  ],
};

for (const [name, [written, certificates]] of Object.entries(texts)) {
  test(`reads ${name}`, () => {
    const expected = certificates.map(({ fingerprint256 }) => fingerprint256);
    assert.deepEqual(
      parseBundle(written).map(({ fingerprint256 }) => fingerprint256),
      expected,
    );
  });
}

const extensions: Record<string, [X509Certificate[], X509Certificate[], X509Certificate[]]> = {
  'a required one is added at the end': [[first], [second], [first, second]],
  'one that is there stays where it is': [[first, second], [first], [first, second]],
  'one that is there twice stays once': [[first, first], [], [first]],
  'an expired one goes': [[expired, first], [], [first]],
  'an expired one stays where it is required': [[first], [expired], [first, expired]],
};

for (const [name, [bundle, required, outcome]] of Object.entries(extensions)) {
  test(name, () => {
    assert.equal(writeBundle(extendBundle(bundle, required, now)), writeBundle(outcome));
  });
}

test('a hostile text of 100 kB is read in no time', () => {
  const hostile = '-----BEGIN CERTIFICATE-----'.repeat(4_000);
  const before = performance.now();
  assert.deepEqual(parseBundle(hostile), []);
  assert.deepEqual(parseBundle(`-----BEGIN CERTIFICATE-----${' '.repeat(100_000)}`), []);
  assert.ok(performance.now() - before < 5_000);
});
