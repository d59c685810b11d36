import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createTestAuthority } from '../testing/certificates.ts';
import { injectedPod } from '../testing/injected-pod.ts';
import { startKubernetesApi, type KubernetesApi } from '../testing/kubernetes-api.ts';
import { createKubernetesClient, type KubernetesClient } from './api-client.ts';

const FOREVER = new AbortController().signal;
const AUDIENCE = 'piggysec.com';

let api: KubernetesApi;
let client: KubernetesClient;

before(async () => {
  api = await startKubernetesApi();
  client = createClient({});
});
after(() => api.stop());
afterEach(() => {
  api.failWith(undefined);
  api.hang(false);
  api.delay(0);
});

function createClient(options: { ca?: string; token?: string; timeoutMs?: number }) {
  return createKubernetesClient({
    server: api.url,
    ca: options.ca ?? api.ca,
    readToken: () => Promise.resolve(options.token ?? api.providerToken),
    timeoutMs: options.timeoutMs ?? 60_000,
  });
}

const pod = { name: 'api-0', uid: 'uid-of-the-pod' };
const boundToShop = { namespace: 'shop', serviceAccount: 'api', pod };

test('reviewToken answers what the API server says of a token', async () => {
  const status = await client.reviewToken(api.mintToken(boundToShop), AUDIENCE, FOREVER);
  assert.equal(status.authenticated, true);
  assert.deepEqual(status.audiences, [AUDIENCE]);
  assert.equal(status.user?.username, 'system:serviceaccount:shop:api');
  assert.deepEqual(status.user.extra?.['authentication.kubernetes.io/pod-uid'], [pod.uid]);
});

test('readPublishedKeys answers the keys that tokens are signed under', async () => {
  const [key, ...others] = await client.readPublishedKeys(FOREVER);
  const { kty, kid } = key as Readonly<Record<string, unknown>>;
  assert.deepEqual([kty, typeof kid, others], ['EC', 'string', []]);
});

test('reviewToken answers that another audience is not authenticated', async () => {
  const token = api.mintToken({ ...boundToShop, audience: 'https://kubernetes.default.svc' });
  assert.equal((await client.reviewToken(token, AUDIENCE, FOREVER)).authenticated, false);
});

test('readPod reads a Pod, its times as dates', async () => {
  const startedAt = new Date('2026-11-01T10:00:00Z');
  api.putPod(injectedPod({ name: 'read', startedAt }).pod);
  const found = await client.readPod('shop', 'read', FOREVER);
  const state = found?.status?.containerStatuses?.[0]?.state;
  assert.equal(state?.running?.startedAt?.getTime(), startedAt.getTime());
});

test('readPod answers undefined where there is no such Pod', async () => {
  assert.equal(await client.readPod('shop', 'absent', FOREVER), undefined);
});

test('readSecret reads a Secret, and answers undefined where there is none', async () => {
  const data = { '.dockerconfigjson': 'e30=' };
  api.putSecret(Object.assign({ metadata: { namespace: 'shop', name: 'regcred' } }, { data }));
  assert.deepEqual((await client.readSecret('shop', 'regcred', FOREVER))?.data, data);
  assert.equal(await client.readSecret('shop', 'absent', FOREVER), undefined);
});

for (const name of ['..', '.', '../secrets', 'a/b', 'a?b', 'a%2Fb', '', 'A']) {
  test(`"${name}" names no object, and nothing is asked`, async () => {
    const before = api.requests.length;
    assert.equal(await client.readSecret('shop', name, FOREVER), undefined);
    assert.equal(await client.readPod(name, 'api-0', FOREVER), undefined);
    assert.equal(api.requests.length, before);
  });
}

test('many calls share few connections', async () => {
  const before = api.countConnections();
  for (let call = 0; call < 100; call += 1) await client.readPod('shop', 'absent', FOREVER);
  const together = Array.from({ length: 300 }, () => client.readPod('shop', 'absent', FOREVER));
  await Promise.all(together);
  const made = api.countConnections() - before;
  assert.ok(made <= 50, `400 calls made ${made} connections`);
});

test('a thousand calls at once are answered, however long they wait for one of the few connections', async () => {
  const timeoutMs = 3_000;
  const patient = createClient({ timeoutMs });
  api.putPod(injectedPod({ name: 'wanted' }).pod);
  api.delay(200);
  const startedMs = performance.now();
  const calls = Array.from({ length: 1_000 }, () => patient.readPod('shop', 'wanted', FOREVER));
  const pods = await Promise.all(calls);
  assert.ok(pods.every((found) => found?.metadata?.name === 'wanted'));
  // By the delays alone, or the time limit was not put to the test.
  assert.ok(performance.now() - startedMs > timeoutMs);
});

test('a call that ends while it waits for a connection is not sent', async () => {
  api.hang(true);
  const before = api.requests.length;
  const busy = createClient({});
  const sent = new AbortController();
  const hanging = Array.from({ length: 50 }, () => busy.readPod('shop', 'p', sent.signal));
  const waiter = new AbortController();
  const waiting = busy.readPod('shop', 'never', waiter.signal);
  while (api.requests.length < before + 50) await setImmediate();
  waiter.abort();
  await assert.rejects(waiting, { code: 'deadline_exceeded' });
  sent.abort();
  for (const read of hanging) await assert.rejects(read, { code: 'deadline_exceeded' });
  api.hang(false);
  assert.equal(await busy.readPod('shop', 'later', FOREVER), undefined);
  assert.ok(!api.requests.some((request) => request.endsWith('/never')));
  await assert.rejects(busy.readPod('shop', 'never', waiter.signal), { code: 'deadline_exceeded' });
});

test('an answer that comes in pieces is put together, letters beyond ASCII too', async () => {
  const text = '€'.repeat(300_000);
  const { pod: large } = injectedPod({ name: 'large' });
  api.putPod({ ...large, metadata: { ...large.metadata, annotations: { text } } } as typeof large);
  const found = await client.readPod('shop', 'large', FOREVER);
  assert.ok(found?.metadata?.annotations?.['text'] === text);
});

const failures: Record<string, [status: number, message: RegExp]> = {
  'a right that is missing names what is missing': [
    403,
    /answered 403 \(get pod shop\/p\): .*Role/,
  ],
  'an API server that fails says so': [500, /answered 500 .*try again/],
  'an API server that is busy says so': [429, /answered 429 .*try again/],
};

for (const [name, [status, message]] of Object.entries(failures)) {
  test(name, async () => {
    api.failWith(status);
    const read = client.readPod('shop', 'p', FOREVER);
    await assert.rejects(read, { code: 'kubernetes_unavailable', message });
  });
}

test('a token that the API server does not accept is no missing Pod', async () => {
  const read = createClient({ token: 'wrong' }).readPod('shop', 'p', FOREVER);
  await assert.rejects(read, { code: 'kubernetes_unavailable', message: /401/ });
});

test('an API server of another authority is not believed', async () => {
  const { ca } = await createTestAuthority();
  const before = api.requests.length;
  const read = createClient({ ca }).readPod('shop', 'p', FOREVER);
  await assert.rejects(read, { code: 'kubernetes_unavailable', message: /could not be reached/ });
  assert.equal(api.requests.length, before);
});

test('an API server that never answers is given up', async () => {
  api.hang(true);
  const read = createClient({ timeoutMs: 50 }).readPod('shop', 'p', FOREVER);
  await assert.rejects(read, { code: 'kubernetes_unavailable' });
});

test('a call ends when its request does', async () => {
  api.hang(true);
  const before = api.requests.length;
  const request = new AbortController();
  const read = client.readPod('shop', 'p', request.signal);
  while (api.requests.length === before) await setImmediate();
  request.abort();
  await assert.rejects(read, { code: 'deadline_exceeded' });
});

test('a token that cannot be read is named as the cause', async () => {
  const readToken = () =>
    Promise.reject(Object.assign(new Error('secret path'), { code: 'ENOENT' }));
  const { url: server, ca } = api;
  const read = createKubernetesClient({ server, ca, readToken, timeoutMs: 60_000 });
  await assert.rejects(read.readPod('shop', 'p', FOREVER), (error) => {
    assert.ok(error instanceof Error && error.cause instanceof Error);
    assert.equal(error.cause.message, 'Error ENOENT');
    return true;
  });
});
