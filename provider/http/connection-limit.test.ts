import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { CutReason } from '../observability/metrics.ts';
import { connectionClosed } from '../testing/connection-closed.ts';
import {
  limitConnections,
  limitNewConnections,
  selectNewConnectionsPerSecond,
} from './connection-limit.ts';

/** Four new connections of an address may come at once, and two a second then. */
async function start(context: TestContext, maxConnections = 100) {
  const clock = { now: 0 };
  const server = createServer((_, response) => response.end('ok'));
  const cuts: CutReason[] = [];
  const observeCut = (reason: CutReason) => void cuts.push(reason);
  limitNewConnections(server, { perSecond: 2, now: () => clock.now, observeCut });
  limitConnections(server, { maxConnections, maxConnectionsPerAddress: 100, observeCut });
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { clock, port, cuts };
}

async function open(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}

async function isAnswered(socket: Socket): Promise<boolean> {
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  return Promise.race([
    once(socket, 'data').then(
      () => true,
      () => false,
    ),
    connectionClosed(socket).then(() => false),
  ]);
}

async function answered(port: number, localAddress: string, count: number): Promise<boolean[]> {
  const outcomes: boolean[] = [];
  for (let opened = 0; opened < count; opened += 1) {
    outcomes.push(await isAnswered(await open(port, localAddress)));
  }
  return outcomes;
}

test('an address that opens connections too fast has to wait, and others do not', async (context) => {
  const { clock, port, cuts } = await start(context);
  assert.deepEqual(await answered(port, '127.0.1.1', 6), [true, true, true, true, false, false]);
  assert.deepEqual(await answered(port, '127.0.1.2', 1), [true]);
  clock.now += 1_000;
  assert.deepEqual(await answered(port, '127.0.1.1', 3), [true, true, false]);
  assert.deepEqual(cuts, Array(3).fill('connections_too_fast'));
});

test('an address may open twice as many connections as it may send requests, and a hundred in any case', () => {
  const select = (requestsPerSecondPerAddress: number) =>
    selectNewConnectionsPerSecond({ requestsPerSecondPerAddress });
  assert.deepEqual([select(400), select(1)], [800, 100]);
});

test('a connection that comes too fast takes the place of no other', async (context) => {
  const { port } = await start(context, 1);
  assert.deepEqual(await answered(port, '127.0.1.2', 4), [true, true, true, true]);
  const silent = await open(port, '127.0.1.1');
  assert.deepEqual(await answered(port, '127.0.1.2', 3), [false, false, false]);
  assert.equal(await isAnswered(silent), true);
});
