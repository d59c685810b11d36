import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connectionClosed } from './connection-closed.ts';

test('a connection that the other side resets is closed, as is one that was closed before', async (context) => {
  const server = createServer((socket) => {
    socket.resetAndDestroy();
  });
  context.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await connectionClosed(socket);
  await connectionClosed(socket);
});
