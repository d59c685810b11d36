// Clients that are slow, idle or talk nonsense leave good ones unharmed, and many launches wait together for a slow AWS: held
// against the real process, with the limits it has by default.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { startAws } from './testing/aws.ts';
import { connectionClosed } from './testing/connection-closed.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { openConnection } from './testing/open-connection.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';
import { openSilently } from './testing/silent-connection.ts';
import { unsignedToken } from './testing/unsigned-token.ts';
import { until } from './testing/until.ts';

const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, { ...files, connections: 50 });
const provider = await startProvider({
  ...files.env,
  ...aws.env,
  // A busy machine is no reason to fail.
  PIGGY_SECRET_TIMEOUT: '1m',
});
const port = Number(new URL(provider.launchUrl).port);
aws.putSecret('shop/api', '{"A":"1"}');

after(async () => {
  assert.equal(await provider.stop(), 0);
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
  files.remove();
});

/** With a token that can be ours: of others nothing is received. */
const launchHead = `POST /v1/secret HTTP/1.1\r\nHost: piggy\r\nAuthorization: Bearer ${unsignedToken()}\r\n`;

/** Of ten other addresses, so that no address has more than it may. */
const addresses = Array.from({ length: 10 }, (_, index) => `127.0.1.${index + 1}`);

/** A connection that sends `text`, and no more. */
async function send(context: TestContext, localAddress: string, text: string): Promise<Socket> {
  const { socket } = await openConnection(context, { port, localAddress, ca: files.ca });
  socket.resume();
  socket.write(text);
  return socket;
}

/** A connection that sends `text` by one byte every second, for as long as it is let. */
async function drip(context: TestContext, localAddress: string, text: string): Promise<Socket> {
  const socket = await send(context, localAddress, '');
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < text.length) socket.write(text[(sent += 1) - 1] ?? '');
  }, 1_000);
  socket.on('close', () => {
    clearInterval(timer);
  });
  return socket;
}

async function assertAllServed(count: number): Promise<void> {
  const prepared = Array.from({ length: count }, () => launches.prepare('shop/api'));
  const answers = await Promise.all(prepared.map((launch) => launch.ask(provider.launchUrl)));
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set(['ok']));
}

test('a thousand connections that say nothing leave launches unharmed, and are closed', async (context) => {
  const silent = await Promise.all(
    addresses.flatMap((address) => Array.from({ length: 100 }, () => openSilently(port, address))),
  );
  context.after(() => {
    for (const socket of silent) socket.destroy();
  });
  await assertAllServed(100);
  await Promise.all(silent.map((socket) => connectionClosed(socket)));
});

test('five nodes that fill all connections with silent ones keep nobody out', async (context) => {
  const nodes = Array.from({ length: 5 }, (_, index) => `127.0.2.${index + 1}`);
  const silent = await Promise.all(
    nodes.flatMap((address) => Array.from({ length: 400 }, () => openSilently(port, address))),
  );
  context.after(() => {
    for (const socket of silent) socket.destroy();
  });
  await assertAllServed(50);
});

test('a thousand launches at once, each on a connection of its own, all succeed as launchers try', async (context) => {
  const nodes = ['127.0.3.1', '127.0.3.2', '127.0.3.3', '127.0.3.4'].map((localAddress) =>
    createLaunches(kubernetes, { ...files, localAddress }),
  );
  context.after(() => Promise.all(nodes.map((node) => node.close())));
  const prepared = nodes.flatMap((node) =>
    Array.from({ length: 250 }, () => node.prepare('shop/api')),
  );
  const answers = await Promise.all(
    prepared.map((launch) => launch.askPatiently(provider.launchUrl)),
  );
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set(['ok']));
});

test('requests that come byte by byte leave launches unharmed, and are ended', async (context) => {
  const slow = await Promise.all(
    addresses.flatMap((address) => [
      drip(context, address, launchHead),
      drip(
        context,
        address,
        `${launchHead}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{`,
      ),
    ]),
  );
  await assertAllServed(100);
  await Promise.all(slow.map((socket) => connectionClosed(socket)));
});

test('three addresses that each send as many heads as they may, and no body, keep nobody out', async (context) => {
  const head = `${launchHead}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{`;
  const slow = await Promise.all(
    ['127.0.4.1', '127.0.4.2', '127.0.4.3'].flatMap((address) =>
      Array.from({ length: 384 }, () => send(context, address, head)),
    ),
  );
  await assertAllServed(100);
  await Promise.all(slow.map((socket) => connectionClosed(socket)));
});

test('a client that breaks off in its body is no fault of the provider', async (context) => {
  const head = `${launchHead}Content-Length: 60000\r\n\r\n{`;
  const socket = await send(context, '127.0.4.4', head);
  await until(() => provider.output().includes('"code":"client_closed"') || !socket.destroy());
  assert.ok(!provider.output().includes('"code":"internal_error"'));
});

test('nonsense of many kinds leaves launches unharmed', async () => {
  const bodies = ['{', '[]', 'null', '""', '{"uid":1}', 'x'.repeat(70_000), '{"references":{}}'];
  const nonsense = bodies.map(async (text) => {
    const answer = await fetch(provider.lookupUrl + '/kyverno/v1/images', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    return answer.status;
  });
  await assertAllServed(50);
  const statuses = await Promise.all(nonsense);
  assert.ok(
    statuses.every((status) => status >= 400 && status < 500),
    statuses.join(),
  );
});

test('two hundred launches at once, each of another secret, succeed while AWS takes 2 s for each', async (context) => {
  aws.delay(2_000);
  context.after(() => {
    aws.delay(0);
  });
  const many = createLaunches(kubernetes, files);
  context.after(() => many.close());
  const prepared = Array.from({ length: 200 }, (_, index) => {
    aws.putSecret(`shop/api-${index}`, '{"A":"1"}');
    return many.prepare(`shop/api-${index}`);
  });
  // What a busy machine makes time out is tried again, as launchers do; nobody is refused.
  const answers = await Promise.all(
    prepared.map((launch) => launch.askPatiently(provider.launchUrl)),
  );
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set(['ok']));
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  assert.ok(!metrics.includes('code="rate_limited"'));
});
