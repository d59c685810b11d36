import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  createConfig,
  createManifest,
  descriptorOf,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../testing/registry-images.ts';
import { createPullSecret, createTestReader, withSecrets } from '../testing/registry-reader.ts';
import { startRegistry, type RegistryOptions, type TestRegistry } from '../testing/registry.ts';
import type { RegistrySettings } from './registry-settings.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function startOne(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  closings.push(registry.close);
  return registry;
}

async function start(settings: Partial<RegistrySettings> = {}) {
  const registry = await startOne();
  const { read, close } = createTestReader([registry.origin], { settings });
  closings.unshift(close);
  const countOf = (match: RegExp) =>
    registry.requests.filter(({ path }) => match.test(path)).length;
  return { registry, countOf, read: () => read(`${registry.host}/app:v1`) };
}

const app = { entrypoint: ['/app'], cmd: ['serve'] };
const regcred = { pullSecrets: [{ namespace: 'shop', name: 'regcred' }] };
const json = { 'content-type': 'application/octet-stream' };

// What is wrong with a body and how it is found.
const corrupt: Record<string, [prepare: (registry: TestRegistry) => void, message: RegExp]> = {
  'a config with other content': [
    (registry) => {
      const body = JSON.stringify({
        config: { Entrypoint: ['/bad'] },
        os: 'linux',
        architecture: 'amd64',
      });
      const wanted = createConfig(app).bytes.length;
      registry.answerNext(1, /blobs/, { status: 200, headers: json, body: body.padEnd(wanted) });
    },
    /does not have its digest; push it again, or set command/,
  ],
  'a config that is cut off': [
    (registry) => {
      registry.answerNext(1, /blobs/, { status: 200, headers: json, body: '{}' });
    },
    /another size than its descriptor says/,
  ],
  'a config that never ends': [
    (registry) => {
      registry.answerEndlessly(/blobs/, 'application/octet-stream');
    },
    /answered more than the \d+ bytes/,
  ],
  'a manifest that never ends': [
    (registry) => {
      registry.answerEndlessly(/manifests/, OCI_MANIFEST);
    },
    /answered more than the 4194304 bytes/,
  ],
  'a config said to be huge': [
    (registry) => {
      const config = { mediaType: OCI_CONFIG, digest: `sha256:${'0'.repeat(64)}`, size: 5_000_000 };
      registry.addManifest('app', 'v1', { contentType: OCI_MANIFEST, content: { config } });
    },
    /has 5000000 bytes, more than the 4194304 that are read/,
  ],
  'a manifest that is no JSON': [
    (registry) => {
      registry.addManifest('app', 'v1', { contentType: OCI_MANIFEST, content: '<html>' });
    },
    /its manifest is not JSON/,
  ],
};

for (const [name, [prepare, message]] of Object.entries(corrupt)) {
  test(`refuses ${name}`, async () => {
    const { registry, read } = await start();
    registry.addImage('app', 'v1', app);
    prepare(registry);
    await assert.rejects(read(), { code: 'image_unreadable', message });
  });
}

test('a manifest asked for by digest must have it', async () => {
  const registry = await startOne();
  const { read, close } = createTestReader([registry.origin]);
  closings.unshift(close);
  const digest = registry.addImage('app', 'v1', app);
  const other = createManifest(app, createConfig({ entrypoint: ['/bad'] })).bytes;
  registry.answerNext(1, /manifests/, {
    status: 200,
    headers: { 'content-type': OCI_MANIFEST },
    body: other,
  });
  await assert.rejects(read(`${registry.host}/app@${digest}`), {
    code: 'image_unreadable',
    message: /does not have its digest/,
  });
});

test('schema 1 asked for by digest is refused as schema 1: its digest is of a part of what is sent', async () => {
  const registry = await startOne();
  const { read, close } = createTestReader([registry.origin]);
  closings.unshift(close);
  const body = JSON.stringify({ schemaVersion: 1, fsLayers: [], signatures: [{}] });
  for (const format of ['json', 'prettyjws']) {
    const type = `application/vnd.docker.distribution.manifest.v1+${format}`;
    registry.answerNext(1, /manifests/, { status: 200, headers: { 'content-type': type }, body });
    await assert.rejects(read(`${registry.host}/${format}@sha256:${'0'.repeat(64)}`), {
      code: 'image_unreadable',
      message: /is stored as Docker schema 1, which is not read; push it again/,
    });
  }
});

test('the manifest of a platform must have the digest that the index says', async () => {
  const { registry, read } = await start();
  registry.addIndex('app', 'v1', [app]);
  const wanted = createManifest(app, createConfig(app)).bytes.length;
  const body = ' '.repeat(wanted);
  registry.answerNext(1, /manifests\/sha256/, {
    status: 200,
    headers: { 'content-type': OCI_MANIFEST },
    body,
  });
  await assert.rejects(read(), { code: 'image_unreadable', message: /does not have its digest/ });
});

test('a wrong Docker-Content-Digest does not matter: the content decides', async () => {
  const { registry, read } = await start();
  const digest = registry.addImage('app', 'v1', app);
  const body = createManifest(app, createConfig(app)).bytes;
  const headers = { 'content-type': OCI_MANIFEST, 'docker-content-digest': 'sha256:nonsense' };
  registry.answerNext(1, /manifests/, { status: 200, headers, body });
  assert.equal((await read()).digest, digest);
});

/** Puts an index over one document `depth` times; returns nothing: it is `app:v1`. */
function nest(registry: TestRegistry, depth: number): void {
  let content: object = descriptorOf(createManifest(app, createConfig(app)));
  registry.addImage('app', 'image', app);
  for (let level = 1; level <= depth; level += 1) {
    const text = JSON.stringify({ mediaType: OCI_INDEX, manifests: [content] });
    const digest = registry.addManifest('app', 'v1', { contentType: OCI_INDEX, content: text });
    content = { mediaType: OCI_INDEX, digest, size: text.length };
  }
}

test('an index may lie in an index, three deep', async () => {
  const { registry, read } = await start();
  nest(registry, 3);
  assert.deepEqual((await read()).entrypoint, app.entrypoint);
});

test('an index that lies deeper is refused', async () => {
  const { registry, read } = await start();
  nest(registry, 4);
  await assert.rejects(read(), { code: 'image_unreadable', message: /more than 3 deep/ });
});

test('an index of more platforms than any image has is refused', async () => {
  const { registry, read } = await start();
  const images = Array.from({ length: 80 }, (_, index) => ({ ...app, variant: `v${index}` }));
  registry.addIndex('app', 'v1', images);
  await assert.rejects(read(), { code: 'image_unreadable', message: /more than 64 platforms/ });
});

test('the index decides what platform an image is for, whatever the image says', async () => {
  const registry = await startOne();
  const { read, close } = createTestReader([registry.origin]);
  closings.unshift(close);
  registry.addImage('app', 'mislabelled', app);
  const platform = { os: 'linux', architecture: 'arm64' };
  const entry = { ...descriptorOf(createManifest(app, createConfig(app))), platform };
  const content = { manifests: [entry] };
  registry.addManifest('app', 'v1', { contentType: OCI_INDEX, content });
  const { entrypoint } = await read(`${registry.host}/app:v1`, { architectures: ['arm64'] });
  assert.deepEqual(entrypoint, app.entrypoint);
});

test('an index whose entries name no platform leaves the choice to the images', async () => {
  const registry = await startOne();
  const { read, close } = createTestReader([registry.origin]);
  closings.unshift(close);
  const images = ['amd64', 'arm64'].map((architecture) => ({
    entrypoint: [architecture],
    architecture,
  }));
  const manifests = images.map((image) => descriptorOf(createManifest(image, createConfig(image))));
  for (const image of images) registry.addImage('app', image.architecture, image);
  registry.addManifest('app', 'v1', { contentType: OCI_INDEX, content: { manifests } });
  const { entrypoint } = await read(`${registry.host}/app:v1`, { architectures: ['arm64'] });
  assert.deepEqual(entrypoint, ['arm64']);
});

test('redirects are followed, without credentials to another host', async () => {
  const access = { kind: 'basic', username: 'user', password: 'right' } as const;
  const registry = await startOne({ access });
  const storage = await startOne();
  registry.redirect(/blobs/, storage.origin);
  registry.addImage('app', 'v1', app);
  storage.addImage('app', 'v1', app);
  const dependencies = withSecrets({
    'shop/regcred': createPullSecret(registry.host, 'user', 'right'),
  });
  const reader = createTestReader([registry.origin, storage.origin], { dependencies });
  closings.unshift(reader.close);
  const { entrypoint } = await reader.read(`${registry.host}/app:v1`, regcred);
  assert.deepEqual(entrypoint, app.entrypoint);
  assert.equal(storage.requests.length, 1);
  assert.equal(storage.requests[0]?.authorization, undefined);
});

test('another host that asks for a password is not given one', async () => {
  const access = { kind: 'basic', username: 'user', password: 'right' } as const;
  const registry = await startOne({ access });
  const storage = await startOne({ access });
  registry.redirect(/blobs/, storage.origin);
  registry.addImage('app', 'v1', app);
  const dependencies = withSecrets({
    'shop/regcred': createPullSecret('127.0.0.1', 'user', 'right'),
  });
  const withPort = withSecrets({
    'shop/regcred': createPullSecret(registry.host, 'user', 'right'),
  });
  for (const some of [dependencies, withPort]) {
    const reader = createTestReader([registry.origin, storage.origin], { dependencies: some });
    closings.unshift(reader.close);
    await assert.rejects(reader.read(`${registry.host}/app:v1`, regcred), {
      code: 'registry_denied',
    });
  }
  assert.ok(storage.requests.length > 0);
  assert.ok(storage.requests.every(({ authorization }) => authorization === undefined));
});

test('another host may hand out tokens to anybody, of its own', async () => {
  const registry = await startOne({ access: { kind: 'bearer' } });
  const regional = await startOne({ access: { kind: 'bearer' } });
  registry.redirect(/manifests|blobs/, regional.origin);
  regional.addImage('app', 'v1', app);
  const reader = createTestReader([registry.origin, regional.origin]);
  closings.unshift(reader.close);
  assert.deepEqual((await reader.read(`${registry.host}/app:v1`)).cmd, app.cmd);
});

test('redirects that go round in circles end', async () => {
  const { registry, read, countOf } = await start();
  registry.redirect(/./, registry.origin);
  await assert.rejects(read(), {
    code: 'registry_unavailable',
    message: /redirects more than 5 times/,
  });
  assert.equal(countOf(/./), 6);
});

for (const location of ['file:///etc/passwd', 'http://', 'ftp://files.example/']) {
  test(`a redirect to ${location} is not followed`, async () => {
    const { registry, read } = await start();
    registry.answerNext(1, /./, { status: 302, headers: { location } });
    await assert.rejects(read(), { code: 'registry_unavailable', message: /redirects to nowhere/ });
  });
}

for (const target of [
  'http://169.254.169.254',
  'http://127.0.0.1:1',
  'http://[::1]:1',
  'http://localhost:1',
]) {
  test(`a redirect to ${target} is refused`, async () => {
    const { registry, read } = await start();
    registry.redirect(/./, target);
    await assert.rejects(read(), {
      code: 'registry_not_allowed',
      message: /loopback, link-local or metadata/,
    });
  });
}
