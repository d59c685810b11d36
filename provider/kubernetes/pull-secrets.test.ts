import assert from 'node:assert/strict';
import { test } from 'node:test';
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
