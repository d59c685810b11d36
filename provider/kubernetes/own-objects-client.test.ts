import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startKubernetesApi } from '../testing/kubernetes-api.ts';
import { createOwnObjectsClient, type OwnObject } from './own-objects-client.ts';

const api = await startKubernetesApi();
after(() => api.stop());
const options = {
  server: api.url,
  ca: api.ca,
  readToken: () => Promise.resolve(api.providerToken),
  timeoutMs: 30_000,
  namespace: 'piggy-system',
  now: Date.now,
};
const client = createOwnObjectsClient(options);
const path = (name: string) => `/api/v1/namespaces/piggy-system/secrets/${name}`;
const secret = (name: string): OwnObject => ({
  kind: 'Secret',
  type: 'Opaque',
  metadata: { name },
  data: { key: 'eA==' },
});

async function readSecret(name: string): Promise<OwnObject> {
  const found = await client.read('Secret', name);
  assert.ok(found);
  return found;
}

test('what was written is read, with its version', async () => {
  assert.equal(await client.read('Secret', 'fresh'), undefined);
  assert.equal(await client.write(secret('fresh')), 'written');
  const { data, metadata } = await readSecret('fresh');
  assert.deepEqual(data, { key: 'eA==' });
  assert.match(metadata.resourceVersion ?? '', /^\d+$/);
});

test('a second creation is a conflict, and changes nothing', async () => {
  await client.write(secret('twice'));
  assert.equal(await client.write({ ...secret('twice'), data: { key: 'eQ==' } }), 'conflict');
  assert.deepEqual((await readSecret('twice')).data, { key: 'eA==' });
});

test('a change of what was changed meanwhile is a conflict, and changes nothing', async () => {
  await client.write(secret('changed'));
  const read = await readSecret('changed');
  assert.equal(await client.write({ ...read, data: { key: 'eQ==' } }), 'written');
  assert.equal(await client.write({ ...read, data: { key: 'eg==' } }), 'conflict');
  assert.deepEqual((await readSecret('changed')).data, { key: 'eQ==' });
});

test('a change of what was deleted meanwhile is a conflict', async () => {
  await client.write(secret('deleted'));
  const read = await readSecret('deleted');
  api.deleteObject(path('deleted'));
  assert.equal(await client.write(read), 'conflict');
});

test('a field that nobody here knows survives a change', async () => {
  await client.write(secret('foreign'));
  const present = api.readObject(path('foreign'));
  assert.ok(present);
  const unknown = { ...present, someday: { new: true } };
  api.putObject(path('foreign'), unknown);
  const read = await readSecret('foreign');
  await client.write({ ...read, data: { key: 'eQ==' } });
  assert.deepEqual((api.readObject(path('foreign')) as typeof unknown).someday, { new: true });
});

test('an object without data is read as an empty one', async () => {
  const metadata = { namespace: 'piggy-system', name: 'empty' };
  api.putObject(path('empty'), { metadata });
  assert.deepEqual((await readSecret('empty')).data, {});
});

const refusals: Record<string, [RegExp, ask: () => Promise<unknown>, message: RegExp]> = {
  'a read': [
    /^GET/,
    () => client.read('ConfigMap', 'piggy-ca'),
    /403 \(get configmaps piggy-system\/piggy-ca\): .*needs get on configmaps piggy-ca in namespace/,
  ],
  'a creation': [
    /^POST/,
    () => client.write(secret('new')),
    /403 \(create secrets piggy-system\/new\): .*needs create on secrets in namespace piggy-system/,
  ],
  'a change': [
    /^PUT/,
    () => client.write({ ...secret('old'), metadata: { name: 'old', resourceVersion: '1' } }),
    /403 \(update secrets piggy-system\/old\): .*needs update on secrets old in namespace/,
  ],
};

for (const [name, [forbidden, ask, message]] of Object.entries(refusals)) {
  test(`${name} that is forbidden tells which right is missing`, async () => {
    api.forbid(forbidden);
    await assert.rejects(ask(), { code: 'kubernetes_unavailable', message });
    api.forbid(undefined);
  });
}

test('a failing API server is told with its status, one that cannot be reached without', async () => {
  api.failWith(500);
  await assert.rejects(client.read('Secret', 'any'), {
    code: 'kubernetes_unavailable',
    message: /answered 500 \(get secrets piggy-system\/any\): tried again/,
  });
  api.failWith(undefined);
  const nowhere = createOwnObjectsClient({ ...options, server: 'https://127.0.0.1:1' });
  await assert.rejects(nowhere.read('Secret', 'any'), {
    code: 'kubernetes_unavailable',
    message: /could not be reached \(get secrets piggy-system\/any\)/,
  });
});

test('an API server of another authority is not told anything', async () => {
  const other = await startKubernetesApi();
  const deceived = createOwnObjectsClient({ ...options, ca: other.ca });
  const before = api.requests.length;
  await assert.rejects(deceived.write(secret('stolen')), { message: /could not be reached/ });
  assert.equal(api.requests.length, before);
  await other.stop();
});

test('it knows how far its clock is from that of the API server', async () => {
  api.setClockAhead(-3_600_000);
  await client.read('Secret', 'any');
  const minutes = client.clockAheadMs() / 60_000;
  assert.ok(minutes > 59 && minutes < 70, String(minutes));
  api.setClockAhead(0);
});

test('many questions share few connections', async () => {
  const before = api.countConnections();
  for (let count = 0; count < 20; count += 1) await client.read('Secret', 'any');
  assert.ok(api.countConnections() - before <= 2);
});
