// Lookups through a proxy, which knows the way to registries that have no address here.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createTestAuthority } from '../testing/certificates.ts';
import { startProxy } from '../testing/proxy.ts';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry } from '../testing/registry.ts';
import type { RegistrySettings } from './registry-settings.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const authority = await createTestAuthority();
const HOST = 'registry.example';

async function start({
  password = '',
  ...settings
}: Partial<RegistrySettings> & { password?: string } = {}) {
  const { certificate: cert, privateKey: key } = await authority.issue(HOST);
  const registry = await startRegistry({ certificate: { cert, key } });
  registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  const proxy = await startProxy(
    new Map([
      [`${HOST}:443`, registry.host],
      [`localhost:443`, registry.host],
      ['169.254.169.254:443', registry.host],
    ]),
  );
  const reader = createTestReader([], {
    settings: {
      proxy: password === '' ? proxy.origin : proxy.origin.replace('//', `//user:${password}@`),
      certificateAuthorities: new Map([[HOST, authority.ca]]),
      ...settings,
    },
  });
  closings.push(reader.close, proxy.close, registry.close);
  return { registry, proxy, read: reader.read };
}

test('a registry is asked through the proxy, which resolves its name', async () => {
  const { proxy, read } = await start();
  assert.deepEqual((await read(`${HOST}/app:v1`)).entrypoint, ['/app']);
  assert.ok(proxy.requests.length > 0);
  assert.ok(proxy.requests.every(({ target }) => target === `${HOST}:443`));
});

test('the proxy is given its password, and the registry is not', async () => {
  const { proxy, registry, read } = await start({ password: 'canary-0f3a' });
  await read(`${HOST}/app:v1`);
  const expected = `Basic ${Buffer.from('user:canary-0f3a').toString('base64')}`;
  assert.equal(proxy.requests[0]?.authorization, expected);
  assert.ok(registry.requests.every(({ headers }) => headers['proxy-authorization'] === undefined));
});

test('a registry behind the proxy is verified by its name', async () => {
  const { registry, read } = await start({ certificateAuthorities: new Map() });
  await assert.rejects(read(`${HOST}/app:v1`), {
    code: 'registry_unavailable',
    message: /check the registry's name, HTTPS_PROXY, network policies/,
  });
  assert.equal(registry.requests.length, 0);
});

test('a registry that the proxy refuses is unavailable, whatever the proxy says', async () => {
  const { read } = await start();
  await assert.rejects(read('other.example/app:v1'), { code: 'registry_unavailable' });
});

test('a registry of NO_PROXY is not asked through the proxy', async () => {
  const { proxy, read } = await start({ noProxy: ['example'] });
  await assert.rejects(read(`${HOST}/app:v1`), { code: 'registry_unavailable' });
  assert.deepEqual(proxy.requests, []);
});

test('a loopback registry that is configured is asked here, and not of the proxy', async () => {
  const loopbackHosts: string[] = [];
  const authorities = new Map<string, string>();
  const { proxy, registry, read } = await start({
    loopbackHosts,
    certificateAuthorities: authorities,
  });
  loopbackHosts.push(registry.host);
  authorities.set(registry.host, authority.ca);
  assert.deepEqual((await read(`${registry.host}/app:v1`)).entrypoint, ['/app']);
  assert.deepEqual(proxy.requests, []);
});

for (const host of ['localhost:443', '127.0.0.1:443', '169.254.169.254', '[fd00:ec2::254]:443']) {
  test(`${host} is refused without asking the proxy`, async () => {
    const { proxy, read } = await start();
    await assert.rejects(read(`${host}/app:v1`), { code: 'registry_not_allowed' });
    assert.deepEqual(proxy.requests, []);
  });
}

test('a proxy that never answers costs no more than the time of a request', async () => {
  const silent = await startRegistry();
  silent.neverAnswer(/./);
  const reader = createTestReader([], {
    settings: { proxy: silent.origin, requestTimeoutMs: 100 },
  });
  closings.push(reader.close, silent.close);
  await assert.rejects(reader.read(`${HOST}/app:v1`), { code: 'registry_unavailable' });
});
