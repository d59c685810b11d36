import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createTestAuthority } from '../testing/certificates.ts';
import { type Servers, type ServersOptions, startServers } from './server.ts';

const ok = () => new Response('ok');
const never = () => new Promise<Response>(() => undefined);
const stopNow = { drainDelayMs: 0, withinMs: 1_000, endWork: () => undefined };

async function start(
  context: TestContext,
  options: Partial<ServersOptions> = {},
): Promise<Servers> {
  const servers = await startServers({
    host: '127.0.0.1',
    launches: { port: 0, fetch: ok },
    lookups: { port: 0, fetch: ok },
    operations: { port: 0, fetch: ok },
    maxConnections: 10,
    maxConnectionsPerAddress: 2,
    ...options,
  });
  context.after(() => servers.stop(stopNow).catch(() => undefined));
  return servers;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}

test('an address that has all of its connections open gets no more, until one is closed', async (context) => {
  const { ports } = await start(context);
  const url = `http://127.0.0.1:${ports.lookupPort}`;
  const idle = [await open(ports.lookupPort), await open(ports.lookupPort)];
  const refused = await open(ports.lookupPort);
  await once(refused, 'close');
  assert.equal(refused.bytesRead, 0, 'not even the 408 of a client that was too slow');
  idle[0]?.end();
  await Promise.all(idle.slice(0, 1).map((socket) => once(socket, 'close')));
  const headers = { connection: 'close' };
  assert.equal((await fetch(url, { headers })).status, 200);
  idle[1]?.destroy();
});

test('a key that is not the certificate’s is refused', async (context) => {
  const { useCertificate } = await start(context);
  const authority = await createTestAuthority();
  const [one, other] = [await authority.issue(), await authority.issue()];
  useCertificate(one);
  assert.throws(
    () => {
      useCertificate({ ...one, privateKey: other.privateKey });
    },
    {
      code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
    },
  );
});

test('a stop that lasts too long ends the work, which can still answer so', async (context) => {
  const asked = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  const fetchSlowly = async () => {
    asked.resolve(undefined);
    await ended.promise;
    return new Response('ended', { status: 504 });
  };
  const { ports, stop } = await start(context, { lookups: { port: 0, fetch: fetchSlowly } });
  const answer = fetch(`http://127.0.0.1:${ports.lookupPort}`);
  await asked.promise;
  const endWork = () => {
    ended.resolve(undefined);
  };
  await stop({ drainDelayMs: 0, withinMs: 1_000, endWork });
  assert.equal((await answer).status, 504);
});

test('a stop cuts what is left at its end', async (context) => {
  const { ports, stop } = await start(context, { lookups: { port: 0, fetch: never } });
  const socket = await open(ports.lookupPort);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const closed = once(socket, 'close');
  await stop(stopNow);
  await closed;
});
