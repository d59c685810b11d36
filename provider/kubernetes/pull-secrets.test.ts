import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPullSecretContent, type PullSecret, type PullSecretContent } from './pull-secrets.ts';

const data = Buffer.from('{"auths": {}}').toString('base64');

const cases: Record<string, [secret: PullSecret, expected: PullSecretContent | undefined]> = {
  'a docker config': [
    { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': data } },
    { format: 'dockerconfigjson', text: '{"auths": {}}' },
  ],
  'the older format': [
    { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': data } },
    { format: 'dockercfg', text: '{"auths": {}}' },
  ],
  'the key of the other type': [
    { type: 'kubernetes.io/dockercfg', data: { '.dockerconfigjson': data } },
    undefined,
  ],
  'another type': [{ type: 'Opaque', data: { '.dockerconfigjson': data } }, undefined],
  'no type': [{ data: { '.dockerconfigjson': data } }, undefined],
  'no data': [{ type: 'kubernetes.io/dockerconfigjson' }, undefined],
  'empty data': [
    { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': '' } },
    undefined,
  ],
};

for (const [name, [secret, expected]] of Object.entries(cases)) {
  test(`a Secret with ${name} ${expected ? 'is read' : 'is no pull secret'}`, () => {
    assert.deepEqual(readPullSecretContent(secret), expected);
  });
}

const types = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
} as const;

test('any Secret is read as text, or is no pull secret', () => {
  const keys = fc.constantFrom('.dockerconfigjson', '.dockercfg', 'password');
  const values = fc.oneof(fc.string(), fc.base64String());
  const secrets = fc.record(
    {
      type: fc.oneof(fc.string(), fc.constantFrom(...Object.keys(types))),
      data: fc.dictionary(keys, values),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(secrets, (secret) => {
      const content = readPullSecretContent(secret);
      if (content) assert.equal(typeof content.text, 'string');
      if (content) assert.equal(secret.type, `kubernetes.io/${content.format}`);
    }),
    { numRuns: 1_000 },
  );
});

test('every text comes out of a pull secret as it was put in', () => {
  const texts = fc.string({ unit: 'grapheme', minLength: 1 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.entries(types)), texts, ([type, key], text) => {
      const secret = { type, data: { [key]: Buffer.from(text).toString('base64') } };
      assert.equal(readPullSecretContent(secret)?.text, text);
    }),
  );
});

test('a pull secret of 1 MB, which is all that Kubernetes stores, is read at once', () => {
  for (const part of ['=', 'A', '%', ' ']) {
    const started = performance.now();
    const data = { '.dockerconfigjson': part.repeat(1_000_000) };
    readPullSecretContent({ type: 'kubernetes.io/dockerconfigjson', data });
    assert.ok(performance.now() - started < 500);
  }
});
