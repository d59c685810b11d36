import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Agent, request } from 'undici';
import type { CutReason } from '../observability/metrics.ts';
import { createTestAuthority } from '../testing/certificates.ts';
import { connectionClosed } from '../testing/connection-closed.ts';
import type { Fetch } from './listener.ts';
import { startLaunchServer, startLookupServer, startOperationsServer } from './server.ts';

const ok = () => new Response('ok');
const never = () => new Promise<Response>(() => undefined);
const stopNow = { drainDelayMs: 0, withinMs: 1_000, endWork: () => undefined };

type Options = {
  readonly launches: Fetch;
  readonly lookups: Fetch;
  readonly operations: Fetch;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
};

async function start(context: TestContext, differences: Partial<Options> = {}) {
  const limits = {
    maxConnections: 10,
    maxConnectionsPerAddress: 2,
    requestsPerSecondPerAddress: 1_000,
  };
  const options = { launches: ok, lookups: ok, operations: ok, ...limits, ...differences };
  const cuts: CutReason[] = [];
  const observeCut = (reason: CutReason) => void cuts.push(reason);
  const common = { ...options, observeCut, host: '127.0.0.1', port: 0 };
  const launches = await startLaunchServer({ ...common, fetch: options.launches });
  const lookups = await startLookupServer({ ...common, fetch: options.lookups });
  const operations = await startOperationsServer({ ...common, fetch: options.operations });
  const ports = {
    launchPort: launches.port,
    lookupPort: lookups.port,
    operationsPort: operations.port,
  };
  const stop = async (times: Parameters<typeof launches.stop>[0]) => {
    await Promise.all([launches.stop(times), lookups.stop(times)]);
    await operations.stop();
  };
  context.after(() => stop(stopNow).catch(() => undefined));
  return { ports, stop, cuts, useCertificate: launches.useCertificate };
}

async function open(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}

test('an address that has all of its connections open gets no more, until one is closed', async (context) => {
  const { ports, cuts } = await start(context);
  const url = `http://127.0.0.1:${ports.lookupPort}`;
  const idle = [await open(ports.lookupPort), await open(ports.lookupPort)];
  const refused = await open(ports.lookupPort);
  await connectionClosed(refused);
  assert.equal(refused.bytesRead, 0, 'not even the 408 of a client that was too slow');
  assert.deepEqual(cuts, ['too_many_connections']);
  idle[0]?.end();
  await Promise.all(idle.slice(0, 1).map((socket) => connectionClosed(socket)));
  const headers = { connection: 'close' };
  assert.equal((await fetch(url, { headers })).status, 200);
  idle[1]?.destroy();
});

test('a client that does not read its answer loses its connection', async (context) => {
  const answering = Promise.withResolvers<ServerResponse>();
  // More than the kernel keeps for a client.
  const large = 'x'.repeat(64 * 1_048_576);
  const lookups: Fetch = (_, { outgoing }) => {
    answering.resolve(outgoing as ServerResponse);
    return new Response(large);
  };
  const { ports, cuts } = await start(context, { lookups });
  const socket = await open(ports.lookupPort);
  context.after(() => socket.destroy());
  socket.pause().write('GET / HTTP/1.1\r\nHost: piggy\r\n\r\n');
  const response = await answering.promise;
  await once(response, 'close');
  assert.ok(!response.writableFinished);
  assert.deepEqual(cuts, ['answer_not_read']);
});

test('connections that ask nothing make room for others, those of the address that has most of them first', async (context) => {
  const { ports, cuts } = await start(context, { maxConnections: 3, maxConnectionsPerAddress: 3 });
  const patient = await open(ports.lookupPort, '127.0.1.2');
  const many = [
    await open(ports.lookupPort, '127.0.1.3'),
    await open(ports.lookupPort, '127.0.1.3'),
  ];
  const closed = connectionClosed(many[0] ?? patient);
  const answer = await fetch(`http://127.0.0.1:${ports.lookupPort}`);
  assert.equal(answer.status, 200);
  await closed;
  assert.deepEqual([many[1]?.destroyed, patient.destroyed], [false, false]);
  assert.deepEqual(cuts, ['too_many_connections']);
});

test('a connection that has had its answers makes room for another', async (context) => {
  const { ports, cuts } = await start(context, { maxConnections: 1 });
  const agents = [new Agent(), new Agent()];
  context.after(() => Promise.all(agents.map((agent) => agent.close())));
  for (const dispatcher of agents) {
    const answer = await request(`http://127.0.0.1:${ports.lookupPort}`, { dispatcher });
    assert.deepEqual([answer.statusCode, await answer.body.text()], [200, 'ok']);
  }
  assert.deepEqual(cuts, ['too_many_connections']);
});

test('a connection that is being answered makes no room for another', async (context) => {
  const answers: PromiseWithResolvers<Response>[] = [];
  const asked = Promise.withResolvers<undefined>();
  const wait = () => {
    const answer = Promise.withResolvers<Response>();
    answers.push(answer);
    if (answers.length === 2) asked.resolve(undefined);
    return answer.promise;
  };
  const { ports } = await start(context, {
    maxConnections: 2,
    lookups: wait,
  });
  const url = `http://127.0.0.1:${ports.lookupPort}`;
  const waiting = [fetch(url), fetch(url)];
  await asked.promise;
  const refused = await open(ports.lookupPort, '127.0.1.2');
  await connectionClosed(refused);
  for (const answer of answers) answer.resolve(new Response('ok'));
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [200, 200],
  );
});

const question = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('the operations port keeps four connections of an address: a fifth takes the place of one that had its answer', async (context) => {
  const { ports, cuts } = await start(context, {
    maxConnectionsPerAddress: 100,
    maxConnections: 100,
  });
  const first = await open(ports.operationsPort);
  const answered = await open(ports.operationsPort);
  const others = [await open(ports.operationsPort), await open(ports.operationsPort)];
  answered.write(question);
  await once(answered, 'data');
  const elsewhere = await open(ports.operationsPort, '127.0.1.2');
  const fifth = await open(ports.operationsPort);
  await connectionClosed(answered);
  const sixth = await open(ports.operationsPort);
  await connectionClosed(first);
  assert.deepEqual(cuts, ['too_many_connections', 'too_many_connections']);
  for (const socket of [...others, elsewhere, fifth, sixth]) {
    socket.write(question);
    await once(socket, 'data');
  }
});

test('the operations port keeps 32 connections in all: one more takes the place of one of the address that has most', async (context) => {
  const { ports } = await start(context);
  const alone = await open(ports.operationsPort, '127.0.1.1');
  const many = [];
  for (let count = 0; count < 31; count += 1) {
    many.push(await open(ports.operationsPort, `127.0.2.${Math.floor(count / 4)}`));
  }
  const more = await open(ports.operationsPort, '127.0.3.1');
  await connectionClosed(many[0] ?? alone);
  for (const socket of [alone, more]) {
    socket.write(question);
    await once(socket, 'data');
  }
});

test('a client that reads nothing keeps nobody out of the operations port', async (context) => {
  const endless = () => new Response('x'.repeat(50_000_000));
  const { ports } = await start(context, { operations: endless });
  const slow: Socket[] = [];
  for (let count = 0; count < 4; count += 1) {
    const socket = await open(ports.operationsPort);
    socket.write(question);
    await once(socket, 'data');
    socket.pause();
    slow.push(socket);
  }
  const fifth = await open(ports.operationsPort);
  fifth.write(question);
  await once(fifth, 'data');
  slow[0]?.resume();
  await connectionClosed(slow[0] ?? fifth);
});

test('a launcher that keeps its connection is closed on after seconds, Kyverno after a minute and a half', async (context) => {
  const { ports, useCertificate } = await start(context);
  const authority = await createTestAuthority();
  useCertificate(await authority.issue());
  const agent = new Agent({ connect: { ca: authority.ca } });
  context.after(() => agent.close());
  const hints = [`https://127.0.0.1:${ports.launchPort}`, `http://127.0.0.1:${ports.lookupPort}`];
  const answers = await Promise.all(hints.map((url) => request(url, { dispatcher: agent })));
  await Promise.all(answers.map(({ body }) => body.dump()));
  assert.deepEqual(
    answers.map(({ headers }) => headers['keep-alive']),
    ['timeout=5', 'timeout=95'],
  );
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
  const { ports, stop } = await start(context, { lookups: fetchSlowly });
  const answer = fetch(`http://127.0.0.1:${ports.lookupPort}`);
  await asked.promise;
  const endWork = () => {
    ended.resolve(undefined);
  };
  await stop({ drainDelayMs: 0, withinMs: 1_000, endWork });
  assert.equal((await answer).status, 504);
});

test('a stop cuts what is left at its end', async (context) => {
  const { ports, stop } = await start(context, { lookups: never });
  const socket = await open(ports.lookupPort);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const closed = connectionClosed(socket);
  await stop(stopNow);
  await closed;
});
