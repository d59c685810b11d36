import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKubeconfig } from './api-server.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');
const cluster = { server: 'https://127.0.0.1:6443', 'certificate-authority-data': encode('a CA') };
const user = {
  'client-certificate-data': encode('a certificate'),
  'client-key-data': encode('a key'),
};

test('server, CA and client certificate are read out of a kubeconfig', () => {
  const text = JSON.stringify({ clusters: [{ cluster }], users: [{ user }] });
  assert.deepEqual(parseKubeconfig(text), {
    server: 'https://127.0.0.1:6443',
    ca: 'a CA',
    cert: 'a certificate',
    key: 'a key',
  });
});

const refused: Record<string, [kubeconfig: object, missing: RegExp]> = {
  'an empty kubeconfig': [{ clusters: null, users: null }, /no server/],
  'one without a CA': [
    { clusters: [{ cluster: { server: cluster.server } }], users: [{ user }] },
    /no certificate-authority-data/,
  ],
  'one with a token in place of a certificate': [
    { clusters: [{ cluster }], users: [{ user: { token: 'x' } }] },
    /no client-certificate-data/,
  ],
};

for (const [what, [kubeconfig, missing]] of Object.entries(refused)) {
  test(`${what} is refused`, () => {
    assert.throws(() => parseKubeconfig(JSON.stringify(kubeconfig)), missing);
  });
}
