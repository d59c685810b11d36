import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createTestAuthority } from '../testing/certificates.ts';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry } from '../testing/registry.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const app = { entrypoint: ['/app'], cmd: ['serve'] };

for (const target of [
  'http://169.254.169.254',
  'http://127.0.0.1:1',
  'http://[::1]:1',
  'http://localhost:1',
]) {
  test(`a token server at ${target} is refused`, async () => {
    const registry = await startRegistry();
    const { read, close } = createTestReader([registry.origin]);
    closings.push(close, registry.close);
    const headers = { 'www-authenticate': `Bearer realm="${target}/token"` };
    registry.answerNext(1, /./, { status: 401, headers });
    await assert.rejects(read(`${registry.host}/app:v1`), { code: 'registry_not_allowed' });
  });
}

test('a registry over https neither redirects to http nor sends passwords there', async () => {
  const authority = await createTestAuthority();
  const { certificate: cert, privateKey: key } = await authority.issue();
  const registry = await startRegistry({ certificate: { cert, key } });
  const plain = await startRegistry();
  plain.addImage('app', 'v1', app);
  const settings = { certificateAuthorities: new Map([[registry.host, authority.ca]]) };
  const reader = createTestReader([registry.origin, plain.origin], { settings });
  closings.push(reader.close, registry.close, plain.close);
  const realm = `Bearer realm="${plain.origin}/token"`;
  registry.answerNext(1, /./, { status: 401, headers: { 'www-authenticate': realm } });
  await assert.rejects(reader.read(`${registry.host}/app:v1`), {
    code: 'registry_unavailable',
    message: /token server that is not https/,
  });
  reader.clock.now += 5_000;
  registry.redirect(/./, plain.origin);
  await assert.rejects(reader.read(`${registry.host}/app:v1`), {
    code: 'registry_unavailable',
    message: /redirects from https to http/,
  });
  assert.equal(plain.requests.length, 0);
});

const tokenAnswers: Record<string, [body: string, message: RegExp]> = {
  'no token': ['{}', /its token server gave no token/],
  'a token that would break a header': [
    '{"token": "a\\r\\nx: y"}',
    /its token server gave no token/,
  ],
  'no JSON': ['token', /its token answer is not JSON/],
};

for (const [name, [body, message]] of Object.entries(tokenAnswers)) {
  test(`a token server that answers ${name} is refused`, async () => {
    const registry = await startRegistry({ access: { kind: 'bearer' } });
    registry.answerNext(1, /token/, { status: 200, body });
    const { read, close } = createTestReader([registry.origin]);
    closings.push(close, registry.close);
    await assert.rejects(read(`${registry.host}/app:v1`), { name: 'ProviderError', message });
  });
}
