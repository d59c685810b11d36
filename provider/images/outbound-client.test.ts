import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createTestAuthority } from '../testing/certificates.ts';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry } from '../testing/registry.ts';
import type { RegistrySettings } from './registry-settings.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const authority = await createTestAuthority();
const stranger = await createTestAuthority();

async function start(changes: (host: string) => Partial<RegistrySettings> = () => ({})) {
  const { certificate: cert, privateKey: key } = await authority.issue();
  const registry = await startRegistry({ certificate: { cert, key } });
  registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  const reader = createTestReader([registry.origin], { settings: changes(registry.host) });
  closings.push(reader.close, registry.close);
  const read = (skipVerifyRegistry = false) =>
    reader.read(`${registry.host}/app:v1`, { skipVerifyRegistry });
  return { registry, read };
}

const trusts = (ca: string) => (host: string) => ({
  certificateAuthorities: new Map([[host, ca]]),
});

test('a registry is trusted by the authority that is configured for it', async () => {
  const { read } = await start(trusts(authority.ca));
  assert.deepEqual((await read()).entrypoint, ['/app']);
});

test('a registry is not trusted without its authority, nor asked anything', async () => {
  const { registry, read } = await start();
  await assert.rejects(read(), { code: 'registry_unavailable', message: /no trusted certificate/ });
  assert.equal(registry.requests.length, 0);
});

test('a registry is not trusted by another authority', async () => {
  const { read } = await start(trusts(stranger.ca));
  await assert.rejects(read(), { code: 'registry_unavailable' });
});

test('a registry is not trusted by the authority of another host', async () => {
  const { read } = await start(() => trusts(authority.ca)('registry.example'));
  await assert.rejects(read(), { code: 'registry_unavailable' });
});

test('verification is skipped where the Pod asks for it and the operator permits it', async () => {
  const { read } = await start((host) => ({ skipVerifyHosts: [host] }));
  assert.deepEqual((await read(true)).entrypoint, ['/app']);
});

test('verification is not skipped where the Pod does not ask for it, not even from the cache', async () => {
  const { read } = await start((host) => ({ skipVerifyHosts: [host] }));
  await read(true);
  await assert.rejects(read(false), { code: 'registry_unavailable' });
});

test('verification is not skipped where the operator does not permit it, and the refusal says so', async () => {
  const { read } = await start(() => ({ skipVerifyHosts: ['registry.example'] }));
  await assert.rejects(read(true), {
    code: 'registry_unavailable',
    message:
      /image-skip-verify-registry is not permitted for it \(PIGGY_REGISTRY_MAY_SKIP_VERIFY\)$/,
  });
});

test('https is never given up for http', async () => {
  const registry = await startRegistry();
  const reader = createTestReader([registry.origin], { settings: { plainHttpHosts: [] } });
  closings.push(reader.close, registry.close);
  await assert.rejects(reader.read(`${registry.host}/app:v1`), { code: 'registry_unavailable' });
  assert.equal(registry.requests.length, 0);
});

const refused = [
  '127.0.0.1:5000',
  '127.1:5000',
  '0x7f000001:5000',
  '0:5000',
  '[::1]:5000',
  '[::ffff:7f00:1]:5000',
  'localhost:5000',
  'localhost',
  '169.254.169.254',
  '[fd00:ec2::254]:80',
  '100.100.100.200',
];

for (const host of refused) {
  test(`a registry at ${host} is refused, over http too`, async () => {
    for (const plainHttpHosts of [[], [host]]) {
      const reader = createTestReader([], { settings: { plainHttpHosts } });
      closings.push(reader.close);
      await assert.rejects(reader.read(`${host}/app:v1`), { code: 'registry_not_allowed' });
    }
  });
}

test('a registry by name on loopback is reached where it is configured', async () => {
  const registry = await startRegistry();
  registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  const host = registry.host.replace('127.0.0.1', 'localhost');
  const settings = { plainHttpHosts: [host], loopbackHosts: [host] };
  const reader = createTestReader([], { settings });
  closings.push(reader.close, registry.close);
  assert.deepEqual((await reader.read(`${host}/app:v1`)).entrypoint, ['/app']);
});

test('nothing that goes wrong on the way tells what is there', async () => {
  const registry = await startRegistry();
  await registry.close();
  const messages: string[] = [];
  for (const host of [registry.host, 'piggy-test.invalid']) {
    const reader = createTestReader([`https://${host}`]);
    closings.push(reader.close);
    await reader.read(`${host}/app:v1`).catch((error: unknown) => {
      messages.push(String(error).replaceAll(host, 'HOST'));
    });
  }
  assert.equal(messages.length, 2);
  assert.equal(messages[0], messages[1]);
});

test('connections are kept: a hundred lookups need few', async () => {
  const registry = await startRegistry();
  const reader = createTestReader([registry.origin]);
  closings.push(reader.close, registry.close);
  for (let number = 0; number < 100; number += 1) {
    registry.addImage('app', `v${number}`, { entrypoint: [`/${number}`] });
    await reader.read(`${registry.host}/app:v${number}`);
  }
  assert.ok(registry.connections() <= 3, `${registry.connections()} connections`);
});
