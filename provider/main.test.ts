// The real process with real files: what it needs to start, whom it answers, how it reloads and how it stops.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request as requestTls, Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { connect, TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { computeMac } from './admission/sealed-message.ts';
import { createTestAuthority } from './testing/certificates.ts';
import { freePort } from './testing/free-port.ts';
import { createQuestion, sealQuestion } from './testing/kyverno.ts';
import { installProvider } from './testing/provider-installation.ts';
import { spawnProvider, startProvider } from './testing/provider-process.ts';
import { startRegistry } from './testing/registry.ts';

const registry = await startRegistry();
registry.addImage('team/app', 'v1', { entrypoint: ['/app'], cmd: ['serve'] });
const files = await installProvider();
const env = {
  ...files.env,
  PIGGY_REGISTRY_PLAIN_HTTP: registry.host,
  PIGGY_REGISTRY_LOOPBACK_HOSTS: registry.host,
};
const provider = await startProvider(env);
after(async () => {
  await provider.stop();
  await registry.close();
  files.remove();
});

type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };

async function post(
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

/** By TLS; `agent` says whom to trust and which connection to use. */
async function postLaunch(url: string, body: string, agent: Agent) {
  const sent = requestTls(`${url}/v1/secret`, { method: 'POST', agent });
  sent.setHeader('content-type', 'application/json').end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const { socket } = response;
  assert.ok(socket instanceof TLSSocket);
  const serial = socket.getPeerCertificate().serialNumber;
  return {
    status: response.statusCode,
    body: await text(response),
    socket,
    serial,
    headers: response.headers,
  };
}

const question = createQuestion({ images: [`${registry.host}/team/app:v1`] });

function seal(written: object, key = files.admissionKey): string {
  return sealQuestion(written, key);
}

function open({ body }: Answer, key = files.admissionKey): Record<string, unknown> {
  const { payload, mac } = body as { payload: string; mac: string };
  assert.equal(mac, computeMac(key, 'answer', payload));
  return JSON.parse(payload) as Record<string, unknown>;
}

const lookupUrl = `${provider.lookupUrl}/kyverno/v1/images`;

test('a sealed question is answered with what the image runs', async () => {
  const answer = await post(lookupUrl, seal(question));
  assert.equal(answer.status, 200);
  const { nonce, images, errors } = open(answer);
  const [image] = Object.values(images as Record<string, { entrypoint: string[]; cmd: string[] }>);
  assert.deepEqual([nonce, image?.entrypoint, image?.cmd, errors], ['n1', ['/app'], ['serve'], {}]);
});

test('a lookup that fails is answered 200, with a text for the author of the Pod', async () => {
  const missing = `${registry.host}/team/app:v2`;
  const { errors, images } = open(await post(lookupUrl, seal({ ...question, images: [missing] })));
  assert.match((errors as Record<string, string>)[missing] ?? '', /team\/app:v2/);
  assert.deepEqual(images, {});
});

test('requests to registries are counted by how they ended', async () => {
  const images = [`${registry.host}/team/app:v3`];
  await post(lookupUrl, seal({ ...question, images }));
  // What the thread of the lookups tells comes in its order: with its line, all before it is counted.
  await provider.line((line) => isDeepStrictEqual(line['images'], images));
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  assert.match(metrics, /^piggy_registry_calls_total\{outcome="404"\} [1-9]/m);
  assert.match(metrics, /^piggy_registry_call_duration_seconds_count [1-9]/m);
});

test('a question that is sent again is answered again, for its own nonce', async () => {
  const sealed = seal({ ...question, nonce: 'n2' });
  const answers = [await post(lookupUrl, sealed), await post(lookupUrl, sealed)];
  assert.deepEqual(
    answers.map((answer) => open(answer)['nonce']),
    ['n2', 'n2'],
  );
});

const big = 'a'.repeat(65 * 1024);
const launchRoute = '/v1/secret';
const refusals: Record<
  string,
  [url: () => string, body: string, status: number, code: string, type?: string]
> = {
  'a question under another key': [
    () => lookupUrl,
    seal(question, 'b3RoZXIta2V5LW9mLXRlc3Q='),
    401,
    'unsealed_message',
  ],
  'a question that is not sealed': [
    () => lookupUrl,
    JSON.stringify(question),
    401,
    'unsealed_message',
  ],
  'a question that is not JSON': [() => lookupUrl, '{', 400, 'invalid_request'],
  'a question of another type': [
    () => lookupUrl,
    seal(question),
    400,
    'invalid_request',
    'text/plain',
  ],
  'a question that is too large': [() => lookupUrl, JSON.stringify(big), 413, 'request_too_large'],
  'launches where Kyverno asks': [() => provider.lookupUrl + launchRoute, '{}', 404, 'not_found'],
};

for (const [name, [url, body, status, code, type = 'application/json']] of Object.entries(
  refusals,
)) {
  test(`refuses ${name}: ${status} ${code}`, async () => {
    const answer = await post(url(), body, { 'content-type': type });
    assert.equal(answer.status, status);
    assert.equal((answer.body as { code: string }).code, code);
  });
}

test('launchers are answered by TLS, verified against our authority and no other', async () => {
  const answer = await postLaunch(provider.launchUrl, '{', new Agent({ ca: files.ca }));
  assert.equal(answer.status, 401);
  const { ca } = await createTestAuthority();
  await assert.rejects(postLaunch(provider.launchUrl, '{}', new Agent({ ca })), {
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  });
});

test('TLS 1.1 is not spoken', async () => {
  const { port } = new URL(provider.launchUrl);
  const socket = connect({
    port: Number(port),
    host: '127.0.0.1',
    ca: files.ca,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  await assert.rejects(once(socket, 'secureConnect'), {
    code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  });
});

test('a renewed certificate is used for new connections, and the old ones go on', async () => {
  const keptAlive = new Agent({ ca: files.ca, keepAlive: true, maxSockets: 1 });
  const before = await postLaunch(provider.launchUrl, '{', keptAlive);
  const seen = provider.output().split('certificate loaded').length;
  await files.renewCertificate();
  await provider.line(() => provider.output().split('certificate loaded').length > seen);
  const old = await postLaunch(provider.launchUrl, '{', keptAlive);
  assert.equal(old.socket, before.socket);
  const fresh = await postLaunch(provider.launchUrl, '{', new Agent({ ca: files.ca }));
  assert.notEqual(fresh.serial, before.serial);
  keptAlive.destroy();
});

test('a certificate that does not fit its key is not used, and the log says so', async () => {
  const other = await installProvider();
  const broken = await startProvider({ ...env, PIGGY_TLS_DIRECTORY: other.tlsDirectory });
  const key = readFileSync(join(files.tlsDirectory, 'tls.key'));
  const keyFile = join(other.tlsDirectory, 'tls.key');
  writeFileSync(`${keyFile}.new`, key);
  renameSync(`${keyFile}.new`, keyFile);
  const line = await broken.line(({ level }) => level === 'warn');
  assert.match(JSON.stringify(line), /KEY_VALUES_MISMATCH/);
  const answer = await postLaunch(broken.launchUrl, '{', new Agent({ ca: other.ca }));
  assert.equal(answer.status, 401);
  assert.equal(await broken.stop(), 0);
  other.remove();
});

test('during a rotation both keys open questions, each answered under its own', async () => {
  const former = 'Zm9ybWVyLWtleS1vZi10aGUtdGVzdA==';
  const formerFile = `${files.admissionKeyFile}-former`;
  writeFileSync(formerFile, former);
  const rotating = await startProvider({
    ...env,
    PIGGY_ADMISSION_KEY_FILES: `${files.admissionKeyFile}, ${formerFile}`,
  });
  const url = `${rotating.lookupUrl}/kyverno/v1/images`;
  open(await post(url, seal(question)));
  open(await post(url, seal(question, former)), former);
  writeFileSync(formerFile, '');
  await rotating.line(({ msg, count }) => msg === 'sealing keys loaded' && count === 1);
  assert.equal((await post(url, seal(question, former))).status, 401);
  assert.equal(await rotating.stop(), 0);
});

test('a provider without certificate and key lives, is not ready, and becomes ready when they come', async () => {
  const late = await installProvider();
  const hidden = [late.admissionKeyFile, join(late.tlsDirectory, 'tls.key')];
  for (const path of hidden) renameSync(path, `${path}-later`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = spawnProvider({ ...env, ...late.env, PIGGY_OPERATIONS_PORT: String(port) });
  await running.line(({ msg }) => String(msg).startsWith('the certificate cannot be loaded'));
  const obstacles = ['certificate not loaded', 'sealing key not loaded'];
  const expected = { status: 503, body: { ready: false, obstacles } };
  while (!isDeepStrictEqual(await readJson(`${url}/readyz`), expected));
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  for (const path of hidden) renameSync(`${path}-later`, path);
  await running.line(({ msg }) => msg === 'ready');
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal(await running.stop(), 0);
  late.remove();
});

test('a stop answers what is in work, and until then refuses readiness and keeps no connection', async () => {
  const asked = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<undefined>();
  const slow = createServer((_, response) => {
    asked.resolve(undefined);
    void released.promise.then(() => response.writeHead(404).end());
  });
  const host = `127.0.0.1:${await listen(slow)}`;
  const stopping = await startProvider({
    ...env,
    PIGGY_REGISTRY_PLAIN_HTTP: host,
    PIGGY_REGISTRY_LOOPBACK_HOSTS: host,
    PIGGY_REGISTRY_REQUEST_TIMEOUT: '8s',
    PIGGY_DRAIN_DELAY: '1s',
  });
  const sealed = seal({ ...question, images: [`${host}/team/app:v1`] });
  const inWork = post(`${stopping.lookupUrl}/kyverno/v1/images`, sealed);
  await asked.promise;
  const stopped = stopping.stop();
  await stopping.line(({ msg }) => msg === 'stopping');
  const { status, body } = await readJson(`${stopping.operationsUrl}/readyz`);
  assert.deepEqual([status, body], [503, { ready: false, obstacles: ['stopping'] }]);
  // Who has not heard of the stop yet is still answered.
  const keepingAlive = new Agent({ ca: files.ca, keepAlive: true });
  const late = await postLaunch(stopping.launchUrl, '{', keepingAlive);
  assert.deepEqual([late.status, late.headers.connection], [401, 'close']);
  released.resolve(undefined);
  const answer = await inWork;
  assert.deepEqual([answer.status, answer.headers.get('connection')], [200, 'close']);
  assert.equal(await stopped, 0);
  slow.close();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function readJson(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

test('every mistake of the configuration is reported at once, by name, and nothing starts', async () => {
  const wrong = spawnProvider({
    ...env,
    PIGGY_LAUNCH_PORT: 'x',
    PIGGY_ENFORCE_INTEGRITY: 'yes',
    PIGGY_LAUNCH_WINDO: '1m',
  });
  const { mistakes } = await wrong.line(({ level }) => level === 'error');
  assert.deepEqual((mistakes as string[]).map((mistake) => mistake.split(' ')[0]).toSorted(), [
    'PIGGY_ENFORCE_INTEGRITY',
    'PIGGY_LAUNCH_PORT',
    'PIGGY_LAUNCH_WINDO',
  ]);
  await assert.rejects(wrong.line(({ msg }) => msg === 'ready'));
  assert.equal(await wrong.stop(), 1);
});

test('metrics tell requests, the certificate’s expiry and the process', async () => {
  await post(lookupUrl, seal(question));
  await provider.line(({ route, code }) => route === '/kyverno/v1/images' && code === 'ok');
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  assert.match(
    metrics,
    /piggy_requests_total\{route="\/kyverno\/v1\/images",status="200",code="ok"\} \d+/,
  );
  assert.match(metrics, /piggy_certificate_expiry_timestamp_seconds \d{10}/);
  assert.match(metrics, /process_resident_memory_bytes/);
});
