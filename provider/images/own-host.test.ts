// Registries that every machine takes for itself, such as kind's at localhost:5001: nodes reach one there, the provider does not.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { loadConfig } from '../config/load-config.ts';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry } from '../testing/registry.ts';
import { meansOwnHost } from './addresses.ts';
import type { RegistrySettings } from './registry-settings.ts';

const cluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function refusalOf(reference: string, settings: Partial<RegistrySettings> = {}) {
  const reader = createTestReader([], { settings });
  closings.push(reader.close);
  let message = '';
  await assert.rejects(reader.read(reference), (error: Error) => {
    message = error.message;
    return true;
  });
  return message;
}

const hosts: Record<string, boolean> = {
  localhost: true,
  'localhost:5001': true,
  'LOCALHOST:5001': true,
  'kind.localhost:5000': true,
  '127.0.0.1:5000': true,
  '127.1:5000': true,
  '127.8.9.10': true,
  '[::1]:5000': true,
  '[::ffff:7f00:1]:5000': true,
  '0.0.0.0:5000': true,
  '0:5000': true,
  '[::]:5000': true,
  'localhost.example:5000': false,
  'notlocalhost:5000': false,
  'kind-registry:5000': false,
  '169.254.169.254': false,
  '10.0.0.1:5000': false,
  'docker.io': false,
};

for (const [host, expected] of Object.entries(hosts)) {
  test(`${host} means ${expected ? 'each node itself' : 'one host'}`, () => {
    assert.equal(meansOwnHost(host), expected);
  });
}

for (const host of ['localhost:5001', 'localhost', '127.0.0.1:5000', '[::1]:5000']) {
  test(`an image of ${host} is refused with the setting that maps it`, async () => {
    const message = await refusalOf(`${host}/app:v1`);
    assert.equal(
      message,
      `registry ${host}, image app:v1: ${host} means each node itself, where the provider cannot reach it; ` +
        `set command, or have who runs Piggy map it with PIGGY_REGISTRY_MIRRORS (${host}=name-the-provider-can-reach:5000), ` +
        'and list that host in PIGGY_REGISTRY_PLAIN_HTTP if it speaks HTTP',
    );
    const [, mirror = ''] = /\((.+)\)/.exec(message) ?? [];
    const [from, to] = mirror.split('=');
    assert.deepEqual(
      loadConfig({ ...cluster, PIGGY_REGISTRY_MIRRORS: mirror }).registries.mirrors,
      [{ from, to }],
      'the setting is not taken as it is told',
    );
  });
}

test('what is advised works: the image is read from the mirror, by HTTP', async () => {
  const registry = await startRegistry();
  registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  const mirrors = [{ from: 'localhost:5001', to: registry.host }];
  const reader = createTestReader([registry.origin], { settings: { mirrors } });
  closings.push(reader.close, registry.close);
  assert.deepEqual((await reader.read('localhost:5001/app:v1')).entrypoint, ['/app']);
});

test('through a proxy a name under localhost is refused with the same words', async () => {
  const proxy = 'http://127.0.0.1:1';
  assert.match(await refusalOf('kind.localhost:5000/app', { proxy }), /PIGGY_REGISTRY_MIRRORS/);
});

test('a mirror on localhost is the mistake of who runs Piggy', async () => {
  const mirrors = [{ from: 'docker.io', to: 'localhost:5000/hub' }];
  assert.match(
    await refusalOf('nginx', { mirrors }),
    /^registry localhost:5000 \(mirror of docker\.io\), .*: the mirror localhost:5000 is the provider's own Pod; set command, .* correct PIGGY_REGISTRY_MIRRORS /,
  );
});

test('a loopback registry that the operator listed is asked, and told as before when it does not answer', async () => {
  for (const listed of ['localhost:1', 'localhost:443']) {
    const host = listed.replace(':443', '');
    const message = await refusalOf(`${host}/app`, { loopbackHosts: [listed] });
    assert.match(message, /no connection, no trusted certificate/);
    assert.ok(!message.includes('each node itself'));
  }
});

test('a metadata address is not called a node', async () => {
  assert.match(await refusalOf('169.254.169.254/app'), /loopback, link-local or metadata address/);
});

test('a name under localhost that does not resolve is told what it means', async () => {
  assert.match(
    await refusalOf('piggy-test.localhost:1/app'),
    /each node itself.*PIGGY_REGISTRY_MIRRORS/,
  );
});

test('the longest reference leaves room for the next step, on one line', async () => {
  const image = `${'a'.repeat(240)}/app:${'v'.repeat(128)}`;
  const message = await refusalOf(`localhost:5001/${image}`);
  assert.ok(message.length < 1000 && !message.includes('\n'), String(message.length));
  assert.match(message, /if it speaks HTTP$/);
});
